"""All the data of one demo, indexed for the questions that are asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from devtrail_tui.demo.records import Comment, Person, PullRequest, Repository, Review, ReviewComment

WEB_ROOT = "https://github.example"
"""Where the demo's web links point: a domain that is reserved and never resolves."""


@dataclass(eq=False)
class World:
    """The people, the repositories and their pull requests.

    `viewer` is whose token the demo's is. `oddities` says which titles Claude does not answer plainly, and how
    (see claude_matching).
    """

    viewer: Person
    people: Sequence[Person]
    repositories: Sequence[Repository]
    pull_requests: Sequence[PullRequest]
    oddities: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _by_id(self) -> dict[str, PullRequest]:
        return {pull.node_id: pull for pull in self.pull_requests}

    @cached_property
    def _by_number(self) -> dict[tuple[str, int], PullRequest]:
        return {(pull.repository.node_id, pull.number): pull for pull in self.pull_requests}

    @cached_property
    def _by_repository(self) -> dict[str, list[PullRequest]]:
        index: dict[str, list[PullRequest]] = {repository.node_id: [] for repository in self.repositories}
        for pull in self.pull_requests:
            index[pull.repository.node_id].append(pull)
        return index

    @cached_property
    def _by_person(self) -> dict[tuple[str, str], list[PullRequest]]:
        index: dict[tuple[str, str], list[PullRequest]] = {}
        for pull in self.pull_requests:
            if pull.author_login is not None:
                index.setdefault(("author", pull.author_login), []).append(pull)
            for login in pull.commenters:
                index.setdefault(("commenter", login), []).append(pull)
            for login in pull.reviewers:
                index.setdefault(("reviewed-by", login), []).append(pull)
        return index

    def of_repository(self, repository: Repository) -> Sequence[PullRequest]:
        return self._by_repository[repository.node_id]

    def of_person(self, role: str, login: str) -> Sequence[PullRequest]:
        """By search qualifier: `author`, `commenter` or `reviewed-by`."""
        return self._by_person.get((role, login), [])

    def repository(self, full_name: str, *, follow_renames: bool = True) -> Repository | None:
        """Look a repository up by `owner/name`, in any case of letters, by a former name too if asked."""
        wanted = full_name.casefold()
        for repository in self.repositories:
            if repository.full_name.casefold() == wanted:
                return repository
            if follow_renames and wanted in (name.casefold() for name in repository.former_names):
                return repository
        return None

    def pull_request(self, repository: Repository, number: int) -> PullRequest | None:
        return self._by_number.get((repository.node_id, number))

    def node(self, node_id: str) -> PullRequest | Repository | Person | Review | Comment | ReviewComment | None:
        """Whatever has this global id."""
        pull = self._by_id.get(node_id)
        if pull is not None:
            return pull
        named: list[Repository | Person] = [*self.repositories, *self.people]
        for thing in named:
            if thing.node_id == node_id:
                return thing
        return self._part_of_pull_request(node_id)

    def _part_of_pull_request(self, node_id: str) -> Review | Comment | ReviewComment | None:
        prefix, _, rest = node_id.partition("_")
        if prefix not in ("IC", "PRR", "PRRC"):
            return None
        pull = self._by_id.get("PR_" + rest.partition("-")[0])
        if pull is None:
            return None
        parts: list[Review | Comment | ReviewComment] = [*pull.detail.comments, *pull.detail.reviews]
        parts += [comment for review in pull.detail.reviews for comment in review.comments]
        return next((part for part in parts if part.node_id == node_id), None)

    def involving(self, login: str) -> list[PullRequest]:
        """The merged pull requests that `login` wrote, commented on or reviewed."""
        return [pull for pull in self.pull_requests if pull.merged_at is not None and pull.involves(login)]
