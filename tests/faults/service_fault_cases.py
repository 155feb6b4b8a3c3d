"""The table of promise 18: every fault at every call of a small sync, and how a job that meets it has to end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from devtrail_tui.core.job import Status
from tests.doubles.claude_faults import ClaudeFault
from tests.doubles.faults import Fault
from tests.doubles.github_faults import GitHubFault
from tests.doubles.recorder import Recorded

TREE = "HEAD"
GITHUB = ("user", "Repository", "Discover", TREE, "PullRequests", "MoreOfPullRequest", "MoreOfReview")
"""GitHub's calls in their order. The last two are about the first pull request only; without the tree, names of components are
simpler and nothing else (tests/jobs/test_layouts.py)."""
CLAUDE = ("models", "message 1", "message 2", "message 3")
PULL_REQUESTS = 3
FOLLOW_UPS = {"MoreOfPullRequest", "MoreOfReview"}
MESSAGES = CLAUDE[1:]
IN_A_ROW = 3
"""Failed analyses in a row after which the service, not the pull request, is taken to be in trouble."""


class Kind(Enum):
    """What a fault means, and so how a job that meets it ends."""

    HARMLESS = "the answer is right after all"
    TROUBLE = "a smaller or later request may succeed"
    UNREACHABLE = "no usable answer"
    PAGE = "a web page of some network in between"
    LIMIT = "a limit that is waited out"
    LONG_LIMIT = "a limit too long to sit out"
    LOGIN = "the credential, or all it asks for, is refused"
    REFUSED = "this request is refused"
    MODEL = "the model is gone"
    PART = "some of the nodes are missing"
    UNREADABLE = "an answer that may have been paid for and cannot be read"
    USELESS = "a paid answer without use"
    WRONG = "a paid answer whose claims do not hold"


@dataclass(frozen=True, slots=True)
class Case:
    """A fault at a call, once or for good."""

    service: str
    name: str
    kind: Kind
    fault: Fault
    call: str
    lasting: bool

    @property
    def id(self) -> str:
        return f"{self.service}-{self.name}-{self.call}-{'lasting' if self.lasting else 'once'}".replace(" ", "_")

    @property
    def index(self) -> int:
        return (GITHUB if self.service == "github" else CLAUDE).index(self.call)

    @property
    def graphql(self) -> bool:
        return self.service == "github" and self.call != "user"

    def matches(self, request: Recorded) -> bool:
        return request.service == self.service


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job has to end: its status, words of its error or its log, and what became of the pull requests."""

    status: Status
    words: str = ""
    stored: int = PULL_REQUESTS
    analysed: int | None = PULL_REQUESTS
    """None: it depends on which calls were under way together."""
    useless: int = 0
    calls: int | None = None
    """Requests that met the fault; None where they are counted elsewhere."""


def _json(status: int, data: object) -> Fault:
    return Fault.status(status, data)


