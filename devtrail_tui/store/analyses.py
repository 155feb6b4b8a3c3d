"""What was paid for, by the hash of the whole request, so that nothing is paid for twice."""

from __future__ import annotations

from concurrent.futures import Future

from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.dialects.sqlite import insert

from devtrail_tui.core.evidence import Analysis
from devtrail_tui.store.engine import Database
from devtrail_tui.store.tables import analyses, jobs

_COLUMNS = tuple(analyses.c[name] for name in Analysis.__dataclass_fields__)
_FIND = select(*_COLUMNS).where(analyses.c.key == bindparam("wanted"))
_NEW = insert(analyses)
_KEEP = _NEW.on_conflict_do_update(
    index_elements=[analyses.c.key],
    # Two workers that asked the same at once both paid: the first answer stays, the money adds up.
    set_={"cost_usd": func.coalesce(analyses.c.cost_usd, 0.0) + func.coalesce(_NEW.excluded.cost_usd, 0.0)},
)
_SPEND = update(jobs).where(jobs.c.id == bindparam("job")).values(spent_usd=jobs.c.spent_usd + bindparam("cost"))


class Analyses:
    """The ledger of paid answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, key: str) -> Analysis | None:
        """The stored answer to exactly this request, if there is one."""
        with self._database.read() as connection:
            row = connection.execute(_FIND, {"wanted": key}).one_or_none()
        return None if row is None else Analysis(*row)

    def keep(self, analysis: Analysis) -> Future[None]:
        """Store a paid answer and add its price to its job's `spent_usd`; not fenced, because money is spent either way."""
        values = {name: getattr(analysis, name) for name in Analysis.__dataclass_fields__ if name != "id"}
        values["usage"] = dict(analysis.usage)

        def work(connection: Connection) -> None:
            connection.execute(_KEEP, values)
            if analysis.job_id is not None and analysis.cost_usd:
                connection.execute(_SPEND, {"job": analysis.job_id, "cost": analysis.cost_usd})

        return self._database.write(work)
