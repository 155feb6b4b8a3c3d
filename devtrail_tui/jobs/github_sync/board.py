"""The state of a sync: its repositories, counts, and progress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from devtrail_tui.core.context import Context
from devtrail_tui.core.errors import AuthenticationError, TemporaryError
from devtrail_tui.core.evidence import KnownPullRequest, PullRequestRef
from devtrail_tui.core.job import Level
from devtrail_tui.core.left_out import LeftOut, LeftOutList
from devtrail_tui.core.progress import Count, Part, Progress
from devtrail_tui.core.pull_request_source import Repository
from devtrail_tui.jobs.github_sync.tally import Judged, Stored, Tally

LOOKING = "looking for pull requests"
"""The phase before totals are known."""


@dataclass(slots=True)
class RepositoryWork:
    """The discovered and pending pull requests of one repository.

    `to_look_up`: judged by an unrecorded key. `judged_otherwise`: judged by another model, rubric, context or prompt.
    """

    asked: str
    repository: Repository | None = None
    note: str = ""
    refs: Sequence[PullRequestRef] = ()
    to_fetch: list[PullRequestRef] = field(default_factory=list)
    to_match: list[KnownPullRequest] = field(default_factory=list)
    to_look_up: list[KnownPullRequest] = field(default_factory=list)
    judged_otherwise: list[KnownPullRequest] = field(default_factory=list)
    stored_before: int = 0
    known_ids: frozenset[str] = frozenset()
    done: int = 0

    @property
    def name(self) -> str:
        """The current name on GitHub, or the requested name."""
        return self.repository.name if self.repository else self.asked

    def part(self) -> Part:
        """The repository's progress bar."""
        return Part(self.name, self.done, len(self.refs) if self.repository is not None else None, self.note)


class Board:
    """The shared state of a sync's steps.

    `tally` includes earlier attempts. `hints` say what to check where a repository has nothing of
    the person. `postponed` is the error to raise once the rest is done.
    """

    def __init__(self, context: Context, repositories: Sequence[str]) -> None:
        self._context = context
        self.works = [RepositoryWork(asked=name) for name in repositories]
        self.tally = Tally()
        self.phase = "starting"
        self.current = ("", "")
        self.budget_usd: float | None = None
        self.judged_otherwise: dict[str, Any] | None = None
        self.left_out = LeftOutList()
        self.hints: list[str] = []
        self.postponed: TemporaryError | AuthenticationError | None = None
        self.in_trouble = False

    @property
    def found(self) -> int:
        """The number of discovered pull requests."""
        return sum(len(work.refs) for work in self.works)

    @property
    def pending(self) -> int:
        """The number of pull requests that are not done yet."""
        return self.found - sum(work.done for work in self.works)

    @property
    def stored_before(self) -> int:
        """Pull requests stored before this job began; those of its own earlier attempts do not count."""
        return sum(work.stored_before for work in self.works)

    def leave_out(self, item: LeftOut) -> None:
        """Count what is left out; logged once for each reason."""
        if self.left_out.add(item):
            self._context.log(f"{item.what}: {item.reason}", Level.ERROR)

    def enter(self, phase: str) -> None:
        """Enter a phase."""
        self.phase = phase
        self.show()

    def at(self, repository: str, pull_request: str = "") -> None:
        """Set the current repository and pull request."""
        self.current = (repository, pull_request)
        self.show()

    def finish_one(self, work: RepositoryWork) -> None:
        """Count a pull request of a repository as done."""
        work.done += 1
        self.show()

    def show(self) -> None:
        """Publish the progress."""
        tally, total = self.tally, self.found
        totals_known = self.phase != LOOKING
        self._context.progress(
            Progress(
                percent=(100 * (total - self.pending) / total if total else 100.0) if totals_known else None,
                phase=self.phase,
                current_part=self.current[0],
                current_item=self.current[1],
                parts=tuple(work.part() for work in self.works),
                parts_name="repositories",
                counts=(
                    Count("new", tally.count(Stored.NEW, Stored.UPDATED)),
                    Count("stored before", self.stored_before),
                    Count("matched", tally.count(Judged.MATCHED)),
                    Count("not analysed", tally.count(Judged.NOT_ANALYSED)),
                    Count("failed", tally.count(Stored.NOT_FETCHED, Judged.FAILED), bad=True),
                ),
                budget_usd=self.budget_usd,
            )
        )

    def repositories_json(self) -> list[dict[str, Any]]:
        """The counts per repository, for the result."""
        return [
            {"repository": work.name, "found": len(work.refs), "alreadyStored": work.stored_before, "note": work.note}
            for work in self.works
        ]
