"""Evidence: a pull request as fetched, its entry, and the matches found by the model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from devtrail_tui.core.quotes import QuotePlace

GHOST = "ghost"
"""GitHub's display name of a deleted account, whose `author` is null."""


OUTDATED = "judged before the latest change"
"""The label of an entry that was judged before its pull request changed."""


_BOT_LOGIN = re.compile(r"\[bot\]$|(^|[-_])(ro)?bot$", re.IGNORECASE)


def is_bot(login: str, kind: str) -> bool:
    """Whether an account is a program: by GitHub's account type, or a user account that is named as one (`k8s-ci-robot`)."""
    return kind == "Bot" or _BOT_LOGIN.search(login) is not None


class Role(StrEnum):
    """How a person took part in a pull request."""

    AUTHOR = "author"
    COMMENTER = "commenter"
    REVIEWER = "reviewer"


class EvidenceType(StrEnum):
    """The source of an entry."""

    PULL_REQUEST = "PR"
    SLACK = "SLACK"
    MANUAL = "MANUAL"


class AnalysisState(StrEnum):
    """Whether an entry was matched against the criteria."""

    NOT_ANALYSED = "not_analysed"
    ANALYSED = "analysed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PullRequestRef:
    """A pull request as discovery returns it. `repository` is owner/name in GitHub's current spelling; times are aware UTC."""

    node_id: str
    number: int
    repository: str
    updated_at: datetime
    merged_at: datetime


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A path after the change, with the numbers of added and deleted lines."""

    path: str
    additions: int
    deletions: int
    change: str = "MODIFIED"


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment in the conversation or, if `path` is set, on a line of the change. `author` is a login, `author_kind` GitHub's
    account type: User, Bot, Mannequin, Organization; `answers_url` the address of the comment that it answers."""

    author: str
    body: str
    created_at: datetime
    path: str = ""
    url: str = ""
    author_kind: str = "User"
    answers_url: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """A submitted review; `state` is GitHub's: APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED. `author_kind` as in Comment."""

    author: str
    state: str
    body: str
    submitted_at: datetime | None
    url: str = ""
    author_kind: str = "User"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A merged pull request with all fields that the program uses. `host` is the web host, such as github.com.

    `files_unknown`: the service could not list the changed files, so that `files` is empty.
    """

    host: str
    node_id: str
    number: int
    url: str
    repository: str
    title: str
    body: str
    author: str
    author_kind: str
    branch: str
    created_at: datetime
    merged_at: datetime
    updated_at: datetime
    additions: int
    deletions: int
    changed_files: int
    files: tuple[ChangedFile, ...] = ()
    comments: tuple[Comment, ...] = ()
    reviews: tuple[Review, ...] = ()
    review_comments: tuple[Comment, ...] = ()
    labels: tuple[str, ...] = ()
    files_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """The model's judgement that this evidence matches a criterion. `confidence` is 0.0-1.0; each quote is verbatim, and
    `quote_places` has the place of each (empty for a match that was stored without)."""

    criterion_id: str
    confidence: float
    explanation: str
    quotes: tuple[str, ...]
    quote_places: tuple[QuotePlace, ...] = ()

    def attributed_quotes(self) -> tuple[tuple[str, str], ...]:
        """Each quote with its author and kind of text: `carol, review`; empty where they are not recorded."""
        sources = [", ".join(filter(None, (place.by, place.kind))) for place in self.quote_places]
        return tuple(zip(self.quotes, sources or [""] * len(self.quotes), strict=True))


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion of the rubric. `pr_detectable`: a pull request can show it, so it is sent to Claude."""

    id: str
    area_of_concentration: str
    subarea: str
    description: str
    pr_detectable: bool = True


@dataclass(frozen=True, slots=True)
class Analysis:
    """A paid answer. `key`: SHA-256 of the whole request as sent; `answer`: the raw text; `usage`: token counts by name."""

    key: str
    model: str
    answer: str
    stop_reason: str
    usage: Mapping[str, int]
    cost_usd: float | None
    request_id: str
    created_at: datetime
    job_id: int | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class NewEvidence:
    """One pull request and one person as a job saves it; saving it again updates the same entry.

    The person is identified by `account_id`, the service's id of the account; `login` is the current name. Without an id the
    login identifies the person, case-insensitively. The model's judgement is saved separately (`NewJudgement`).
    """

    login: str
    pull_request: PullRequest
    roles: tuple[Role, ...]
    components: tuple[str, ...]
    figures: Mapping[str, float | None]
    account_id: str | None = None


@dataclass(frozen=True, slots=True)
class NewJudgement:
    """The judgement of an entry in its state at `pr_updated_at`.

    `judged_by` is the key of model, instructions, rubric and context (`Analyser.judged_by`). `matches` replace the model's
    earlier ones; `analysis_key` names the paid answer they come from. `matches` is None without a usable answer: the earlier
    matches then stay, and `note` says why there are no newer ones.
    """

    evidence_id: int
    pr_updated_at: datetime
    state: AnalysisState
    judged_by: str
    note: str = ""
    analysis_key: str | None = None
    matches: tuple[Match, ...] | None = None


@dataclass(frozen=True, slots=True)
class Ownership:
    """Pull requests (`node_ids` of `host`) in which an account took part."""

    host: str
    account_id: str
    login: str
    node_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EvidenceEntry:
    """A row of `evidence_entries` for lists; `matches` strongest first, `figures` by name. `outdated`: judged before the latest
    change of the pull request."""

    id: int
    type: EvidenceType
    title: str
    description: str
    login: str
    pr_number: int | None
    pr_url: str | None
    repository: str | None
    merged_at: datetime | None
    figures: Mapping[str, float | None]
    components: tuple[str, ...]
    roles: tuple[Role, ...]
    analysis_state: AnalysisState
    analysis_note: str
    outdated: bool = False
    matches: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceDetail:
    """One entry with all its details; `content` is the pull request as written by `pull_request_json`."""

    entry: EvidenceEntry
    content: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    analysed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KnownPullRequest:
    """The stored state of a pull request for one person. It is fetched again if `updated_at` has changed.

    `judged_updated_at` is the `updated_at` that was judged, `judged_by` the key of the judgement; None if not recorded.
    """

    node_id: str
    updated_at: datetime
    analysis_state: AnalysisState
    evidence_id: int
    judged_updated_at: datetime | None = None
    judged_by: str | None = None

    @property
    def judged(self) -> bool:
        """Whether a judgement, old or new, or a failed attempt is stored."""
        return self.analysis_state is not AnalysisState.NOT_ANALYSED

    @property
    def current(self) -> bool:
        """Whether the judgement is of the current state."""
        return self.judged and self.judged_updated_at == self.updated_at
