"""The ledger: what was paid for and which calls are under way, by the hash of the whole request, so that nothing is paid twice.

A call under way is a row without an answer that names the claim it is made under. That claim is its lease: it is renewed with the
claim, and ends with it, or with a cancel of its job. A call whose outcome is unknown is counted at its worst case.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, func, null, select, update

from devtrail_tui.core.clock import Clock, SystemClock
from devtrail_tui.core.errors import CancelRequested, ClaimLost
from devtrail_tui.core.evidence import Analysis
from devtrail_tui.core.job import Claim
from devtrail_tui.store.database import Database
from devtrail_tui.store.job_rows import FENCE, fenced_by, in_list, rows_of
from devtrail_tui.store.sqlite.upsert import new_value, upsert
from devtrail_tui.store.tables import RUNNING, analyses, jobs

_columns = analyses.c
_OF_KEY = _columns.key == bindparam("request")
_FIELDS = tuple(Analysis.__dataclass_fields__)
_FIND = select(*(_columns[name] for name in _FIELDS)).where(_OF_KEY, _columns.answered_at.is_not(None))
_LIVE = exists().where(
    jobs.c.id == _columns.call_job_id,
    jobs.c.claim_no == _columns.call_claim_no,
    jobs.c.status == RUNNING,
    jobs.c.cancel_requested_at.is_(None),
)
_UNDER_WAY = select(_columns.key).where(in_list(_columns.key), _columns.answered_at.is_(None), _LIVE)
_CALL = select(_columns.call_job_id, _columns.call_usd, _LIVE.label("live")).where(_OF_KEY)
_CLAIM = select(jobs.c.cancel_requested_at).where(FENCE)
NO_CALL: dict[str, Any] = {"call_job_id": null(), "call_claim_no": null(), "call_usd": 0.0}
_LEASE = upsert(analyses, "call_job_id", "call_claim_no", "call_usd", key=[_columns.key])
_OURS = (
    _OF_KEY,
    _columns.call_job_id == bindparam("job"),
    _columns.call_claim_no == bindparam("claim"),
)
_UNASKED = delete(analyses).where(*_OURS, _columns.answered_at.is_(None), _columns.uncertain_usd == 0)
_END_CALL = update(analyses).where(*_OURS).values(**NO_CALL)
_IS_OURS = select(_columns.id).where(*_OURS)
_UNCERTAIN = update(analyses).where(_OF_KEY).values(uncertain_usd=_columns.uncertain_usd + bindparam("usd"), **NO_CALL)
_COUNTED = select(_columns.uncertain_usd).where(_OF_KEY)
_CERTAIN = update(analyses).where(_OF_KEY).values(uncertain_usd=_columns.uncertain_usd - bindparam("usd"))
_ANSWER = (
    update(analyses)
    .where(_OF_KEY, _columns.answered_at.is_(None))
    .values(
        {name: bindparam(f"new_{name}", type_=_columns[name].type) for name in _FIELDS if name not in ("id", "key")}
    )
    .values(answered_at=bindparam("new_created_at"))
)
_KEEP = upsert(
    analyses,
    key=[_columns.key],
    # Two that were paid for all the same (a lease was taken over, then both answers came): the first stays, the money adds up.
    cost_usd=func.coalesce(_columns.cost_usd, 0.0) + func.coalesce(new_value(_columns.cost_usd), 0.0),
)
_SPEND = update(jobs).where(jobs.c.id == bindparam("job")).values(spent_usd=jobs.c.spent_usd + bindparam("usd"))


class Analyses:
    """Reads block; changes are futures that end once they are committed."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    def find(self, key: str) -> Analysis | None:
        """The stored answer to exactly this request, if there is one."""
        with self._database.read() as connection:
            return _find_on(connection, key)

    def under_way(self, keys: Sequence[str]) -> set[str]:
        """Those of these requests for which a call is under way."""
        with self._database.read() as connection:
            return {row.key for row in rows_of(connection, _UNDER_WAY, keys)}

    def lease(self, claim: Claim, key: str, model: str, worst_usd: float) -> Future[Analysis | bool]:
        """Take the right to make a call that costs at most `worst_usd`: True. False where one is under way already; the answer
        where there is one. The future raises ClaimLost, CancelRequested."""
        now = self._clock.now()
        return self._database.write(lambda connection: _lease_on(connection, claim, key, model, worst_usd, now))

    def keep(self, analysis: Analysis, claim: Claim | None = None, call_usd: float | None = None) -> Future[None]:
        """Store a paid answer and add its price to its job's `spent_usd`; not fenced, because money is spent either way.

        `call_usd` is the worst case under which `claim` leased the call. Where the lease has ended since, the worst case was
        counted as uncertain cost, and the price replaces it.
        """

        def work(connection: Connection) -> None:
            counted = 0.0
            if claim is not None and call_usd is not None:
                counted = _end_call_on(connection, analysis.key, claim, call_usd)
            columns = {name: getattr(analysis, name) for name in _FIELDS if name != "id"}
            columns["usage"] = dict(analysis.usage)
            answer = {"request": analysis.key, **{f"new_{name}": column for name, column in columns.items()}}
            if connection.execute(_ANSWER, answer).rowcount == 0:
                connection.execute(_KEEP, {**columns, "answered_at": analysis.created_at})
            spend_on(connection, analysis.job_id, (analysis.cost_usd or 0.0) - counted)

        return self._database.write(work)

    def release(self, claim: Claim, key: str) -> Future[None]:
        """The claim's call failed and was not billed: the request is free again."""
        ours = {"request": key, **fenced_by(claim)}

        def work(connection: Connection) -> None:
            if connection.execute(_UNASKED, ours).rowcount == 0:
                connection.execute(_END_CALL, ours)

        return self._database.write(work)

    def uncertain(self, claim: Claim, key: str, call_usd: float) -> Future[None]:
        """The outcome of the claim's call is unknown: its worst case is counted, and the request is free again."""
        ours = {"request": key, **fenced_by(claim)}

        def work(connection: Connection) -> None:
            if connection.execute(_IS_OURS, ours).one_or_none() is not None:
                connection.execute(_UNCERTAIN, {"request": key, "usd": call_usd})
                spend_on(connection, claim.job_id, call_usd)

        return self._database.write(work)


