"""Protocols between a job and everything outside it; implemented in `runtime` and `services`.

A handler is `async def run(config, context) -> dict`. It has no access to SQLAlchemy, httpx or Textual.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Protocol

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.evidence import (
    Analysis,
    Criterion,
    EvidenceEntry,
    KnownPullRequest,
    Match,
    NewEvidence,
    NewJudgement,
    Ownership,
    PullRequest,
    Role,
)
from devtrail_tui.core.job import Level, Progress
from devtrail_tui.core.price_range import PriceRange
from devtrail_tui.core.pull_request_source import GITHUB as GITHUB
from devtrail_tui.core.pull_request_source import PullRequestSource as PullRequestSource
from devtrail_tui.core.quotes import QuotableText
from devtrail_tui.core.service import S, Service, ServiceSpec


@dataclass(frozen=True, slots=True)
class AnalysisRequest:
    """A request ready to send. `key`: SHA-256 of everything that decides the answer; `worst_case_usd`: upper bound of its price,
    with at most `most_input_tokens`; `price`: what it is likely to cost. Both are None for a model without a known price."""

    key: str
    body: Mapping[str, Any]
    worst_case_usd: float | None
    price: PriceRange | None
    input_tokens: int
    criterion_ids: frozenset[str]
    source_text: tuple[QuotableText, ...]
    most_input_tokens: int = 0


CUT, REFUSED = "cut", "refused"
"""Categories of useless answers that are asked for differently the next time."""


@dataclass(frozen=True, slots=True)
class VerifiedAnswer:
    """A validated answer: the accepted matches, and a sentence for each rejected one. A useless answer has a `problem` and a
    `category`."""

    matches: tuple[Match, ...]
    dropped: tuple[str, ...] = ()
    problem: str = ""
    category: str = ""


class Analyser(Service, Protocol):
    """Matches a pull request against criteria (Claude). `answer` is the paid call; store its result first."""

    @property
    def model(self) -> str:
        """The model id as sent."""
        ...

    @property
    def concurrency(self) -> int:
        """Maximum number of concurrent calls."""
        ...

    def judged_by(self, criteria: Sequence[Criterion]) -> str:
        """The key of model, instructions, rubric and context; it differs if any of them changed. Pure."""
        ...

    async def check(self) -> None:
        """Free call that validates key and model. Raises AuthenticationError, PermanentError (no such model), TemporaryError."""
        ...

    def prepare(
        self,
        pull_request: PullRequest,
        components: Sequence[str],
        criteria: Sequence[Criterion],
        *,
        login: str,
        roles: Sequence[Role],
    ) -> AnalysisRequest:
        """The request that judges the contribution of `login` (`roles`) to one pull request; pure. Long texts are cut to the
        context window and the request says so; secrets are masked, excluded paths omitted. Raises NotPossible without criteria,
        RepositoryExcluded."""
        ...

    async def answer(
        self, request: AnalysisRequest, *, late: Callable[[Analysis | None], None] | None = None
    ) -> Analysis:
        """Send the request once as a paid call; unbilled temporary failures are retried, and the wait is shown. After a cancel,
        an answer that still arrives goes to `late`, in another thread; None does if nothing was sent. Raises
        AuthenticationError, PermanentError, TemporaryError, OutcomeUnknown."""
        ...

    def resized(self, request: AnalysisRequest, max_tokens: int) -> AnalysisRequest:
        """The request with room for an answer of `max_tokens`; its key stays. Pure."""
        ...

    async def counted(self, request: AnalysisRequest) -> AnalysisRequest:
        """The request with its input counted by the service, for a lower bound; free. Unchanged if the service cannot count."""
        ...

    def preview(self, request: AnalysisRequest) -> str:
        """Everything `answer` would send, formatted for people; pure."""
        ...

    def verify(self, request: AnalysisRequest, analysis: Analysis) -> VerifiedAnswer:
        """Validate a raw answer against the request: known criterion ids, confidence from 0 to 100, verbatim quotes. Pure."""
        ...


@dataclass(frozen=True, slots=True)
class Preview:
    """The complete request for one example: `text` for people, `data` for programs."""

    text: str
    data: Mapping[str, Any]


class PreviewContext(Protocol):
    """What a preview can use: a source of examples and an analyser that prepares requests and sends none."""

    @property
    def clock(self) -> Clock: ...

    async def source(self, spec: ServiceSpec[S]) -> S:
        """The client of a service; closed with the preview. Raises SecretMissing, PermanentError for an unknown service."""
        ...

    async def analyser(self, *, model: str, about: str = "") -> Analyser:
        """The analyser that prepares requests to Claude; `about` as in `Context`."""
        ...

    async def criteria(self) -> Sequence[Criterion]:
        """The criteria that would be sent."""
        ...


class JobEvidence(Protocol):
    """A job's read access to stored evidence."""

    async def known_nodes(
        self, host: str, account_id: str | None, login: str, node_ids: Sequence[str]
    ) -> Mapping[str, KnownPullRequest]:
        """The stored pull requests of an account by node id, which survives renames of the repository."""
        ...

    async def lacks_identity(self, ownership: Ownership) -> bool:
        """Whether some of these entries have no account id yet, or are stored under an earlier login of the account."""
        ...

    async def not_analysed(self, login: str | None, repositories: Sequence[str]) -> Sequence[EvidenceEntry]:
        """Entries without an analysis, oldest merge first."""
        ...

    async def latest_cursor(self, key: str) -> Any:
        """What the newest job that saved a cursor under this key saved; None if none did."""
        ...

    async def pull_request(self, evidence_id: int) -> PullRequest:
        """The stored pull request of an entry. Raises NotFound."""
        ...


