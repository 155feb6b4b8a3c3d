"""The ledger of paid answers and calls in flight, keyed by the hash of the whole request, so that nothing is paid twice.

A call in flight is a row without an answer; the claim it names is its lease. The lease is renewed with the claim, and ends with
the claim or a cancel of its job. A call with an unknown outcome is counted at its worst case.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Text, bindparam, cast, delete, exists, func, null, select, update

from devtrail_tui.core.clock import Clock, SystemClock
from devtrail_tui.core.evidence import Analysis
from devtrail_tui.core.job import Claim
from devtrail_tui.store.database import Database
from devtrail_tui.store.job_rows import FENCE, fenced_by, in_list, refuse_on, rows_of
from devtrail_tui.store.sqlite.upsert import new_value, upsert
from devtrail_tui.store.tables import RUNNING, analyses, jobs

_columns = analyses.c
_OF_KEY = _columns.key == bindparam("request")
_FIELDS = tuple(Analysis.__dataclass_fields__)
_FIND = select(*(_columns[name] for name in _FIELDS)).where(_OF_KEY, _columns.answered_at.is_not(None))
_DISCARDED = "#"
"""Follows the key of a useless answer, before the row's id, whose digits are below a colon."""
_USELESS = (
    select(*(_columns[name] for name in _FIELDS))
    .where(_columns.key.between(bindparam("first"), bindparam("last")))
    .order_by(_columns.id.desc())
    .limit(1)
)
_DISCARD = (
    update(analyses)
    .where(_OF_KEY, _columns.answered_at.is_not(None))
    .values(key=_columns.key + _DISCARDED + cast(_columns.id, Text))
)
_UNCERTAIN_OF = select(func.coalesce(func.sum(_columns.uncertain_usd), 0.0)).where(_columns.job_id == bindparam("job"))
_LIVE = exists().where(
    jobs.c.id == _columns.call_job_id,
    jobs.c.claim_no == _columns.call_claim_no,
    jobs.c.status == RUNNING,
    jobs.c.cancel_requested_at.is_(None),
)
_UNDER_WAY = select(_columns.key).where(in_list(_columns.key), _columns.answered_at.is_(None), _LIVE)
_CALL = select(_columns.call_job_id, _columns.call_usd, _LIVE.label("live")).where(_OF_KEY)
_CLAIM = select(jobs.c.id).where(FENCE, jobs.c.cancel_requested_at.is_(None))
NO_CALL: dict[str, Any] = {"call_job_id": null(), "call_claim_no": null(), "call_usd": 0.0}
_LEASE = upsert(analyses, "call_job_id", "call_claim_no", "call_usd", key=[_columns.key])
_OURS = (
    _OF_KEY,
    _columns.call_job_id == bindparam("job"),
    _columns.call_claim_no == bindparam("claim"),
)
_UNASKED = delete(analyses).where(
    _OF_KEY, _columns.call_job_id.is_(None), _columns.answered_at.is_(None), _columns.uncertain_usd == 0
)
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
    # If both calls were paid after a lease was taken over, the first answer stays and the costs are added.
    cost_usd=func.coalesce(_columns.cost_usd, 0.0) + func.coalesce(new_value(_columns.cost_usd), 0.0),
)
_SPEND = update(jobs).where(jobs.c.id == bindparam("job")).values(spent_usd=jobs.c.spent_usd + bindparam("usd"))


class Analyses:
    """Reads block; changes return futures that complete on commit."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    def find(self, key: str) -> Analysis | None:
        """The stored answer to this request, if any."""
        with self._database.read() as connection:
            return _find_on(connection, key)

    def find_useless(self, key: str) -> Analysis | None:
        """The latest discarded answer to this request, if any."""
        with self._database.read() as connection:
            keys = {"first": f"{key}{_DISCARDED}0", "last": f"{key}{_DISCARDED}:"}
            row = connection.execute(_USELESS, keys).one_or_none()
        return None if row is None else Analysis(*row)

    def discard(self, key: str) -> Future[None]:
        """Let the stored answer no longer answer its request; its text and price stay."""

        def work(connection: Connection) -> None:
            connection.execute(_DISCARD, {"request": key})

        return self._database.write(work)

    def uncertain_usd(self, job_id: int) -> float:
        """The worst cases of a job's calls whose outcome is unknown."""
        with self._database.read() as connection:
            return float(connection.execute(_UNCERTAIN_OF, {"job": job_id}).scalar_one())

    def under_way(self, keys: Sequence[str]) -> set[str]:
        """The requests among `keys` with a call in flight."""
        with self._database.read() as connection:
            return {row.key for row in rows_of(connection, _UNDER_WAY, keys)}

    def lease(self, claim: Claim, key: str, model: str, worst_usd: float) -> Future[Analysis | bool]:
        """Reserve a call that costs at most `worst_usd`: True if reserved, False if one is in flight, otherwise the stored
        answer. The future raises ClaimLost, CancelRequested."""
        now = self._clock.now()
        return self._database.write(lambda connection: _lease_on(connection, claim, key, model, worst_usd, now))

    def keep(self, analysis: Analysis, claim: Claim | None = None, call_usd: float | None = None) -> Future[None]:
        """Store a paid answer and add its price to its job's `spent_usd`; not fenced, because the money is spent either way.

        `call_usd` is the worst case of the call that `claim` leased. If the lease has ended, the worst case was counted as
        uncertain cost, and the price replaces it.
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

    def release(self, claim: Claim, key: str, call_usd: float) -> Future[None]:
        """Release the lease of a call that failed and was not billed. If the lease has ended, its worst case `call_usd` was
        counted as uncertain cost, and is taken off."""

        def work(connection: Connection) -> None:
            counted = _end_call_on(connection, key, claim, call_usd)
            spend_on(connection, claim.job_id, -counted)
            connection.execute(_UNASKED, {"request": key})

        return self._database.write(work)

    def uncertain(self, claim: Claim, key: str, call_usd: float) -> Future[None]:
        """Count the call's worst case, because its outcome is unknown, and release its lease."""
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
    if connection.execute(_CLAIM, fenced_by(claim)).one_or_none() is None:
        refuse_on(connection, claim, "the call is refused")
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
    """End the claim's call; returns the dollars counted as uncertain for it if its lease had already ended."""
    ours = {"request": key, **fenced_by(claim)}
    if connection.execute(_END_CALL, ours).rowcount:
        return 0.0
    counted = min(call_usd, float(connection.execute(_COUNTED, {"request": key}).scalar_one_or_none() or 0.0))
    if counted:
        connection.execute(_CERTAIN, {"request": key, "usd": counted})
    return counted


def spend_on(connection: Connection, job_id: int | None, usd: float) -> None:
    """Add dollars to a job's `spent_usd`."""
    if job_id is not None and usd:
        connection.execute(_SPEND, {"job": job_id, "usd": usd})
