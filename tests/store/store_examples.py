"""What the store's tests are made of: small believable values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from devtrail_tui.core.evidence import (
    AnalysisState,
    ChangedFile,
    Comment,
    Match,
    NewEvidence,
    NewJudgement,
    PullRequest,
    Review,
    Role,
)
from devtrail_tui.core.job import Claim, Job, Level, NewJob
from devtrail_tui.store.database import Database
from devtrail_tui.store.evidence_store import EvidenceStore
from devtrail_tui.store.job_log import note_on
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.workers import worker_id
from tests.doubles.clock import START

HOST = "desk"


def note(database: Database, job_id: int, message: str, level: Level = Level.INFO) -> bool:
    """Add a line to a job's log as the queue does, outside any claim; False for an unknown job."""
    return database.write(lambda connection: note_on(connection, job_id, (START, level, message))).result()


def claim_of(job: Job | None) -> Claim:
    assert job is not None
    assert job.worker_id is not None
    return Claim(job.id, job.claim_no, job.worker_id)


def pull_request(number: int = 7, **changes: Any) -> PullRequest:
    made = PullRequest(
        host="github.com",
        node_id=f"PR_{number}",
        number=number,
        url=f"https://github.com/acme/shop/pull/{number}",
        repository="acme/shop",
        title=f"Fix retry storm {number}",
        body="Backs off when the queue is full.",
        author="ada",
        author_kind="User",
        branch="fix/retry",
        created_at=START - timedelta(days=3),
        merged_at=START + timedelta(minutes=number),
        updated_at=START + timedelta(minutes=number),
        additions=10,
        deletions=4,
        changed_files=1,
        files=(ChangedFile("services/queue.py", 10, 4),),
        comments=(Comment("bob", "Nice", START, url="https://x"), Comment("bot", "CI", START, author_kind="Bot")),
        reviews=(Review("bob", "APPROVED", "ok", START), Review("eve", "COMMENTED", "", None)),
        review_comments=(Comment("bob", "why?", START, path="services/queue.py"),),
        labels=("bug",),
    )
    return replace(made, **changes)


def new_evidence(number: int = 7, **changes: Any) -> NewEvidence:
    of_pull_request = {key: changes.pop(key) for key in list(changes) if key in PullRequest.__dataclass_fields__}
    made = NewEvidence(
        login="ada",
        pull_request=pull_request(number, **of_pull_request),
        roles=(Role.AUTHOR,),
        components=("services/queue",),
        figures={
            "additions": 10,
            "deletions": 4,
            "changed_files": 1,
            "days_open": 3.0,
            "hours_to_first_review": None,
            "review_rounds": 1,
        },
    )
    return replace(made, **changes)


@dataclass(frozen=True, slots=True)
class Judged:
    """An entry to be saved together with what came of judging it."""

    new: NewEvidence
    state: AnalysisState
    note: str = ""
    analysis_key: str | None = None
    matches: tuple[Match, ...] | None = None


def judged(
    number: int = 7,
    *,
    matches: tuple[Match, ...] | None = None,
    state: AnalysisState = AnalysisState.ANALYSED,
    note: str = "",
    analysis_key: str | None = None,
    **changes: Any,
) -> Judged:
    return Judged(new_evidence(number, **changes), state, note, analysis_key, matches)


def save(store: EvidenceStore, claim: Claim, *entries: NewEvidence | Judged, **also: Any) -> list[int]:
    """Save entries, then the judgements of those that have one, as a job does; their ids."""
    known = (
        store.save(claim, [each.new if isinstance(each, Judged) else each for each in entries], **also).result().entries
    )
    judgements = [
        NewJudgement(
            evidence_id=stored.evidence_id,
            pr_updated_at=each.new.pull_request.updated_at,
            state=each.state,
            judged_by="rubric",
            note=each.note,
            analysis_key=each.analysis_key,
            matches=each.matches,
        )
        for each, stored in zip(entries, known, strict=True)
        if isinstance(each, Judged)
    ]
    if judgements:
        store.save(claim, judgements=judgements).result()
    return [each.evidence_id for each in known]


def match(criterion: str = "DEBUG", confidence: float = 0.88, **changes: Any) -> Match:
    return replace(Match(criterion, confidence, "It shows care.", ("Backs off",)), **changes)


ME = worker_id(HOST, 10, 1000.25, "aa")
OTHER = worker_id(HOST, 11, 2000.5, "bb")


def everyone_lives(pid: int, start: float) -> bool:
    return True


def enqueue(queue: JobQueue, **fields: object) -> int:
    return queue.enqueue(NewJob("GITHUB_SYNC", **fields)).result().id  # type: ignore[arg-type]  # fields of NewJob by name
