"""GitHub: finds merged pull requests and fetches them whole (core.context.PullRequestSource over GraphQL).

Nothing is imported here, so that `endpoint` can be read at start-up without loading httpx.
"""
