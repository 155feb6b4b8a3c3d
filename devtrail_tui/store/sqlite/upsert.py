"""INSERT that changes the row it collides with: the dialects agree on the SQL, SQLAlchemy has one class for each."""

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
    """Insert a row; where one with the same `key` exists (the primary key if not given), set its `replaced` columns to the new
    row's and `values` to these expressions. With neither, the existing row stays as it is.

    `key_where` is the condition of a partial unique index, `where` that of the change; `new_value` names the new row's columns.
    """
    target: dict[str, Any] = {"index_elements": key or list(table.primary_key), "index_where": key_where}
    changes = {name: new_value(table.c[name]) for name in replaced} | values
    if not changes:
        return insert(table).on_conflict_do_nothing(**target)
    return insert(table).on_conflict_do_update(**target, set_=changes, where=where)


def new_value(column: Column[Any]) -> Any:
    """The column of the row that `upsert` would insert, for the expressions it is given."""
    return insert(column.table).excluded[column.name]