class JobCriteria(Protocol):
    """The job's rubric."""

    async def detectable(self) -> Sequence[Criterion]:
        """The criteria that pull requests can show, in a stable order. They are fixed at the job's first read, so that all of
        its attempts judge by the same criteria."""
        ...


class AnalysisLedger(Protocol):
    """Paid answers and calls in flight, by request key. Across all jobs and processes a request is paid once."""

    async def find(self, key: str) -> Analysis | None:
        """The stored answer to this request, if any."""
        ...

    async def find_useless(self, key: str) -> Analysis | None:
        """The latest discarded answer to this request, if any."""
        ...

    async def discard(self, key: str) -> None:
        """Mark the stored answer as useless: its text and price stay, but it no longer answers the request."""
        ...

    async def uncertain_usd(self) -> float:
        """The worst cases of this job's calls with an unknown outcome, which are part of its `spent_usd`."""
        ...

    async def lease(self, request: AnalysisRequest) -> Analysis | bool:
        """Reserve this call; requires a concurrency slot and budget. True: reserved. False: a call for the same request is in
        flight. Analysis: the answer that has arrived meanwhile. The lease ends with this claim or a cancel. Raises
        ClaimLost, CancelRequested."""
        ...

    async def wait_for(self, key: str) -> None:
        """Wait until no call for this request is in flight; do not hold a concurrency slot or budget meanwhile."""
        ...

    async def keep(self, analysis: Analysis) -> None:
        """Store a paid answer at once and add its price to the job's `spent_usd`. Not fenced: the cost is recorded even if the
        claim was lost. A late answer replaces the uncertain cost of its call."""
        ...

    def release_late(self, key: str) -> None:
        """`release` for a call whose job no longer waits for it, from any thread; returns at once."""
        ...

    def keep_late(self, analysis: Analysis) -> None:
        """`keep` for a late answer, from any thread; returns at once."""
        ...

    async def release(self, key: str) -> None:
        """Release the lease of a call that failed and was not billed."""
        ...

    async def uncertain(self, key: str) -> None:
        """Add the worst case of a call with unknown billing to `spent_usd` and release its lease."""
        ...


class Context(Protocol):
    """The interface of one claimed run of a job."""

    @property
    def job_id(self) -> int: ...

    @property
    def spent_usd(self) -> float:
        """Dollars paid by this job over all attempts."""
        ...

    @property
    def clock(self) -> Clock: ...

    @property
    def zone(self) -> tzinfo | None:
        """The time zone of the days in the job's config; None for this machine's."""
        ...

    @property
    def cursor(self) -> Mapping[str, Any]:
        """The state that earlier attempts stored with `save(cursor=...)`, by repository name ("" for the whole job)."""
        ...

    @property
    def evidence(self) -> JobEvidence: ...

    @property
    def criteria(self) -> JobCriteria: ...

    @property
    def analyses(self) -> AnalysisLedger: ...

    def log(self, message: str, level: Level = Level.INFO) -> None:
        """Write one line to the job's log; returns at once, stored within 200 ms."""
        ...

    def progress(self, progress: Progress) -> None:
        """Set the progress to show; returns at once, the latest value wins."""
        ...

    async def save(
        self,
        evidence: Sequence[NewEvidence] = (),
        *,
        judgements: Sequence[NewJudgement] = (),
        ownership: Ownership | None = None,
        cursor: Mapping[str, Any] | None = None,
        log: Sequence[tuple[Level, str]] = (),
    ) -> Sequence[KnownPullRequest]:
        """Store evidence, judgements, cursor (keys as in `cursor`) and log lines in one transaction, in the order of earlier
        `log` calls. `ownership` assigns stored entries to their account. Returns the stored state of each `evidence`; a newer
        state saved by another job is not overwritten. Raises ClaimLost."""
        ...

    async def source(self, spec: ServiceSpec[S]) -> S:
        """The client of a service such as GITHUB. Raises SecretMissing, PermanentError for an unknown service."""
        ...

    async def analyser(self, *, model: str, about: str = "") -> Analyser:
        """The analyser for this model, created on first use with this job's Claude key and closed with the job; `about`
        describes the person to Claude. Raises SecretMissing."""
        ...

    def has_secret(self, name: str) -> bool:
        """Whether the job's secret `name` ("github", "anthropic") is available now."""
        ...

    async def secret(self, name: str) -> str:
        """The value of the job's secret. Raises SecretMissing."""
        ...
