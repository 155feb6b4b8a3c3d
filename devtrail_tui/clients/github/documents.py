"""All GraphQL documents that the program sends to GitHub.

All fields exist in GitHub's published schema (a test validates them). Each document requests `rateLimit`, its cost and the
remaining points. By GitHub's rule a page has at most 100 items.
"""

from __future__ import annotations

_RATE_LIMIT = "rateLimit { cost limit remaining resetAt }"

_FOUND = """
fragment Found on SearchResultItemConnection {
  issueCount
  pageInfo { hasNextPage endCursor }
  nodes {
    __typename
    ... on PullRequest { id number updatedAt mergedAt repository { nameWithOwner } }
  }
}
"""

_PARTS = """
fragment Actor on Actor { __typename login }

fragment Files on PullRequestChangedFileConnection {
  pageInfo { hasNextPage endCursor }
  nodes { path additions deletions changeType }
}

fragment Comments on IssueCommentConnection {
  pageInfo { hasNextPage endCursor }
  nodes { author { ...Actor } body createdAt url }
}

fragment ReviewComments on PullRequestReviewCommentConnection {
  pageInfo { hasNextPage endCursor }
  nodes { author { ...Actor } body createdAt path url replyTo { url } }
}

fragment Reviews on PullRequestReviewConnection {
  pageInfo { hasNextPage endCursor }
  nodes {
    id
    author { ...Actor }
    state
    body
    submittedAt
    url
    comments(first: $inReview) { ...ReviewComments }
  }
}
"""

_REVIEW_COMMENTS_ONLY = """
fragment Actor on Actor { __typename login }

fragment ReviewComments on PullRequestReviewCommentConnection {
  pageInfo { hasNextPage endCursor }
  nodes { author { ...Actor } body createdAt path url replyTo { url } }
}
"""

REPOSITORY = f"""
query Repository($owner: String!, $name: String!) {{
  {_RATE_LIMIT}
  repository(owner: $owner, name: $name, followRenames: true) {{ id nameWithOwner isPrivate }}
}}
"""

DISCOVER = f"""
query Discover($author: String!, $commenter: String!, $reviewer: String!) {{
  {_RATE_LIMIT}
  author: search(query: $author, type: ISSUE, first: 100) {{ ...Found }}
  commenter: search(query: $commenter, type: ISSUE, first: 100) {{ ...Found }}
  reviewer: search(query: $reviewer, type: ISSUE, first: 100) {{ ...Found }}
}}
{_FOUND}"""
"""The first page of all three roles."""

SEARCH = f"""
query Search($query: String!, $after: String) {{
  {_RATE_LIMIT}
  found: search(query: $query, type: ISSUE, first: 100, after: $after) {{ ...Found }}
}}
{_FOUND}"""
"""One page of one role."""

CONTRIBUTIONS = f"""
query Contributions($from: DateTime!, $to: DateTime!) {{
  {_RATE_LIMIT}
  viewer {{
    contributionsCollection(from: $from, to: $to) {{
      restrictedContributionsCount
      pullRequestContributionsByRepository(maxRepositories: 100) {{
        repository {{ nameWithOwner }}
        contributions {{ totalCount }}
      }}
      pullRequestReviewContributionsByRepository(maxRepositories: 100) {{
        repository {{ nameWithOwner }}
        contributions {{ totalCount }}
      }}
    }}
  }}
}}
"""
"""The token's owner in at most a year."""

NOTHING_FOUND = f"""
query NothingFound($merged: String!, $closed: String!, $assigned: String!) {{
  {_RATE_LIMIT}
  merged: search(query: $merged, type: ISSUE, first: 1) {{ issueCount }}
  closed: search(query: $closed, type: ISSUE, first: 1) {{ issueCount }}
  assigned: search(query: $assigned, type: ISSUE, first: 1) {{ issueCount }}
}}
"""
"""Counts that explain why a person has no merged pull request in a repository."""

PULL_REQUESTS = f"""
query PullRequests($ids: [ID!]!, $page: Int!, $reviews: Int!, $inReview: Int!) {{
  {_RATE_LIMIT}
  nodes(ids: $ids) {{
    __typename
    ... on PullRequest {{
      id
      number
      url
      title
      body
      headRefName
      createdAt
      mergedAt
      updatedAt
      additions
      deletions
      changedFiles
      repository {{ nameWithOwner }}
      author {{ ...Actor }}
      labels(first: 20) {{ nodes {{ name }} }}
      files(first: $page) {{ ...Files }}
      comments(first: $page) {{ ...Comments }}
      reviews(first: $reviews, states: [APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED]) {{ ...Reviews }}
    }}
  }}
}}
{_PARTS}"""
"""Several complete pull requests, limited to one page per connection. Pending reviews and their comments, which only their
author can see, are omitted."""

MORE_OF_PULL_REQUEST = f"""
query MoreOfPullRequest(
  $id: ID!, $page: Int!, $reviews: Int!, $inReview: Int!
  $moreFiles: Boolean!, $filesAfter: String
  $moreComments: Boolean!, $commentsAfter: String
  $moreReviews: Boolean!, $reviewsAfter: String
) {{
  {_RATE_LIMIT}
  node(id: $id) {{
    __typename
    ... on PullRequest {{
      files(first: $page, after: $filesAfter) @include(if: $moreFiles) {{ ...Files }}
      comments(first: $page, after: $commentsAfter) @include(if: $moreComments) {{ ...Comments }}
      reviews(first: $reviews, after: $reviewsAfter, states: [APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED])
        @include(if: $moreReviews) {{ ...Reviews }}
    }}
  }}
}}
{_PARTS}"""
"""The next page of those connections that have one, in one request."""

MORE_OF_REVIEW = f"""
query MoreOfReview($id: ID!, $page: Int!, $after: String!) {{
  {_RATE_LIMIT}
  node(id: $id) {{
    __typename
    ... on PullRequestReview {{ comments(first: $page, after: $after) {{ ...ReviewComments }} }}
  }}
}}
{_REVIEW_COMMENTS_ONLY}"""

DOCUMENTS = {
    "Repository": REPOSITORY,
    "Discover": DISCOVER,
    "Search": SEARCH,
    "Contributions": CONTRIBUTIONS,
    "NothingFound": NOTHING_FOUND,
    "PullRequests": PULL_REQUESTS,
    "MoreOfPullRequest": MORE_OF_PULL_REQUEST,
    "MoreOfReview": MORE_OF_REVIEW,
}
"""All documents by operation name."""
