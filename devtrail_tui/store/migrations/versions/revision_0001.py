"""The initial schema: all tables with all columns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    _jobs()
    _evidence()


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("repositories", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("progress", sa.Float(), nullable=False),
        sa.Column("progress_detail", sa.Text()),
        sa.Column("last_progress_at", TIME),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("result", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("claim_no", sa.Integer(), nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("run_at", TIME, nullable=False),
        sa.Column("waiting_for", sa.Text()),
        sa.Column("timeout_s", sa.Float()),
        sa.Column("limits", sa.Text()),
        sa.Column("unique_key", sa.Text()),
        sa.Column("needs_worker", sa.Text()),
        sa.Column("worker_id", sa.Text()),
        sa.Column("lease_expires_at", TIME),
        sa.Column("cancel_requested_at", TIME),
        sa.Column("schedule_id", ROW_ID),
        sa.Column("retry_of", ROW_ID),
        sa.Column("spent_usd", sa.Float(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("started_at", TIME),
        sa.Column("completed_at", TIME),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_jobs_completed",
        "jobs",
        ["completed_at"],
        sqlite_where=sa.text("completed_at IS NOT NULL"),
        postgresql_where=sa.text("completed_at IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_due",
        "jobs",
        ["run_at"],
        sqlite_where=sa.text("status = 'PENDING'"),
        postgresql_where=sa.text("status = 'PENDING'"),
    )
    op.create_index("ix_jobs_listing", "jobs", ["id", "status", "type"])
    op.create_index(
        "ix_jobs_pending",
        "jobs",
        [sa.text("priority DESC"), "run_at", "id"],
        sqlite_where=sa.text("status = 'PENDING'"),
        postgresql_where=sa.text("status = 'PENDING'"),
    )
    op.create_index(
        "ix_jobs_running",
        "jobs",
        ["id"],
        sqlite_where=sa.text("status = 'RUNNING'"),
        postgresql_where=sa.text("status = 'RUNNING'"),
    )
    op.create_index(
        "uq_jobs_active_unique_key",
        "jobs",
        ["unique_key"],
        unique=True,
        sqlite_where=sa.text("unique_key IS NOT NULL AND status IN ('PENDING', 'RUNNING')"),
        postgresql_where=sa.text("unique_key IS NOT NULL AND status IN ('PENDING', 'RUNNING')"),
    )
    op.create_table(
        "job_attempts",
        sa.Column("job_id", ROW_ID, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("claim_no", sa.Integer(), primary_key=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("worker_id", sa.Text(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.Column("outcome", sa.Text()),
        sa.Column("error", sa.Text()),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "job_dependencies",
        sa.Column("job_id", ROW_ID, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("depends_on", ROW_ID, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_job_dependencies_depends_on", "job_dependencies", ["depends_on"])
    op.create_table(
        "job_logs",
        sa.Column("job_id", ROW_ID, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("seq", sa.Integer(), primary_key=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("timestamp", TIME, nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "job_counts",
        sa.Column("status", sa.Text(), primary_key=True),
        sa.Column("type", sa.Text(), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "schedules",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("name", sa.Text(), nullable=False, unique=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("next_run_at", TIME),
        sa.Column("last_run_at", TIME),
        sa.Column("paused_at", TIME),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "queue_pauses",
        sa.Column("type", sa.Text(), primary_key=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("paused_at", TIME, nullable=False),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("process_started_at", sa.Float(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("concurrency", sa.Integer(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("last_seen_at", TIME, nullable=False),
    )
    op.create_table(
        "sync_cursors",
        sa.Column("job_id", ROW_ID, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("repository", sa.Text(), primary_key=True),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sqlite_with_rowid=False,
    )


def _evidence() -> None:
    op.create_table(
        "evidence_entries",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("host", sa.Text()),
        sa.Column("node_id", sa.Text()),
        sa.Column("pr_number", sa.Integer()),
        sa.Column("pr_url", sa.Text()),
        sa.Column("repository", sa.Text()),
        sa.Column("occurred_at", TIME, nullable=False),
        sa.Column("merged_at", TIME),
        sa.Column("pr_updated_at", TIME),
        sa.Column("additions", sa.Integer(), nullable=False),
        sa.Column("deletions", sa.Integer(), nullable=False),
        sa.Column("changed_files", sa.Integer(), nullable=False),
        sa.Column("days_open", sa.Float()),
        sa.Column("hours_to_first_review", sa.Float()),
        sa.Column("review_rounds", sa.Integer()),
        sa.Column("components", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("analysis_state", sa.Text(), nullable=False),
        sa.Column("analysis_note", sa.Text(), nullable=False),
        sa.Column("analysis_id", ROW_ID),
        sa.Column("analysed_at", TIME),
        sa.Column("job_id", ROW_ID),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.UniqueConstraint("host", "node_id", "login", name="uq_evidence_entries_pull_request"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_evidence_entries_occurred", "evidence_entries", ["occurred_at", "id"])
    op.create_index("ix_evidence_entries_repository", "evidence_entries", ["login", "repository"])
    op.create_table(
        "evidence_criteria",
        sa.Column("evidence_id", ROW_ID, sa.ForeignKey("evidence_entries.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("criterion_id", sa.Text(), primary_key=True),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("quotes", sa.Text(), nullable=False),
        sa.Column("analysis_id", ROW_ID),
        sa.Column("created_at", TIME, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_evidence_criteria_criterion", "evidence_criteria", ["criterion_id", "confidence"])
    op.create_table(
        "criteria",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("area_of_concentration", sa.Text(), nullable=False),
        sa.Column("subarea", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("pr_detectable", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("retired_at", TIME),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
    )
    op.create_table(
        "verdicts",
        sa.Column("evidence_id", ROW_ID, sa.ForeignKey("evidence_entries.id", ondelete="RESTRICT"), primary_key=True),
        sa.Column("criterion_id", sa.Text(), primary_key=True),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "analyses",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("key", sa.Text(), nullable=False, unique=True),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("stop_reason", sa.Text(), nullable=False),
        sa.Column("usage", sa.Text(), nullable=False),
        sa.Column("cost_usd", sa.Float()),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("job_id", ROW_ID),
        sa.Column("created_at", TIME, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_analyses_created", "analyses", ["created_at", "cost_usd"])
    op.create_table(
        "reports",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("job_id", ROW_ID),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "secrets",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("ciphertext", sa.Text()),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
    )
