"""GitHub's REST API as far as the product asks: who am I, what is left of the limits, one repository."""

from __future__ import annotations

from typing import Any

from devtrail_tui.demo.answers import Answer, github_error, json_answer
from devtrail_tui.demo.rate_limits import RateLimits
from devtrail_tui.demo.records import Person, Repository, timestamp
from devtrail_tui.demo.world import WEB_ROOT, World

API_VERSIONS = frozenset({"2022-11-28", "2026-03-10"})
NEWEST_VERSION = "2026-03-10"
MEDIA_TYPE = ("x-github-media-type", "github.v3; format=json")

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
_REPOSITORY_LINKS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}


class RestService:
    """Answers REST paths, given without the Enterprise prefix. `api_root` is what links in answers begin with."""

    def __init__(self, world: World, limits: RateLimits) -> None:
        self._world = world
        self._limits = limits

    def answer(self, path: str, api_root: str, api_version: str) -> Answer:
        """The answer to `GET path`; everything but the limits themselves costs one request of the core limit."""
        parts = [part for part in path.split("/") if part]
        if parts == ["rate_limit"]:
            return json_answer(200, self._rate_limit(api_version), (MEDIA_TYPE,))
        if not self._limits.core.spend(1):
            return github_error(403, f"API rate limit exceeded for user ID {self._world.viewer.number}.")
        if parts == ["user"]:
            return json_answer(200, self._private_user(api_root), (MEDIA_TYPE,))
        if parts[:1] == ["repos"] and len(parts) == 3:
            return self._repository(f"{parts[1]}/{parts[2]}", api_root)
        if parts[:1] == ["repositories"] and len(parts) == 2:
            return self._repository_by_number(parts[1], api_root)
        return not_found()

    def _rate_limit(self, api_version: str) -> dict[str, Any]:
        buckets = (self._limits.core, self._limits.graphql, self._limits.search)
        data: dict[str, Any] = {"resources": {bucket.resource: bucket.as_json() for bucket in buckets}}
        if api_version != NEWEST_VERSION:
            data["rate"] = self._limits.core.as_json()
        return data

    def _repository(self, name: str, api_root: str) -> Answer:
        found = self._world.repository(name)
        if found is None:
            return not_found()
        if found.full_name.casefold() != name.casefold():
            url = f"{api_root}/repositories/{found.number}"
            data = {"message": "Moved Permanently", "url": url, "documentation_url": "https://docs.github.com/rest"}
            return json_answer(301, data, (("location", url),))
        return json_answer(200, self.repository_json(found, api_root), (MEDIA_TYPE,))

    def _repository_by_number(self, number: str, api_root: str) -> Answer:
        found = next((item for item in self._world.repositories if str(item.number) == number), None)
        if found is None:
            return not_found()
        return json_answer(200, self.repository_json(found, api_root), (MEDIA_TYPE,))

    def repository_json(self, repository: Repository, api_root: str) -> dict[str, Any]:
        """GitHub's `full-repository`."""
        url = f"{api_root}/repos/{repository.full_name}"
        page, host = f"{WEB_ROOT}/{repository.full_name}", WEB_ROOT.removeprefix("https://")
        pulls = self._world.of_repository(repository)
        pushed = max((pull.updated_at for pull in pulls), default=repository.created_at)
        still_open = sum(pull.state == "OPEN" for pull in pulls)
        return {
            "id": repository.number,
            "node_id": repository.node_id,
            "name": repository.name,
            "full_name": repository.full_name,
            "owner": simple_user(repository.owner, api_root),
            "private": repository.is_private,
            "visibility": "private" if repository.is_private else "public",
            "html_url": page,
            "url": url,
            "description": repository.description,
            "language": repository.language,
            "default_branch": "main",
            "clone_url": f"{page}.git",
            "git_url": f"git://{host}/{repository.full_name}.git",
            "ssh_url": f"git@{host}:{repository.full_name}.git",
            "svn_url": page,
            "homepage": None,
            "mirror_url": None,
            "license": None,
            "fork": False,
            "archived": False,
            "disabled": False,
            "has_issues": True,
            "has_projects": True,
            "has_wiki": False,
            "has_pages": False,
            "has_discussions": False,
            "open_issues": still_open,
            "open_issues_count": still_open,
            "size": 48_210,
            **dict.fromkeys(("forks", "forks_count", "network_count"), 0),
            **dict.fromkeys(("stargazers_count", "subscribers_count", "watchers", "watchers_count"), 11),
            "created_at": timestamp(repository.created_at),
            "updated_at": timestamp(pushed),
            "pushed_at": timestamp(pushed),
            **{name: url + suffix for name, suffix in _REPOSITORY_LINKS.items()},
        }

    def _private_user(self, api_root: str) -> dict[str, Any]:
        viewer = self._world.viewer
        return {
            **simple_user(viewer, api_root),
            "user_view_type": "private",
            "name": viewer.name,
            "company": "Acme",
            "blog": "",
            "location": None,
            "email": None,
            "hireable": None,
            "bio": None,
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


def simple_user(person: Person, api_root: str) -> dict[str, Any]:
    """GitHub's `simple-user`."""
    url = f"{api_root}/users/{person.login}"
    return {
        "login": person.login,
        "id": person.number,
        "node_id": person.node_id,
        "avatar_url": f"{WEB_ROOT}/avatars/{person.number}",
        "gravatar_id": "",
        "html_url": f"{WEB_ROOT}/{person.login}",
        "url": url,
        "type": person.kind,
        "site_admin": False,
        **{name: url + suffix for name, suffix in _USER_LINKS.items()},
    }


def not_found() -> Answer:
    return github_error(404, "Not Found")
