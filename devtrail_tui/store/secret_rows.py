"""The table `secrets`: what is kept encrypted, by entry."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from devtrail_tui.store.tables import secrets

LOCATION = "encrypted"


def ciphertext_of(connection: Connection, entry: str) -> str | None:
    """The encrypted value of an entry, or None."""
    found: str | None = connection.execute(
        select(secrets.c.ciphertext).where(secrets.c.name == entry)
    ).scalar_one_or_none()
    return found


def put(connection: Connection, entry: str, ciphertext: str, now: datetime) -> None:
    """Store an encrypted value over an earlier one."""
    values = {"location": LOCATION, "ciphertext": ciphertext, "updated_at": now}
    if connection.execute(update(secrets).where(secrets.c.name == entry).values(**values)).rowcount == 0:
        connection.execute(insert(secrets).values(name=entry, created_at=now, **values))


def drop(connection: Connection, entry: str) -> bool:
    """Delete an entry; False where there was none."""
    return connection.execute(delete(secrets).where(secrets.c.name == entry)).rowcount > 0
