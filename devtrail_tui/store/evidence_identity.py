"""Assigns entries to accounts: sets the account of rows without one, and merges rows of one person.

An account's id never changes; its login can. Rows of an earlier version have the login only.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from devtrail_tui.core.evidence import Ownership, PullRequest
from devtrail_tui.core.involvement import took_the_place
from devtrail_tui.core.pull_request_json import pull_request_from_json
from devtrail_tui.store.job_rows import in_list, rows_of
from devtrail_tui.store.tables import evidence_criteria, evidence_entries, verdicts

_JUDGEMENT = ("analysis_state", "analysis_note", "analysis_id", "analysed_at", "judged_pr_updated_at", "judged_by")
_columns = evidence_entries.c
_WITHOUT_ACCOUNT = select(_columns.id, _columns.node_id, _columns.login, _columns.content).where(
    _columns.host == bindparam("host"),
    in_list(_columns.node_id),
    _columns.account_id.is_(None),
)
_OF_ACCOUNT = select(_columns.id, _columns.content).where(
    _columns.host == bindparam("host"),
    _columns.node_id == bindparam("node"),
    _columns.account_id == bindparam("account"),
)
_GIVE = (
    update(evidence_entries)
    .where(_columns.id == bindparam("entry"))
    .values(account_id=bindparam("account"), login=bindparam("present"))
)
_EARLIER_LOGIN = (
    _columns.host == bindparam("at"),
    _columns.account_id == bindparam("account"),
    _columns.login != bindparam("present"),
)
_NAMED_OTHERWISE = select(_columns.id).where(*_EARLIER_LOGIN).limit(1)
_RENAME = update(evidence_entries).where(*_EARLIER_LOGIN).values(login=bindparam("present"))
_JUDGED_AT = select(_columns.analysed_at).where(_columns.id == bindparam("entry"))
_SOURCE = evidence_entries.alias("source")
_MOVE_JUDGEMENT = (
    update(evidence_entries)
    .where(_columns.id == bindparam("target"))
    .values(
        {
            name: select(_SOURCE.c[name]).where(_SOURCE.c.id == bindparam("source")).scalar_subquery()
            for name in _JUDGEMENT
        }
    )
)
FORGET_MATCHES = delete(evidence_criteria).where(evidence_criteria.c.evidence_id == bindparam("entry"))
_MOVE_MATCHES = (
    update(evidence_criteria)
    .where(evidence_criteria.c.evidence_id == bindparam("source"))
    .values(evidence_id=bindparam("target"))
)
_DECIDED = verdicts.alias("decided")
_MOVE_VERDICTS = (
    update(verdicts)
    .where(
        verdicts.c.evidence_id == bindparam("source"),
        verdicts.c.criterion_id.not_in(
            select(_DECIDED.c.criterion_id).where(_DECIDED.c.evidence_id == bindparam("target"))
        ),
    )
    .values(evidence_id=bindparam("target"))
)
_FORGET_VERDICTS = delete(verdicts).where(verdicts.c.evidence_id == bindparam("source"))
_FORGET_ENTRY = delete(evidence_entries).where(_columns.id == bindparam("source"))


def lacks_identity_on(connection: Connection, ownership: Ownership) -> bool:
    """Whether `identify_on` has something to do."""
    account = {"at": ownership.host, "account": ownership.account_id, "present": ownership.login}
    if connection.execute(_NAMED_OTHERWISE, account).first() is not None:
        return True
    return any(True for _row in rows_of(connection, _WITHOUT_ACCOUNT, ownership.node_ids, host=ownership.host))


def identify_on(connection: Connection, ownership: Ownership) -> None:
    """Set the account of its rows among these pull requests, and its current login on all of its rows."""
    account = {"account": ownership.account_id, "present": ownership.login}
    connection.execute(_RENAME, {"at": ownership.host, **account})
    present = ownership.login.casefold()
    rows = rows_of(connection, _WITHOUT_ACCOUNT, ownership.node_ids, host=ownership.host)
    # Rows of the current login first: rows of earlier logins are merged into them.
    for row in sorted(rows, key=lambda row: row.login.casefold() != present):
        own_row = _own_row(connection, ownership.host, row.node_id, ownership.account_id)
        if row.login.casefold() == present:
            _take(connection, row.id, own_row.id if own_row else None, account)
        elif own_row is not None and _renamed(row, pull_request_from_json(own_row.content), ownership.login):
            _merge(connection, row.id, own_row.id)


def take_over_on(connection: Connection, present: PullRequest, account_id: str, login: str) -> None:
    """Assign the row of a pull request that is stored without an account, under its present or an earlier login."""
    for row in list(rows_of(connection, _WITHOUT_ACCOUNT, [present.node_id], host=present.host)):
        if row.login.casefold() == login.casefold() or _renamed(row, present, login):
            own_row = _own_row(connection, present.host, present.node_id, account_id)
            _take(connection, row.id, own_row.id if own_row else None, {"account": account_id, "present": login})


def _own_row(connection: Connection, host: str, node_id: str, account_id: str) -> Any:
    return connection.execute(_OF_ACCOUNT, {"host": host, "node": node_id, "account": account_id}).one_or_none()


def _renamed(row: Any, present: PullRequest, login: str) -> bool:
    return took_the_place(pull_request_from_json(row.content), row.login, present, login)


def _take(connection: Connection, entry: int, own: int | None, account: dict[str, str]) -> None:
    if own is None:
        connection.execute(_GIVE, {"entry": entry, **account})
    else:
        _merge(connection, entry, own)


def _merge(connection: Connection, source: int, target: int) -> None:
    """Merge two rows of one person into `target`; the newest judgement and all verdicts are kept."""
    moved = {"source": source, "target": target}
    judged = [connection.execute(_JUDGED_AT, {"entry": entry}).scalar_one() for entry in (source, target)]
    if judged[0] is not None and (judged[1] is None or judged[0] > judged[1]):
        connection.execute(_MOVE_JUDGEMENT, moved)
        connection.execute(FORGET_MATCHES, {"entry": target})
        connection.execute(_MOVE_MATCHES, moved)
    connection.execute(_MOVE_VERDICTS, moved)
    connection.execute(_FORGET_VERDICTS, moved)
    connection.execute(_FORGET_ENTRY, moved)
