"""The data of one demo, with indexes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from devtrail_tui.demo.records import Person, PullRequestRecord, RepositoryRecord, ReviewRecord

_PULLS_OF_A_TREE = 500


@dataclass(eq=False)
class World:
    """The repositories and their pull requests.

    `viewer` is the owner of the demo's token. `oddities` maps titles to unusual answers of Claude (see claude_matching).
    """

    viewer: Person
    repositories: Sequence[RepositoryRecord]
    pull_requests: Sequence[PullRequestRecord]
    oddities: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _by_id(self) -> dict[str, PullRequestRecord]:
        return {pull.node_id: pull for pull in self.pull_requests}

    @cached_property
    def _by_person(self) -> dict[tuple[str, str], list[PullRequestRecord]]:
        index: dict[tuple[str, str], list[PullRequestRecord]] = {}
        for pull in self.pull_requests:
            if pull.author_login is not None:
                index.setdefault(("author", pull.author_login), []).append(pull)
            for login in pull.commenters:
                index.setdefault(("commenter", login), []).append(pull)
            for login in pull.reviewers:
                index.setdefault(("reviewed-by", login), []).append(pull)
        return index

    def of_person(self, role: str, login: str) -> Sequence[PullRequestRecord]:
        """The pull requests of a person by search qualifier: `author`, `commenter` or `reviewed-by`."""
        return self._by_person.get((role, login), [])

    def repository(self, full_name: str, *, follow_renames: bool = True) -> RepositoryRecord | None:
        """The repository `owner/name`, case-insensitively, optionally by a former name."""
        folded = full_name.casefold()
        for repository in self.repositories:
            if repository.full_name.casefold() == folded:
                return repository
            if follow_renames and folded in (name.casefold() for name in repository.former_names):
                return repository
        return None

    def paths(self, full_name: str) -> Sequence[str]:
        """The files that the repository's first pull requests touched, for want of a real repository's tree; none if there is no
        such repository."""
        repository = self.repository(full_name)
        pulls = islice((pull for pull in self.pull_requests if pull.repository is repository), _PULLS_OF_A_TREE)
        return sorted({file.path for pull in pulls for file in pull.detail.files}) if repository else []

    def node(self, node_id: str) -> PullRequestRecord | ReviewRecord | None:
        """The pull request or review with this global id."""
        prefix, _, suffix = node_id.partition("_")
        pull = self._by_id.get("PR_" + suffix.partition("-")[0])
        if pull is None or prefix == "PR":
            return pull
        return next((review for review in pull.detail.reviews if review.node_id == node_id), None)