EITHER: Mapping[str, tuple[Kind, Fault]] = {
    "drip": (Kind.HARMLESS, Fault.drip(0.0)),
    "500": (Kind.TROUBLE, _json(500, {"message": "Server Error"})),
    "502": (Kind.TROUBLE, Fault.bad_gateway(502)),
    "504": (Kind.TROUBLE, Fault.bad_gateway(504)),
    "503": (Kind.UNREACHABLE, _json(503, {"message": "Unavailable"})),
    "close": (Kind.UNREACHABLE, Fault.close()),
    "cut": (Kind.UNREACHABLE, Fault.cut()),
}
GITHUB_FAULTS: Mapping[str, tuple[Kind, Fault]] = {
    **EITHER,
    "truncated": (Kind.UNREACHABLE, Fault.truncated_json()),
    "page": (Kind.PAGE, Fault.html(200)),
    "secondary": (Kind.LIMIT, GitHubFault.secondary_limit()),
    "secondary-unsaid": (Kind.LIMIT, GitHubFault.secondary_limit(None)),
    "secondary-429": (Kind.LIMIT, GitHubFault.secondary_limit(None, 429)),
    "secondary-day": (Kind.LIMIT, GitHubFault.secondary_limit(86_400)),
    "primary": (Kind.LIMIT, GitHubFault.primary_limit()),
    "primary-429": (Kind.LIMIT, GitHubFault.primary_limit(2, 429)),
    "graphql-limit": (Kind.LIMIT, GitHubFault.graphql_limit()),
    "graphql-limit-unsaid": (Kind.LIMIT, GitHubFault.graphql_limit(None)),
    "graphql-limit-after": (Kind.LIMIT, GitHubFault.graphql_limit(None, 3)),
    "401": (Kind.LOGIN, GitHubFault.unauthorized()),
    "403": (Kind.REFUSED, GitHubFault.forbidden()),
    "sso": (Kind.REFUSED, GitHubFault.sso()),
    "404": (Kind.REFUSED, _json(404, {"message": "Not Found"})),
    "418": (Kind.REFUSED, _json(418, {"message": "No coffee"})),
    "422": (Kind.REFUSED, _json(422, {"message": "Validation Failed"})),
    "graphql-forbidden": (Kind.REFUSED, GitHubFault.graphql_error("No permission", "FORBIDDEN")),
    "graphql-error": (Kind.TROUBLE, GitHubFault.graphql_error()),
    "list": (Kind.TROUBLE, _json(200, [])),
    "null": (Kind.TROUBLE, _json(200, None)),
    "empty": (Kind.TROUBLE, _json(200, {})),
    "null-node": (Kind.PART, GitHubFault.null_nodes()),
}
CLAUDE_FAULTS: Mapping[str, tuple[Kind, Fault]] = {
    **EITHER,
    "529": (Kind.TROUBLE, ClaudeFault.overloaded()),
    "error-500": (Kind.TROUBLE, ClaudeFault.error()),
    "429-unsaid": (Kind.TROUBLE, ClaudeFault.limit(None)),
    "429": (Kind.LIMIT, ClaudeFault.limit(1)),
    "429-day": (Kind.LONG_LIMIT, ClaudeFault.limit(86_400)),
    "401": (Kind.LOGIN, ClaudeFault.unauthorized()),
    "402": (Kind.LOGIN, ClaudeFault.error(402, "billing_error", "Your credit is used up")),
    "403": (Kind.LOGIN, ClaudeFault.error(403, "permission_error", "Not allowed")),
    "model": (Kind.MODEL, ClaudeFault.error(404, "not_found_error", "model: claude-sonnet-5-5")),
    "400": (Kind.REFUSED, ClaudeFault.error(400, "invalid_request_error", "Too many words")),
    "413": (Kind.REFUSED, ClaudeFault.error(413, "request_too_large", "Too large")),
    "404": (Kind.REFUSED, _json(404, {"message": "Not Found"})),
    "418": (Kind.REFUSED, _json(418, {"message": "No coffee"})),
    "page": (Kind.UNREADABLE, Fault.html(200)),
    "truncated": (Kind.UNREADABLE, Fault.truncated_json()),
    "list": (Kind.UNREADABLE, _json(200, [])),
    "null": (Kind.UNREADABLE, _json(200, None)),
    "empty": (Kind.UNREADABLE, _json(200, {})),
    "refusal": (Kind.USELESS, ClaudeFault.refusal()),
    "max-tokens": (Kind.USELESS, ClaudeFault.max_tokens()),
    "prose": (Kind.USELESS, ClaudeFault.says("It shows solid engineering.")),
    "wrong-shape": (Kind.USELESS, ClaudeFault.says('[{"criterion_id": "resilience"}]')),
    "wrong-claims": (Kind.WRONG, ClaudeFault.says('{"matches": [{"criterion_id": "?", "confidence": 140}]}')),
}
ONLY_MESSAGES = {Kind.USELESS, Kind.WRONG}
_WORDS_OF = {
    "401": "refused",
    "402": "does not allow this",
    "403": "403",
    "sso": "single sign-on",
    "404": "404",
    "418": "418",
    "422": "422",
    "400": "Too many words",
    "413": "Too large",
    "graphql-forbidden": "No permission",
}


def _cases() -> Iterator[Case]:
    for service, calls, faults in (("github", GITHUB, GITHUB_FAULTS), ("claude", CLAUDE, CLAUDE_FAULTS)):
        for name, (kind, fault) in faults.items():
            for call in calls:
                if call == TREE or (kind in ONLY_MESSAGES and call not in MESSAGES):
                    continue
                for lasting in (False, True):
                    yield Case(service, name, kind, fault, call, lasting)


def designed(case: Case) -> Ending:
    """The table of promise 18."""
    return _github(case) if case.service == "github" else _claude(case)


