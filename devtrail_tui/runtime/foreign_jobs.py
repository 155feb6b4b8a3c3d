"""Due jobs with settings that this version does not accept: they are left to a worker of the version that stored them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.errors import InvalidInput
from devtrail_tui.core.job_type import JobType
from devtrail_tui.store.database import Database
from devtrail_tui.store.queue import first_due

_logger = logging.getLogger(__name__)


class ForeignJobs:
    """The jobs that one worker must not claim, as far as it has met them."""

    def __init__(self, database: Database, worker_id: str, catalogue: Mapping[str, JobType[Any]], clock: Clock) -> None:
        self._database = database
        self._worker_id = worker_id
        self._catalogue = catalogue
        self._clock = clock
        self.ids: set[int] = set()

    def any_due(self, *, idle: bool) -> bool:
        """Whether the worker could claim a job now; `idle`: it runs nothing else."""
        types, now = tuple(self._catalogue), self._clock.now()
        while due := first_due(self._database, self._worker_id, types, now, idle=idle, excluded=self.ids):
            if not self.includes(due.id, due.type, due.config):
                return True
        return False

    def includes(self, job_id: int, type_name: str, config: Mapping[str, Any]) -> bool:
        """Whether the worker must leave this job alone."""
        try:
            self._catalogue[type_name].parse(config)
        except InvalidInput as error:
            if job_id not in self.ids:
                _logger.warning("job %d is left to another version of DevTrail: %s", job_id, error)
            self.ids.add(job_id)
            return True
        return False
