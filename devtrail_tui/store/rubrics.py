"""The criteria a job judges by, fixed at its first read: an import between two of its attempts does not affect it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import asdict

from sqlalchemy import Connection, bindparam, select, update

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.errors import ClaimLost
from devtrail_tui.core.evidence import Criterion
from devtrail_tui.core.job import Claim
from devtrail_tui.store.database import Database
from devtrail_tui.store.job_rows import FENCE, fenced_by
from devtrail_tui.store.sqlite.upsert import upsert
from devtrail_tui.store.tables import jobs, rubrics

_FIXED = (
    select(jobs.c.rubric_key, rubrics.c.criteria)
    .select_from(jobs.outerjoin(rubrics, rubrics.c.key == jobs.c.rubric_key))
    .where(FENCE)
)
_ADD = upsert(rubrics)
_FIX = update(jobs).where(jobs.c.id == bindparam("job")).values(rubric_key=bindparam("rubric"))


class Rubrics:
    """Sets of criteria by hash, and the set of each job."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def fixed(self, claim: Claim, present: Sequence[Criterion]) -> Future[list[Criterion]]:
        """The job's criteria: those of its first read, otherwise `present`, from now on. The future raises ClaimLost."""
        criteria = [asdict(criterion) for criterion in present]
        key = hashlib.sha256(json.dumps(criteria, sort_keys=True).encode()).hexdigest()
        now = self._clock.now()

        def work(connection: Connection) -> list[Criterion]:
            row = connection.execute(_FIXED, fenced_by(claim)).one_or_none()
            if row is None:
                raise ClaimLost(f"Job {claim.job_id} is no longer this worker's.")
            if row.criteria is not None:
                return [Criterion(**fields) for fields in row.criteria]
            connection.execute(_ADD, {"key": key, "criteria": criteria, "created_at": now})
            connection.execute(_FIX, {"job": claim.job_id, "rubric": key})
            return list(present)

        return self._database.write(work)
