"""Ends of a claim by its owner: completed, failed, cancelled, or returned to the queue.

A cancel request does not change an end that happened first: it is recorded as COMPLETED or FAILED. A job that would return to
the queue (stop, retry, lost lease) becomes CANCELLED instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, null

from devtrail_tui.core.job import Claim, Status
from devtrail_tui.store.job_rows import OF_CLAIM, fenced_by
from devtrail_tui.store.queue.transitions import Transition
from devtrail_tui.store.tables import jobs

RETRIED, RELEASED, WAITED, WAITED_AFTER_PROGRESS = "retried", "released", "waited", "saved, then waited"
"""Outcomes of attempts that returned their job to the queue; `waited`: for the network or a service."""
NO_OWNER = {"worker_id": null(), "lease_expires_at": null()}
CANCEL_REQUESTED = jobs.c.cancel_requested_at.is_not(None)
_KEEP_PLACE = case((jobs.c.run_at > bindparam("now"), bindparam("now", type_=jobs.c.run_at.type)), else_=jobs.c.run_at)
"""A stopped job runs before later ones; at once, even if a fast clock enqueued it."""


def _finishing(target: Status, **values: Any) -> Transition:
    return Transition(
        Status.RUNNING,
        target,
        OF_CLAIM,
        outcomes={target: target.lower()},
        completed_at=bindparam("now"),
        waiting_for=null(),
        **NO_OWNER,
        **values,
    )


def _giving_back(outcome: str, *, attempt: Any, **values: Any) -> Transition:
    """To PENDING; to CANCELLED after a cancel request. Without `due` the job keeps its place in the queue."""
    return Transition(
        Status.RUNNING,
        case((CANCEL_REQUESTED, Status.CANCELLED.value), else_=Status.PENDING.value),
        OF_CLAIM,
        outcomes={Status.PENDING: outcome, Status.CANCELLED: "cancelled"},
        completed_at=case((CANCEL_REQUESTED, bindparam("now", type_=jobs.c.completed_at.type)), else_=null()),
        waiting_for=case((CANCEL_REQUESTED, null()), else_=bindparam("waiting", type_=jobs.c.waiting_for.type)),
        run_at=func.coalesce(bindparam("due", type_=jobs.c.run_at.type), _KEEP_PLACE),
        attempt=attempt,
        **NO_OWNER,
        **values,
    )


FINISH = _finishing(
    Status.COMPLETED, progress=100.0, result=bindparam("outcome", type_=jobs.c.result.type), error=null(), crashes=0
)
FAIL = _finishing(Status.FAILED, error=bindparam("why"))
CANCELLED = _finishing(Status.CANCELLED, error=bindparam("why"))
_TRY_BACK = jobs.c.attempt - 1
_ERROR: dict[str, Any] = {"error": bindparam("why")}
RETRY_LATER = {
    (False, False): _giving_back(RETRIED, attempt=jobs.c.attempt, **_ERROR),
    (False, True): _giving_back(RETRIED, attempt=_TRY_BACK, **_ERROR),
    (True, False): _giving_back(WAITED, attempt=_TRY_BACK, **_ERROR),
    (True, True): _giving_back(WAITED_AFTER_PROGRESS, attempt=_TRY_BACK, **_ERROR),
}
"""By whether the network or a service is down, and whether the attempt stored something new."""
RELEASE = _giving_back(RELEASED, attempt=_TRY_BACK)


def end(connection: Connection, ending: Transition, claim: Claim, parameters: Mapping[str, Any], now: datetime) -> bool:
    """End a claim. False if the claim is lost."""
    reason = parameters.get("why") or parameters.get("waiting")
    return ending.apply(connection, {**fenced_by(claim), "now": now, **parameters}, reason) is not None
