"""Deletes evidence at a person's request: the entry, its judgements and verdicts, and the stored texts of its analyses.

What the analyses cost stays in the ledger. A deleted answer no longer answers its request.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

from sqlalchemy import Connection, Text, cast, delete, func, select, update

from devtrail_tui.store.database import Database
from devtrail_tui.store.job_rows import in_list, rows_of
from devtrail_tui.store.tables import analyses, evidence_criteria, evidence_entries, verdicts

_DELETED = "#deleted "
_BATCH = 500
_ANALYSES = select(evidence_entries.c.analysis_id).where(
    in_list(evidence_entries.c.id), evidence_entries.c.analysis_id.is_not(None)
)
_STILL_USED = select(evidence_entries.c.analysis_id).where(in_list(evidence_entries.c.analysis_id))
_KEYS = select(analyses.c.key).where(in_list(analyses.c.id))
_FORGET_MATCHES = delete(evidence_criteria).where(in_list(evidence_criteria.c.evidence_id))
_FORGET_VERDICTS = delete(verdicts).where(in_list(verdicts.c.evidence_id))
_FORGET_ENTRIES = delete(evidence_entries).where(in_list(evidence_entries.c.id))
_OF_REPOSITORIES = select(evidence_entries.c.id).where(in_list(func.lower(evidence_entries.c.repository)))


def ids_of_repositories(database: Database, names: Sequence[str]) -> list[int]:
    """The entries of these repositories, whatever their letter case."""
    with database.read() as connection:
        return [row.id for row in rows_of(connection, _OF_REPOSITORIES, [name.lower() for name in names])]


def known_ids(database: Database, ids: Sequence[int]) -> list[int]:
    """Those of the ids that are stored."""
    with database.read() as connection:
        return [
            row.id
            for row in rows_of(connection, select(evidence_entries.c.id).where(in_list(evidence_entries.c.id)), ids)
        ]


def delete_evidence(database: Database, ids: Sequence[int]) -> Future[int]:
    """Delete the entries in one transaction; the future returns their number."""

    def work(connection: Connection) -> int:
        return sum(_delete_on(connection, ids[start : start + _BATCH]) for start in range(0, len(ids), _BATCH))

    return database.write(work)


def _delete_on(connection: Connection, ids: Sequence[int]) -> int:
    used = [row.analysis_id for row in rows_of(connection, _ANALYSES, ids)]
    for statement in (_FORGET_MATCHES, _FORGET_VERDICTS):
        connection.execute(statement, {"values": list(ids)})
    deleted = connection.execute(_FORGET_ENTRIES, {"values": list(ids)}).rowcount
    shared = {row.analysis_id for row in rows_of(connection, _STILL_USED, used)}
    for row in list(rows_of(connection, _KEYS, [number for number in used if number not in shared])):
        connection.execute(
            update(analyses)
            .where((analyses.c.key == row.key) | analyses.c.key.startswith(f"{row.key}#", autoescape=True))
            .values(answer="", key=_DELETED + cast(analyses.c.id, Text))
        )
    return deleted