def _github(case: Case) -> Ending:  # noqa: C901, PLR0912 - a table of cases, one a line
    """Before the first pull request is whole nothing is stored; a follow-up call concerns one pull request only."""
    nothing = Ending(Status.PENDING, stored=0, analysed=0)
    without_one = Ending(Status.COMPLETED, stored=2, analysed=2)
    follow_up = case.call in FOLLOW_UPS
    match case.kind:
        case Kind.HARMLESS:
            return Ending(Status.COMPLETED)
        case Kind.PAGE:
            return replace(nothing, words="web page", calls=1)
        case Kind.LOGIN if case.call != "user" and not case.lasting:
            return Ending(Status.COMPLETED, calls=1)  # after successes it is tried once more
        case Kind.LOGIN:
            calls = 1 if case.call == "user" else 2
            return replace(nothing, status=Status.FAILED, words="rejected the GitHub token", calls=calls)
        case Kind.REFUSED:
            words = _WORDS_OF[case.name]
            if follow_up:
                return replace(without_one, words=words, calls=1)
            if case.name == "404" and case.call == "Repository":
                words = "was not found"
            if not case.graphql and case.name == "graphql-forbidden":
                words = "no usable login"
            status = Status.COMPLETED if case.call == "PullRequests" else Status.FAILED  # the repository is left out
            return replace(nothing, status=status, words=words, calls=1)
        case Kind.PART:
            return _missing_nodes(case, nothing, without_one)
        case Kind.TROUBLE if not case.graphql and case.name in ("list", "null", "empty", "graphql-error"):
            return replace(nothing, status=Status.FAILED, words="GitHub's answer", calls=1)
        case _ if not case.lasting:
            return Ending(Status.COMPLETED, calls=1)
        case Kind.TROUBLE:
            return replace(without_one, words="could not be read") if follow_up else nothing
        case Kind.LIMIT:
            return replace(nothing, words="still limits requests")
        case _:
            return replace(nothing, calls=4)


def _missing_nodes(case: Case, nothing: Ending, without_one: Ending) -> Ending:
    """Only searches and batches have lists of nodes."""
    spoils = case.call in ("Discover", "PullRequests") or (case.lasting and case.call in ("user", "Repository"))
    if not spoils or not case.lasting:
        return Ending(Status.COMPLETED)
    return replace(without_one, words="does not return it") if case.call == "PullRequests" else nothing


def _undescribed_model(case: Case) -> Ending:
    """The first answers decide: one of them in passing is nothing, three failures in a row end the matching."""
    if not case.lasting:
        return Ending(Status.COMPLETED, calls=1)
    return Ending(Status.FAILED, _WORDS_OF.get(case.name, "not from Claude"), analysed=0, calls=1 + IN_A_ROW)


def _claude(case: Case) -> Ending:  # noqa: C901, PLR0911, PLR0912 - a table of cases, one a line
    """Where the model is not described, the first answer decides; all evidence is kept, whatever Claude says."""
    nothing = Ending(Status.PENDING, stored=0, analysed=0)
    at_check = case.call == "models"
    if at_check and (
        case.kind in (Kind.REFUSED, Kind.UNREADABLE) or (case.name in ("402", "403") and not case.lasting)
    ):
        return _undescribed_model(case)
    spoiled = PULL_REQUESTS if at_check else (PULL_REQUESTS + 1 - case.index if case.lasting else 1)
    rest = PULL_REQUESTS - spoiled
    kept = "not analysed"
    match case.kind:
        case Kind.HARMLESS:
            return Ending(Status.COMPLETED)
        case Kind.LOGIN:
            return Ending(Status.FAILED, kept, analysed=0 if at_check else None)
        case Kind.MODEL if at_check:
            return replace(nothing, status=Status.FAILED, words="does not know the model")
        case Kind.MODEL:
            return Ending(Status.FAILED, kept, analysed=None)
        case Kind.LONG_LIMIT:
            return replace(nothing, words="limit", calls=1) if at_check else Ending(Status.PENDING, kept, analysed=None)
        case Kind.REFUSED | Kind.UNREADABLE:
            words = _WORDS_OF.get(case.name, "not from Claude")
            status = Status.FAILED if spoiled >= IN_A_ROW else Status.COMPLETED
            return Ending(status, words, analysed=rest, calls=spoiled)
        case Kind.USELESS:
            status = Status.FAILED if spoiled >= IN_A_ROW else Status.COMPLETED
            return Ending(status, analysed=rest, useless=spoiled, calls=spoiled)
        case Kind.WRONG:
            return Ending(Status.COMPLETED, "there is no criterion", calls=spoiled)
        case _ if not case.lasting:
            return Ending(Status.COMPLETED, calls=1)
        case Kind.LIMIT if not at_check:
            return Ending(Status.PENDING, kept, analysed=None)
        case _ if at_check:
            return replace(nothing, words="Claude")
        case _:
            status = Status.PENDING if spoiled >= IN_A_ROW else Status.COMPLETED
            return Ending(status, "Claude", analysed=rest)


CASES = tuple(_cases())
SAMPLE = CASES[5::67]
"""Some of every kind; the count is odd to the table's rows, so that calls and durations vary."""
