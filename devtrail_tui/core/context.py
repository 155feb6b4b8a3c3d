"""What a job meets the outside through: protocols, made real by `runtime` and `services`.

A handler is `async def run(config, context) -> dict`. It never sees SQLAlchemy, httpx or Textual.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
    PullRequestRef,
    Role,
)
from devtrail_tui.core.job import Level, Progress
from devtrail_tui.core.service import RateLimit, S, Service, ServiceSpec


@dataclass(frozen=True, slots=True)
class Account:
    """Whose token this is: `id` never changes, `login` can. `scopes` is empty for fine-grained tokens, which do not list any.

    `clock_ahead_s` is how many seconds this machine's clock is ahead of the service's; None where it did not tell its time.
    """

    login: str
    id: str
    scopes: tuple[str, ...] = ()
    name: str = ""
    clock_ahead_s: float | None = None


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as GitHub spells it now: `name` may differ from what was asked for after a rename."""

    asked: str
    name: str
    node_id: str
    private: bool


@dataclass(frozen=True, slots=True)
class Hydrated:
    """One pull request fetched whole, or the sentence that says why not."""

    ref: PullRequestRef
    pull_request: PullRequest | None
    problem: str = ""


class PullRequestSource(Service, Protocol):
    """Where pull requests come from (GitHub). Every call waits for limits by itself, visibly, and is cancellable.

    Raises AuthenticationError, PermanentError, TemporaryError.
    """

    @property
    def host(self) -> str:
        """The web host that evidence is filed under: github.com, or the Enterprise host."""
        ...

    async def account(self) -> Account:
        """Whose work this token sees."""
        ...

    async def repository(self, name: str) -> Repository:
        """Look up one repository, following renames. Raises RepositoryNotFound."""
        ...

    async def discover(
        self, repository: Repository, login: str, start: datetime, end: datetime
    ) -> Sequence[PullRequestRef]:
        """Every pull request merged from `start` up to but not including `end` that `login` wrote, commented on or reviewed,
        each once, newest merge first."""
        ...

    def hydrate(self, refs: Sequence[PullRequestRef]) -> AsyncIterator[Hydrated]:
        """Fetch each whole (all files, comments, reviews), in batches; yields in any order, every ref exactly once."""
        ...

    async def limits(self) -> Sequence[RateLimit]:
        """All limits as GitHub states them now, without using any up; empty where a server has none."""
        ...


GITHUB = ServiceSpec[PullRequestSource](
    "GitHub",
    secret="github",  # noqa: S106 - the secret's name
    maker="devtrail_tui.clients.github.client:connect",
)


@dataclass(frozen=True, slots=True)
class AnalysisRequest:
    """A request ready to be sent. `key` is the SHA-256 of everything that is sent; `worst_case_usd` bounds its price."""

    key: str
    body: Mapping[str, Any]
    worst_case_usd: float | None
    expected_usd: float | None
    input_tokens: int
    criterion_ids: frozenset[str]
    source_text: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """An answer after our own checks: what holds, and a sentence for each thing that was dropped."""

    matches: tuple[Match, ...]
    dropped: tuple[str, ...] = ()
    problem: str = ""


class Analyser(Service, Protocol):
    """Matches a pull request against criteria (Claude). `answer` is the paid call: store its result before anything else."""

    @property
    def model(self) -> str:
        """The model's id as sent."""
        ...

    @property
    def concurrency(self) -> int:
        """How many calls may be under way at once."""
        ...

    def judged_by(self, criteria: Sequence[Criterion]) -> str:
        """The key of model, instructions, rubric and context: entries with another one were judged by something else; pure."""
        ...

    async def check(self) -> None:
        """One free call that proves key and model. Raises AuthenticationError, PermanentError (unknown model), TemporaryError."""
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
        """The request that judges `login`'s part (`roles`) in one pull request; pure. Long texts are trimmed to the model's
        room and said so in the request, secrets masked, excluded paths left out. Raises NotPossible without criteria,
        RepositoryExcluded."""
        ...

    async def answer(self, request: AnalysisRequest, *, late: Callable[[Analysis], None] | None = None) -> Analysis:
        """Send it once paid; retries, visibly, what time can mend and was not billed. An answer that comes when nobody awaits it
        any more goes to `late`, in another thread. Raises AuthenticationError, PermanentError, TemporaryError, OutcomeUnknown."""
        ...

    def preview(self, request: AnalysisRequest) -> str:
        """Everything that `answer` would send, as a person reads it; pure."""
        ...

    def verify(self, request: AnalysisRequest, analysis: Analysis) -> Verified:
        """Check a raw answer against the request: known ids, 0-100, verbatim quotes; pure."""
        ...


@dataclass(frozen=True, slots=True)
class Preview:
    """What would leave the machine for one example: `text` for people, unabridged; `data` the same for programs."""

    text: str
    data: Mapping[str, Any]


