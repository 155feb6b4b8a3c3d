"""Protocols of the reads that screens do; implemented by the open services."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from devtrail_tui.core.evidence import Criterion, EvidenceDetail, EvidenceEntry
    from devtrail_tui.core.job import Attempt, Job, LogLine
    from devtrail_tui.core.job_filter import JobFilter
    from devtrail_tui.core.job_row import HeaderFacts, JobRow


class ChangeSource(Protocol):
    """Notifies of commits by this or another process."""

    def on_commit(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback`, which must not block, after each commit. Returns the function that unsubscribes."""
        ...

    def version(self) -> int:
        """A number that changes with each commit. Raises StoreError."""
        ...

    def check_health(self) -> None:
        """Raises DatabaseUnusable if the file was deleted, replaced, damaged or made read-only."""
        ...


class JobReader(Protocol):
    """Reads jobs and the facts of the header."""

    def header_facts(self) -> HeaderFacts: ...

    def job_ids(self, job_filter: JobFilter | None = None, newer_than: int = 0) -> array[int]: ...

    def job_rows(self, ids: Sequence[int]) -> dict[int, JobRow]: ...

    def job(self, job_id: int) -> Job: ...

    def attempts(self, job_id: int) -> list[Attempt]: ...


class LogReader(Protocol):
    """Reads the lines of a job's log; `seq` is the number of a line."""

    def bounds(self, job_id: int) -> tuple[int, int] | None: ...

    def page(self, job_id: int, *, first_seq: int, limit: int) -> list[LogLine]: ...


class EvidenceReader(Protocol):
    """Reads evidence entries."""

    def ids(self, *, text: str = "") -> array[int]: ...

    def count(self) -> int: ...

    def rows(self, ids: Sequence[int]) -> dict[int, EvidenceEntry]: ...

    def detail(self, evidence_id: int) -> EvidenceDetail: ...


class CriteriaReader(Protocol):
    """Reads the rubric."""

    def list(self, *, include_retired: bool = False) -> Sequence[Criterion]: ...


class Readers(Protocol):
    """All stores that screens read. Calls block: make them in the feed's thread."""

    @property
    def database(self) -> ChangeSource: ...

    @property
    def views(self) -> JobReader: ...

    @property
    def job_log(self) -> LogReader: ...

    @property
    def evidence(self) -> EvidenceReader: ...

    @property
    def criteria(self) -> CriteriaReader: ...
