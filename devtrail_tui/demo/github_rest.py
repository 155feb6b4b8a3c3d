"""GitHub's REST API as far as the program uses it: the account, the rate limits, and a repository's files."""

from __future__ import annotations

import re
from typing import Any

from devtrail_tui.demo.answers import HttpResponse, github_error, json_answer
from devtrail_tui.demo.rate_limits import RateLimits
from devtrail_tui.demo.records import WEB_ROOT, timestamp
from devtrail_tui.demo.world import World

MEDIA_TYPE = ("x-github-media-type", "github.v3; format=json")

_TREE = re.compile(r"/repos/([^/]+/[^/]+)/git/trees/HEAD")
_USER_LINKS = {
    "events_url": "/events{/privacy}",
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "organizations_url": "/orgs",
    "received_events_url": "/received_events",
    "repos_url": "/repos",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
}


class RestService:
    """Answers REST paths. `api_root` is the prefix of links."""

    def __init__(self, world: World, limits: RateLimits) -> None:
        self._world = world
        self._limits = limits

    def answer(self, path: str, api_root: str) -> HttpResponse:
        """The response to `GET path`; every path except the limits costs one request of the core limit."""
        if path == "/rate_limit":
            buckets = (self._limits.core, self._limits.graphql, self._limits.search)
            data = {"resources": {bucket.resource: bucket.as_json() for bucket in buckets}}
            return json_answer(200, data, (MEDIA_TYPE,))
        if not self._limits.core.spend(1):
            return github_error(403, f"API rate limit exceeded for user ID {self._world.viewer.number}.")
        if path == "/user":
            return json_answer(200, self._private_user(api_root), (MEDIA_TYPE,))
        tree = _TREE.fullmatch(path)
        return self._tree(tree[1]) if tree else not_found()

    def _tree(self, name: str) -> HttpResponse:
        """All files that the repository's pull requests have touched, as GitHub's `git-tree`."""
        paths = self._world.paths(name)
        if not paths:
            return not_found()
        files = [{"path": path, "mode": "100644", "type": "blob", "sha": "0" * 40, "size": 1_000} for path in paths]
        return json_answer(200, {"sha": "0" * 40, "tree": files, "truncated": False}, (MEDIA_TYPE,))

    def _private_user(self, api_root: str) -> dict[str, Any]:
        """GitHub's `private-user`."""
        viewer = self._world.viewer
        url = f"{api_root}/users/{viewer.login}"
        return {
            "login": viewer.login,
            "id": viewer.number,
            "node_id": viewer.node_id,
            "avatar_url": f"{WEB_ROOT}/avatars/{viewer.number}",
            "gravatar_id": "",
            "html_url": f"{WEB_ROOT}/{viewer.login}",
            "url": url,
            "type": viewer.kind,
            "site_admin": False,
            **{name: url + suffix for name, suffix in _USER_LINKS.items()},
            "user_view_type": "private",
            "name": viewer.name,
            "company": "Acme",
            "blog": "",
            **dict.fromkeys(("location", "email", "hireable", "bio")),
            "public_repos": 4,
            "public_gists": 2,
            "followers": 31,
            "following": 12,
            "created_at": "2016-03-08T09:14:51Z",
            "updated_at": timestamp(max(pull.updated_at for pull in self._world.pull_requests)),
            **dict.fromkeys(("private_gists", "total_private_repos", "owned_private_repos", "disk_usage"), 0),
            "collaborators": 0,
            "two_factor_authentication": True,
        }


def not_found() -> HttpResponse:
    return github_error(404, "Not Found")