class PreviewDoor(Protocol):
    """What a preview may ask: a source of examples and an analyser that prepares and never sends."""

    @property
    def clock(self) -> Clock: ...

    async def source(self, spec: ServiceSpec[S]) -> S:
        """The client of a service, closed with the preview. Raises SecretMissing, PermanentError for one nobody provides."""
        ...

    async def analyser(self, *, model: str, about: str = "") -> Analyser:
        """What prepares requests to Claude; `about` as in `Context`."""
        ...

    async def criteria(self) -> Sequence[Criterion]:
        """The criteria that would be sent."""
        ...


class EvidenceReader(Protocol):
    """The narrow door a job has to stored evidence; reads only."""

    async def known_nodes(
        self, host: str, account_id: str | None, login: str, node_ids: Sequence[str]
    ) -> Mapping[str, KnownPullRequest]:
        """What is stored already of an account, asked by node ids, which survive renames of the repository."""
        ...

    async def lacks_identity(self, ownership: Ownership) -> bool:
        """Whether some of these entries do not know their account yet, or the account has entries under an earlier login."""
        ...

    async def not_analysed(self, login: str | None, repositories: Sequence[str]) -> Sequence[EvidenceEntry]:
        """Entries that still lack an analysis, oldest merge first."""
        ...

    async def pull_request(self, evidence_id: int) -> PullRequest:
        """The stored pull request of an entry. Raises NotFound."""
        ...


class CriteriaReader(Protocol):
    """The job's rubric."""

    async def detectable(self) -> Sequence[Criterion]:
        """The criteria that can be seen in a pull request, in a stable order, as they were when the job first asked: every
        attempt of a job judges by the same ones."""
        ...


class AnalysisLedger(Protocol):
    """What was paid for, and which calls are under way, by request key: over all jobs and processes a request is paid once."""

    async def find(self, key: str) -> Analysis | None:
        """The stored answer to exactly this request, if there is one."""
        ...

    async def lease(self, request: AnalysisRequest) -> Analysis | bool:
        """Take the right to make this call, with place and budget in hand: True. False where a call for it is under way already;
        the answer, where it has arrived meanwhile. The lease ends with this claim, or with a cancel of the job. Raises
        ClaimLost, CancelRequested."""
        ...

    async def wait_for(self, key: str) -> None:
        """Wait until no call for this request is under way any more; to be called without place and budget."""
        ...

    async def keep(self, analysis: Analysis) -> None:
        """Store a paid answer at once and add its price to the job's `spent_usd`; this is not fenced: money spent is recorded
        even when the claim was lost meanwhile. An answer that comes late replaces the uncertain cost of its call."""
        ...

    def keep_late(self, analysis: Analysis) -> None:
        """The same for an answer that nobody awaits any more, in any thread; returns at once."""
        ...

    async def release(self, key: str) -> None:
        """The call failed and was not billed: the request is free again."""
        ...

    async def uncertain(self, key: str) -> None:
        """Nobody knows whether the call was billed: its worst case is added to `spent_usd`, and the request is free again."""
        ...


class Context(Protocol):
    """One claimed run of a job."""

    @property
    def job_id(self) -> int: ...

    @property
    def attempt(self) -> int: ...

    @property
    def spent_usd(self) -> float:
        """Dollars this job has paid so far, over all attempts."""
        ...

    @property
    def clock(self) -> Clock: ...

    @property
    def cursor(self) -> Mapping[str, Any]:
        """What earlier attempts saved with `save(cursor=...)`, by repository name (or "" for the whole job)."""
        ...

    @property
    def evidence(self) -> EvidenceReader: ...

    @property
    def criteria(self) -> CriteriaReader: ...

    @property
    def analyses(self) -> AnalysisLedger: ...

    def log(self, message: str, level: Level = Level.INFO) -> None:
        """One line of the job's log; returns at once, stored within 200 ms."""
        ...

    def progress(self, progress: Progress) -> None:
        """What to show now; returns at once, the latest wins."""
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
        """Evidence, judgements, cursor (keys as in `cursor`) and log lines in one transaction, in the order of earlier `log`
        calls. `ownership` gives stored entries to their account. Returns what is stored of each of `evidence` now: a newer state
        that another job saved stays. Raises ClaimLost."""
        ...

    async def source(self, spec: ServiceSpec[S]) -> S:
        """The client of a service such as GITHUB. Raises SecretMissing, PermanentError for a service that nobody provides."""
        ...

    async def analyser(self, *, model: str, about: str = "") -> Analyser:
        """What matches pull requests with this model, made on first use with this job's Claude key and closed with the job;
        `about` is what Claude should know of the person. Raises SecretMissing."""
        ...

    def has_secret(self, name: str) -> bool:
        """Whether the job's secret `name` ("github", "anthropic") can be found now."""
        ...

    async def secret(self, name: str) -> str:
        """The value of the job's secret. Raises SecretMissing."""
        ...
