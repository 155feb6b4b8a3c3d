"""The changed files of a pull request over REST, for those whose files GraphQL answers with null.

GraphQL does not compute the files of a very large change: `files` is null and `changedFiles` 0. REST lists up to 3,000 of them, a
hundred a page (GitHub's documentation, "List pull requests files").
"""

from __future__ import annotations

from dataclasses import replace

from devtrail_tui.clients.github.calls import Calls
from devtrail_tui.clients.github.failures import RequestRefused, TooHeavy, UnexpectedAnswer
from devtrail_tui.clients.github.parsing import MOST_PATH
from devtrail_tui.clients.github.shapes import Node, list_of, text, whole_number
from devtrail_tui.core.evidence import ChangedFile, PullRequest
from devtrail_tui.core.text import safe_line

PAGE = 100
MOST_FILES = 3000
_CHANGES = {"added": "ADDED", "removed": "DELETED", "renamed": "RENAMED", "copied": "COPIED", "changed": "CHANGED"}


async def with_files(calls: Calls, pull_request: PullRequest) -> PullRequest:
    """The pull request with the files that REST lists, or marked as one whose files are unknown."""
    path = f"/repos/{pull_request.repository}/pulls/{pull_request.number}/files?per_page={PAGE}&page="
    files: list[ChangedFile] = []
    try:
        for number in range(1, MOST_FILES // PAGE + 1):
            page, _ = await calls.rest(f"{path}{number}")
            listed = list_of({"files": page}, "files")
            files += [_changed_file(file) for file in listed]
            if len(listed) < PAGE:
                break
    except (RequestRefused, UnexpectedAnswer, TooHeavy):
        files = []
    if not files:
        return replace(pull_request, files_unknown=True)
    return replace(
        pull_request,
        files=tuple(files),
        changed_files=max(pull_request.changed_files, len(files)),
        additions=pull_request.additions or sum(file.additions for file in files),
        deletions=pull_request.deletions or sum(file.deletions for file in files),
    )


def _changed_file(node: Node) -> ChangedFile:
    return ChangedFile(
        path=safe_line(text(node, "filename"), limit=MOST_PATH),
        additions=whole_number(node, "additions"),
        deletions=whole_number(node, "deletions"),
        change=_CHANGES.get(text(node, "status"), "MODIFIED"),
    )
