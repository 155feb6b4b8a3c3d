"""Identity by account, separate judgements, leases of paid calls, status events, service limits."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")

_JUDGEMENT = ("analysis_state", "analysis_note", "analysis_id", "analysed_at", "judged_pr_updated_at")


def upgrade() -> None:
    _queue()
    _analyses()
    _evidence()


def _queue() -> None:
    op.add_column("jobs", sa.Column("rubric_key", sa.Text()))
    op.create_table(
        "rubrics",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("criteria", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
    )
    op.create_table(
        "job_events",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("job_id", ROW_ID, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("from_status", sa.Text()),
        sa.Column("to_status", sa.Text()),
        sa.Column("claim_no", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("created_at", TIME, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_job_events_created", "job_events", ["created_at"])
    op.create_table(
        "service_limits",
        sa.Column("service", sa.Text(), primary_key=True),
        sa.Column("host", sa.Text(), primary_key=True),
        sa.Column("account", sa.Text(), primary_key=True),
        sa.Column("resource", sa.Text(), primary_key=True),
        sa.Column("limit", sa.Integer(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.Column("reset_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sqlite_with_rowid=False,
    )


def _analyses() -> None:
    op.add_column("analyses", sa.Column("answered_at", TIME))
    op.add_column("analyses", sa.Column("call_job_id", ROW_ID))
    op.add_column("analyses", sa.Column("call_claim_no", sa.Integer()))
    op.add_column("analyses", sa.Column("call_usd", sa.Float(), nullable=False, server_default="0"))
    op.add_column("analyses", sa.Column("uncertain_usd", sa.Float(), nullable=False, server_default="0"))
    op.execute("UPDATE analyses SET answered_at = created_at")
    op.create_index(
        "ix_analyses_call",
        "analyses",
        ["call_job_id"],
        sqlite_where=sa.text("call_job_id IS NOT NULL"),
        postgresql_where=sa.text("call_job_id IS NOT NULL"),
    )


def _evidence() -> None:
    # SQLite cannot drop a constraint: rebuild the table once, with the new columns.
    with op.batch_alter_table("evidence_entries", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_constraint("uq_evidence_entries_pull_request", type_="unique")
        batch.add_column(sa.Column("account_id", sa.Text()))
        batch.add_column(sa.Column("judged_pr_updated_at", TIME))
        batch.add_column(sa.Column("judged_by", sa.Text()))
    op.execute(
        "UPDATE evidence_entries SET judged_pr_updated_at = pr_updated_at WHERE analysis_state IN ('analysed', 'failed')"
    )
    # Entries that became "not analysed" (or failed) when their pull request changed still have their matches.
    op.execute(
        "UPDATE evidence_entries SET analysis_state = 'analysed', judged_pr_updated_at = NULL "
        "WHERE analysis_state <> 'analysed' AND analysed_at IS NOT NULL"
    )
    _merge_rows_that_differ_in_letter_case(op.get_bind())
    _unique_index("uq_evidence_entries_account", sa.text("account_id"), "account_id IS NOT NULL")
    _unique_index("uq_evidence_entries_login", sa.text("lower(login)"), "account_id IS NULL")


def _unique_index(name: str, person: sa.TextClause, condition: str) -> None:
    op.create_index(
        name,
        "evidence_entries",
        ["host", "node_id", person],
        unique=True,
        sqlite_where=sa.text(condition),
        postgresql_where=sa.text(condition),
    )


def _merge_rows_that_differ_in_letter_case(connection: sa.Connection) -> None:
    """One row for each pull request and login: the newest state of the pull request with the newest judgement."""
    rows = connection.execute(
        sa.text(
            "SELECT e.id, e.host, e.node_id, lower(e.login) AS login, e.pr_updated_at, e.analysed_at FROM evidence_entries e "
            "JOIN (SELECT host, node_id, lower(login) AS login FROM evidence_entries WHERE node_id IS NOT NULL "
            "GROUP BY host, node_id, lower(login) HAVING count(*) > 1) twice "
            "ON e.host = twice.host AND e.node_id = twice.node_id AND lower(e.login) = twice.login ORDER BY e.id"
        )
    ).all()
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for row in rows:
        groups.setdefault((row.host, row.node_id, row.login), []).append(row)
    for group in groups.values():
        newest = max(group, key=lambda row: (row.pr_updated_at, row.id))
        judged = [row for row in group if row.analysed_at is not None]
        judgement = max(judged, key=lambda row: (row.analysed_at, row.id)) if judged else newest
        if judgement.id != newest.id:
            _move_judgement(connection, judgement.id, newest.id)
        for row in group:
            if row.id != newest.id:
                _remove(connection, row.id, newest.id)


def _move_judgement(connection: sa.Connection, source: int, target: int) -> None:
    ids = {"source": source, "target": target}
    columns = ", ".join(_JUDGEMENT)
    connection.execute(
        sa.text(
            f"UPDATE evidence_entries SET ({columns}) = "  # noqa: S608 - constant column names
            f"(SELECT {columns} FROM evidence_entries WHERE id = :source) WHERE id = :target"
        ),
        ids,
    )
    connection.execute(sa.text("DELETE FROM evidence_criteria WHERE evidence_id = :target"), ids)
    connection.execute(sa.text("UPDATE evidence_criteria SET evidence_id = :target WHERE evidence_id = :source"), ids)


def _remove(connection: sa.Connection, row: int, target: int) -> None:
    """Delete a row with its references explicitly: foreign keys are off during SQLite migrations."""
    ids = {"row": row, "target": target}
    connection.execute(
        sa.text(
            "UPDATE verdicts SET evidence_id = :target WHERE evidence_id = :row AND criterion_id NOT IN "
            "(SELECT criterion_id FROM verdicts WHERE evidence_id = :target)"
        ),
        ids,
    )
    for table in ("verdicts", "evidence_criteria"):
        connection.execute(sa.text(f"DELETE FROM {table} WHERE evidence_id = :row"), ids)  # noqa: S608 - constant names
    connection.execute(sa.text("DELETE FROM evidence_entries WHERE id = :row"), ids)