def _find_on(connection: Connection, key: str) -> Analysis | None:
    row = connection.execute(_FIND, {"request": key}).one_or_none()
    return None if row is None else Analysis(*row)


def _lease_on(
    connection: Connection, claim: Claim, key: str, model: str, worst_usd: float, now: datetime
) -> Analysis | bool:
    claimed = connection.execute(_CLAIM, fenced_by(claim)).one_or_none()
    if claimed is None:
        raise ClaimLost(f"Job {claim.job_id} is no longer this worker's; nothing more is asked for it.")
    if claimed.cancel_requested_at is not None:
        raise CancelRequested(f"Job {claim.job_id} is to be cancelled; nothing more is asked for it.")
    answer = _find_on(connection, key)
    if answer is not None:
        return answer
    call = connection.execute(_CALL, {"request": key}).one_or_none()
    if call is not None and call.live:
        return False
    if call is not None and call.call_job_id is not None:
        connection.execute(_UNCERTAIN, {"request": key, "usd": call.call_usd})
        spend_on(connection, call.call_job_id, call.call_usd)
    connection.execute(_LEASE, {**_unanswered(claim, key, model, now), "call_usd": worst_usd})
    return True


def _unanswered(claim: Claim, key: str, model: str, now: datetime) -> dict[str, Any]:
    return {
        "key": key,
        "model": model,
        "answer": "",
        "stop_reason": "",
        "usage": {},
        "request_id": "",
        "job_id": claim.job_id,
        "created_at": now,
        "call_job_id": claim.job_id,
        "call_claim_no": claim.claim_no,
    }


def _end_call_on(connection: Connection, key: str, claim: Claim, call_usd: float) -> float:
    """End the claim's call; dollars that were counted as uncertain for it, where its lease had ended already."""
    ours = {"request": key, **fenced_by(claim)}
    if connection.execute(_END_CALL, ours).rowcount:
        return 0.0
    counted = min(call_usd, float(connection.execute(_COUNTED, {"request": key}).scalar_one_or_none() or 0.0))
    if counted:
        connection.execute(_CERTAIN, {"request": key, "usd": counted})
    return counted


def spend_on(connection: Connection, job_id: int | None, usd: float) -> None:
    """Add dollars to what a job has spent."""
    if job_id is not None and usd:
        connection.execute(_SPEND, {"job": job_id, "usd": usd})
