"""The active criteria. A criterion is retired, never deleted: matches and verdicts still refer to it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.resources import files

from sqlalchemy import Connection, bindparam, func, select, update

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.criteria_csv import parse
from devtrail_tui.core.errors import InvalidInput
from devtrail_tui.core.evidence import Criterion
from devtrail_tui.store.database import Database
from devtrail_tui.store.sqlite.upsert import upsert
from devtrail_tui.store.tables import criteria

_FIELDS = tuple(Criterion.__dataclass_fields__)
_COLUMNS = tuple(criteria.c[name] for name in _FIELDS)
_ALL = select(*_COLUMNS).order_by(criteria.c.retired_at.is_not(None), criteria.c.position, criteria.c.id)
_IN_FORCE = _ALL.where(criteria.c.retired_at.is_(None))
_COUNT = select(func.count()).select_from(criteria)
_STORED = select(*_COLUMNS, criteria.c.position, criteria.c.retired_at)
_PUT_IN_FORCE = upsert(criteria, *_FIELDS, "position", "retired_at", "updated_at")
_RETIRE = (
    update(criteria)
    .where(criteria.c.id == bindparam("criterion"))
    .values(retired_at=bindparam("now"), updated_at=bindparam("now"))
)


def default_criteria() -> list[Criterion]:
    """The rubric of a new database, in display order."""
    return parse(files("devtrail_tui.store").joinpath("default_criteria.csv").read_bytes())


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """Numbers of criteria that an import added, changed (or reactivated), retired, and left unchanged."""

    added: int
    changed: int
    retired: int
    unchanged: int


class CriteriaStore:
    """Reads and replaces the criteria. An empty database is seeded with the default rubric."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def list(self, *, include_retired: bool = False) -> Sequence[Criterion]:
        """The active criteria in import order, optionally followed by the retired ones."""
        statement = _ALL if include_retired else _IN_FORCE
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
            empty = not rows and connection.execute(_COUNT).scalar_one() == 0
        if empty:
            self._database.write(self._seed_on).result()
            with self._database.read() as connection:
                rows = connection.execute(statement).all()
        return [Criterion(*row) for row in rows]

    def import_(self, criteria: Sequence[Criterion]) -> Future[ImportCounts]:
        """Replace the active criteria, in this order: adds, changes, and retires missing ones.

        The future raises InvalidInput, without changes, for an empty list or a duplicate id.
        """
        now, new = self._clock.now(), tuple(criteria)
        return self._database.write(lambda connection: _import_on(connection, new, now))

    def _seed_on(self, connection: Connection) -> None:
        if connection.execute(_COUNT).scalar_one() == 0:  # re-check: another program may have seeded it
            _import_on(connection, default_criteria(), self._clock.now())


def _import_on(connection: Connection, new: Sequence[Criterion], now: datetime) -> ImportCounts:
    _check(new)
    stored = {row.id: tuple(row) for row in connection.execute(_STORED)}
    rows = [{**asdict(criterion), "position": position, "retired_at": None} for position, criterion in enumerate(new)]
    changes = [row for row in rows if stored.get(row["id"]) != tuple(row.values())]
    added = len({row["id"] for row in rows} - stored.keys())
    missing = stored.keys() - {row["id"] for row in rows}
    retired = [{"criterion": number, "now": now} for number in missing if stored[number][-1] is None]
    if changes:
        connection.execute(_PUT_IN_FORCE, [{**row, "created_at": now, "updated_at": now} for row in changes])
    if retired:
        connection.execute(_RETIRE, retired)
    return ImportCounts(added, len(changes) - added, len(retired), len(rows) - len(changes))


def _check(new: Sequence[Criterion]) -> None:
    if not new:
        raise InvalidInput({"": "The file has no criteria; nothing was changed."})
    ids = [criterion.id for criterion in new]
    repeated = sorted({name for name in ids if ids.count(name) > 1})
    if repeated:
        raise InvalidInput({"criterion_id": f"{', '.join(repeated)} occurs twice; give each criterion its own id."})
