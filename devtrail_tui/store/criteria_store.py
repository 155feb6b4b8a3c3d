"""The criteria in force. A criterion is retired and never deleted: matches and verdicts go on naming it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, null, select, update

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.errors import InvalidInput
from devtrail_tui.core.evidence import Criterion
from devtrail_tui.store.default_criteria import default_criteria
from devtrail_tui.store.engine import Database
from devtrail_tui.store.tables import criteria

_COLUMNS = tuple(criteria.c[name] for name in Criterion.__dataclass_fields__)
_ALL = select(*_COLUMNS).order_by(criteria.c.retired_at.is_not(None), criteria.c.position, criteria.c.id)
_IN_FORCE = _ALL.where(criteria.c.retired_at.is_(None))
_RETIRED_IDS = select(criteria.c.id).where(criteria.c.retired_at.is_not(None))
_ANY = select(func.count()).select_from(criteria)
_STORED = select(*_COLUMNS, criteria.c.position, criteria.c.retired_at)
_ADD = insert(criteria)
_CHANGE = (
    update(criteria)
    .where(criteria.c.id == bindparam("criterion"))
    .values(
        area_of_concentration=bindparam("area"),
        subarea=bindparam("sub"),
        description=bindparam("text"),
        pr_detectable=bindparam("detectable"),
        position=bindparam("place"),
        retired_at=null(),
        updated_at=bindparam("now"),
    )
)
_RETIRE = (
    update(criteria)
    .where(criteria.c.id == bindparam("criterion"))
    .values(retired_at=bindparam("now"), updated_at=bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class Imported:
    """How many criteria an import added, changed (or took back from retirement), retired, and left as they were."""

    added: int
    changed: int
    retired: int
    unchanged: int


class CriteriaStore:
    """Reads and replaces the criteria. A database that never had any begins with the default rubric."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def list(self, *, include_retired: bool = False) -> Sequence[Criterion]:
        """The criteria in force, in the order of their import; the retired ones after them if asked for."""
        statement = _ALL if include_retired else _IN_FORCE
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
            never_any = not rows and connection.execute(_ANY).scalar_one() == 0
        if never_any:
            self._database.write(self._seed_on).result()
            with self._database.read() as connection:
                rows = connection.execute(statement).all()
        return [Criterion(*row) for row in rows]

    def retired_ids(self) -> frozenset[str]:
        """The criteria that are no longer in force."""
        with self._database.read() as connection:
            return frozenset(connection.execute(_RETIRED_IDS).scalars())

    def import_(self, criteria: Sequence[Criterion]) -> Future[Imported]:
        """Put these in force, in this order: adds, changes, and retires what is missing.

        The future raises InvalidInput, nothing changed, for an empty list or a doubled id.
        """
        now = self._clock.now()
        wanted = tuple(criteria)
        return self._database.write(lambda connection: _import_on(connection, wanted, now))

    def _seed_on(self, connection: Connection) -> None:
        if connection.execute(_ANY).scalar_one() == 0:  # asked again: another program may have been first
            _import_on(connection, default_criteria(), self._clock.now())


def _import_on(connection: Connection, wanted: Sequence[Criterion], now: datetime) -> Imported:
    _refuse(wanted)
    stored = {row.id: row for row in connection.execute(_STORED)}
    added = [_new_row(each, place, now) for place, each in enumerate(wanted) if each.id not in stored]
    changed = [
        _changed_row(each, place, now)
        for place, each in enumerate(wanted)
        if each.id in stored and _differs(stored[each.id], each, place)
    ]
    kept = {each.id for each in wanted}
    retired = [
        {"criterion": row.id, "now": now} for row in stored.values() if row.id not in kept and row.retired_at is None
    ]
    for statement, rows in ((_ADD, added), (_CHANGE, changed), (_RETIRE, retired)):
        if rows:
            connection.execute(statement, rows)
    return Imported(len(added), len(changed), len(retired), len(wanted) - len(added) - len(changed))


def _refuse(wanted: Sequence[Criterion]) -> None:
    if not wanted:
        raise InvalidInput({"": "There is no criterion in this file; nothing was changed."})
    ids = [each.id for each in wanted]
    doubled = sorted({each for each in ids if ids.count(each) > 1})
    if doubled:
        raise InvalidInput({"criterion_id": f"{', '.join(doubled)} stands twice; give each criterion its own id."})


def _differs(row: Any, wanted: Criterion, place: int) -> bool:
    return Criterion(*row[: len(_COLUMNS)]) != wanted or row.position != place or row.retired_at is not None


def _new_row(each: Criterion, place: int, now: datetime) -> dict[str, Any]:
    values = {name: getattr(each, name) for name in Criterion.__dataclass_fields__}
    return {**values, "position": place, "created_at": now, "updated_at": now}


def _changed_row(each: Criterion, place: int, now: datetime) -> dict[str, Any]:
    return {
        "criterion": each.id,
        "area": each.area_of_concentration,
        "sub": each.subarea,
        "text": each.description,
        "detectable": each.pr_detectable,
        "place": place,
        "now": now,
    }
