"""The GitHub client: finds merged pull requests and fetches them completely (core.context.PullRequestSource over GraphQL).

Imports nothing, so that `endpoint` can be imported at start-up without httpx.
"""
