"""The GitHub client: finds merged pull requests and fetches them completely (core.pull_request_source, over GraphQL).

Imports nothing, so that `endpoint` can be imported at start-up without httpx.
"""
