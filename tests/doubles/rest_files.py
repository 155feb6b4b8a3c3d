"""GitHub's REST list of a pull request's files: a hundred a page, 3,000 at most."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from devtrail_tui.demo.answers import HttpResponse, json_answer
from devtrail_tui.demo.world import World

MOST_FILES = 3000
_PATH = re.compile(r"/repos/([^/]+/[^/]+)/pulls/(\d+)/files")
_STATUS = {"ADDED": "added", "DELETED": "removed", "RENAMED": "renamed", "COPIED": "copied", "CHANGED": "changed"}


def files_answer(world: World, target: str) -> HttpResponse | None:
    """The page that `target` asks for; None if it asks for something else, or an unknown pull request."""
    url = urlsplit(target)
    asked = _PATH.fullmatch(url.path)
    if asked is None:
        return None
    pulls = [
        pull for pull in world.pull_requests if pull.repository.full_name == asked[1] and pull.number == int(asked[2])
    ]
    if not pulls:
        return None
    query = {name: int(values[0]) for name, values in parse_qs(url.query).items()}
    size, page = query.get("per_page", 30), query.get("page", 1)
    files = pulls[0].detail.files[:MOST_FILES][(page - 1) * size : page * size]
    return json_answer(
        200,
        [
            {
                "filename": file.path,
                "additions": file.additions,
                "deletions": file.deletions,
                "status": _STATUS.get(file.change_type, "modified"),
            }
            for file in files
        ],
    )
