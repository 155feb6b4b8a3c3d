"""INSERT with conflict handling: the SQL is the same in all dialects, but SQLAlchemy has one class per dialect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Table
from sqlalchemy.dialects.sqlite import Insert, insert


def upsert(
    table: Table,
    *replaced: str,
    key: Sequence[Any] = (),
    key_where: Any = None,
    where: Any = None,
    **values: Any,
) -> Insert:
    """Insert a row; on a conflict with the same `key` (default: the primary key), set its `replaced` columns to the new row's and
    `values` to these expressions. With neither, the existing row is unchanged.

    `key_where` is the condition of a partial unique index, `where` that of the update; `new_value` refers to the new row.
    """
    target: dict[str, Any] = {"index_elements": key or list(table.primary_key), "index_where": key_where}
    changes = {name: new_value(table.c[name]) for name in replaced} | values
    if not changes:
        return insert(table).on_conflict_do_nothing(**target)
    return insert(table).on_conflict_do_update(**target, set_=changes, where=where)


def new_value(column: Column[Any]) -> Any:
    """The column of the row to insert, for expressions in `values`."""
    return insert(column.table).excluded[column.name]
