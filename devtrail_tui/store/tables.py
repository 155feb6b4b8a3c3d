"""The current tables. `migrations` creates them; a test compares the two."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    literal_column,
    text,
)

from devtrail_tui.store.column_types import ROW_ID, Json, SafeLine, SafeText, UtcTime

MAX_MESSAGE = 10_000
"""Maximum characters of a stored log line or error."""
MAX_TITLE = 500
MAX_SHORT = 1_000

metadata = MetaData()

PENDING = literal_column("'PENDING'", Text)
RUNNING = literal_column("'RUNNING'", Text)
"""Literals instead of parameters: SQLite uses a partial index only if it sees the value when it prepares the statement."""


def _not_null(type_: Any, *names: str) -> list[Column[Any]]:
    return [Column(name, type_, nullable=False) for name in names]


def _nullable(type_: Any, *names: str) -> list[Column[Any]]:
    return [Column(name, type_) for name in names]


def _part_of(parent: str, name: str) -> Column[Any]:
    """A column of the primary key: the row is deleted with its parent row."""
    return Column(name, ROW_ID, ForeignKey(f"{parent}.id", ondelete="CASCADE"), primary_key=True)


jobs = Table(
    "jobs",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("type", Text, nullable=False),
    Column("title", SafeLine(MAX_TITLE), nullable=False),
    Column("search_text", SafeLine(MAX_TITLE), nullable=False),  # the title case-folded: SQLite folds ASCII only
    Column(
        "repositories", SafeText, nullable=False
    ),  # "\nacme/shop\nacme/api\n": searchable without parsing the config
    Column("status", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("progress", Float, nullable=False),
    Column("progress_detail", Json),
    Column("last_progress_at", UtcTime),
    Column("config", Json, nullable=False),
    Column("result", Json),
    Column("error", SafeLine(MAX_MESSAGE)),
    *_not_null(Integer, "attempt", "max_attempts", "claim_no", "crashes"),
    Column("last_seq", Integer, nullable=False),  # number of the newest line of its log
    Column("run_at", UtcTime, nullable=False),
    Column("waiting_for", SafeLine(MAX_SHORT)),
    Column("timeout_s", Float),
    Column("limits", Json),
    *_nullable(Text, "unique_key", "needs_worker", "worker_id"),
    *_nullable(UtcTime, "lease_expires_at", "cancel_requested_at"),
    *_nullable(ROW_ID, "schedule_id", "retry_of"),
    Column("spent_usd", Float, nullable=False),  # uncertain cost (analyses.uncertain_usd) included
    *_not_null(UtcTime, "created_at", "updated_at"),
    *_nullable(UtcTime, "started_at", "completed_at"),
    Column("rubric_key", Text),  # names the criteria that all attempts of the job judge by
    sqlite_autoincrement=True,  # ids of deleted jobs are never reused
)
# SQLite only: naming PostgreSQL here would import its dialect at every start (the migration has both).
_PENDING_ONLY = text("status = 'PENDING'")
Index("ix_jobs_pending", jobs.c.priority.desc(), jobs.c.run_at, jobs.c.id, sqlite_where=_PENDING_ONLY)
Index("ix_jobs_due", jobs.c.run_at, sqlite_where=_PENDING_ONLY)
Index("ix_jobs_running", jobs.c.id, sqlite_where=text("status = 'RUNNING'"))
Index("ix_jobs_completed", jobs.c.completed_at, sqlite_where=text("completed_at IS NOT NULL"))
Index("ix_jobs_listing", jobs.c.id, jobs.c.status, jobs.c.type)  # for lists and filters without reading the wide rows
Index(
    "uq_jobs_active_unique_key",
    jobs.c.unique_key,
    unique=True,
    sqlite_where=text("unique_key IS NOT NULL AND status IN ('PENDING', 'RUNNING')"),
)

job_attempts = Table(
    "job_attempts",
    metadata,
    _part_of("jobs", "job_id"),
    Column("claim_no", Integer, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("worker_id", Text, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("outcome", Text),
    Column("error", SafeLine(MAX_MESSAGE)),
    sqlite_with_rowid=False,
)

job_dependencies = Table(
    "job_dependencies",
    metadata,
    _part_of("jobs", "job_id"),
    _part_of("jobs", "depends_on"),
    Index("ix_job_dependencies_depends_on", "depends_on"),
    sqlite_with_rowid=False,
)

job_logs = Table(
    "job_logs",
    metadata,
    _part_of("jobs", "job_id"),
    Column("seq", Integer, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("timestamp", UtcTime, nullable=False),
    Column("level", Text, nullable=False),
    Column("message", SafeLine(MAX_MESSAGE), nullable=False),
    sqlite_with_rowid=False,
)

job_counts = Table(
    "job_counts",
    metadata,
    Column("status", Text, primary_key=True),
    Column("type", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    sqlite_with_rowid=False,
)

job_events = Table(
    "job_events",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("job_id", ROW_ID, nullable=False),  # no foreign key: events outlive jobs
    Column("type", Text, nullable=False),
    Column("from_status", Text),  # None: the job was created
    Column("to_status", Text),  # None: the job was deleted
    Column("claim_no", Integer, nullable=False),
    Column("reason", SafeLine(MAX_MESSAGE)),
    Column("created_at", UtcTime, nullable=False),
    Index("ix_job_events_created", "created_at"),
    sqlite_autoincrement=True,  # readers remember the last id they handled
)

service_limits = Table(
    "service_limits",
    metadata,
    *(Column(name, SafeLine(MAX_SHORT), primary_key=True) for name in ("service", "host", "account", "resource")),
    *_not_null(Integer, "limit", "remaining"),
    *_not_null(UtcTime, "reset_at", "seen_at"),
    sqlite_with_rowid=False,
)

schedules = Table(
    "schedules",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("name", SafeLine(MAX_TITLE), nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("config", Json, nullable=False),
    Column("rule", SafeLine(MAX_SHORT), nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    *_nullable(UtcTime, "next_run_at", "last_run_at", "paused_at"),
    *_not_null(UtcTime, "created_at", "updated_at"),
    sqlite_autoincrement=True,
)

queue_pauses = Table(
    "queue_pauses",
    metadata,
    Column("type", Text, primary_key=True),  # a job type, or "*" for the whole queue
    Column("reason", SafeLine(MAX_SHORT), nullable=False),
    Column("paused_at", UtcTime, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_started_at", Float, nullable=False),  # seconds as in runtime.process; compared, never shown
    Column("title", SafeLine(MAX_TITLE), nullable=False),
    Column("concurrency", Integer, nullable=False),
    *_not_null(UtcTime, "started_at", "last_seen_at"),
)

evidence_entries = Table(
    "evidence_entries",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("type", Text, nullable=False),
    Column("title", SafeLine(MAX_TITLE), nullable=False),
    Column("description", SafeText, nullable=False),
    Column("search_text", SafeText, nullable=False),  # title, repository and description case-folded
    Column("content", Json, nullable=False),
    Column("login", Text, nullable=False),
    *_nullable(Text, "host", "node_id"),
    Column("pr_number", Integer),
    *_nullable(SafeLine(MAX_SHORT), "pr_url", "repository"),
    Column("occurred_at", UtcTime, nullable=False),  # the order of lists: merged_at for a pull request
    *_nullable(UtcTime, "merged_at", "pr_updated_at"),
    *_not_null(Json, "components", "roles"),
    Column("analysis_state", Text, nullable=False),
    Column("analysis_note", SafeLine(MAX_MESSAGE), nullable=False),
    Column("analysis_id", ROW_ID),
    Column("analysed_at", UtcTime),
    Column("job_id", ROW_ID),  # the job of its last save; no foreign key: evidence outlives jobs
    *_not_null(UtcTime, "created_at", "updated_at"),
    Column("account_id", Text),  # the owner; None until a sync identifies it, until then `login`
    Column("judged_pr_updated_at", UtcTime),  # the pr_updated_at that was judged
    Column("judged_by", Text),  # key of model, instructions, rubric and context; None: not recorded
    Column("figures", Json, nullable=False, server_default="{}"),  # by name, see core.figures
    Index("ix_evidence_entries_occurred", "occurred_at", "id"),
    Index("ix_evidence_entries_repository", "login", "repository"),
    sqlite_autoincrement=True,
)
for _person, _column, _condition in (
    ("account", evidence_entries.c.account_id, "account_id IS NOT NULL"),  # empty ids never collide in a unique index
    ("login", func.lower(evidence_entries.c.login), "account_id IS NULL"),
):
    Index(
        f"uq_evidence_entries_{_person}",
        evidence_entries.c.host,
        evidence_entries.c.node_id,
        _column,
        unique=True,
        sqlite_where=text(_condition),
    )

evidence_criteria = Table(
    "evidence_criteria",
    metadata,
    _part_of("evidence_entries", "evidence_id"),
    Column("criterion_id", Text, primary_key=True),  # no foreign key: matches outlive criteria
    Column("confidence", Float, nullable=False),
    Column("explanation", SafeText, nullable=False),
    Column("quotes", Json, nullable=False),
    Column("analysis_id", ROW_ID),
    Column("created_at", UtcTime, nullable=False),
    Column("quote_places", Json, nullable=False, server_default="[]"),
    Index("ix_evidence_criteria_criterion", "criterion_id", "confidence"),
    sqlite_with_rowid=False,
)

criteria = Table(
    "criteria",
    metadata,
    Column("id", SafeLine(MAX_SHORT), primary_key=True),
    *_not_null(SafeLine(MAX_SHORT), "area_of_concentration", "subarea"),
    Column("description", SafeText, nullable=False),
    Column("pr_detectable", Boolean, nullable=False),
    Column("position", Integer, nullable=False),
    Column("retired_at", UtcTime),
    *_not_null(UtcTime, "created_at", "updated_at"),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("evidence_id", ROW_ID, ForeignKey("evidence_entries.id", ondelete="RESTRICT"), primary_key=True),
    Column("criterion_id", Text, primary_key=True),
    Column("verdict", Text, nullable=False),
    Column("confidence", Float),
    Column("note", SafeText, nullable=False),
    *_not_null(UtcTime, "created_at", "updated_at"),
    sqlite_with_rowid=False,
)

analyses = Table(
    "analyses",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("model", SafeLine(MAX_SHORT), nullable=False),
    Column("answer", SafeText, nullable=False),
    Column("stop_reason", SafeLine(MAX_SHORT), nullable=False),
    Column("usage", Json, nullable=False),
    Column("cost_usd", Float),
    Column("request_id", SafeLine(MAX_SHORT), nullable=False),
    Column("job_id", ROW_ID),  # no foreign key: payments outlive jobs
    Column("created_at", UtcTime, nullable=False),
    Column("answered_at", UtcTime),  # None: a call is in flight, or its outcome is unknown
    # The claim of the call in flight is its lease: it ends with that claim, or with a cancel of its job.
    Column("call_job_id", ROW_ID),
    Column("call_claim_no", Integer),
    Column("call_usd", Float, nullable=False, server_default="0"),  # worst case of that call
    Column("uncertain_usd", Float, nullable=False, server_default="0"),  # worst cases of calls whose outcome is unknown
    Index("ix_analyses_created", "created_at", "cost_usd"),
    Index("ix_analyses_call", "call_job_id", sqlite_where=text("call_job_id IS NOT NULL")),
    sqlite_autoincrement=True,
)

rubrics = Table(
    "rubrics",
    metadata,
    Column("key", Text, primary_key=True),
    Column("criteria", Json, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

reports = Table(
    "reports",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("job_id", ROW_ID),  # no foreign key: reports outlive jobs
    Column("title", SafeLine(MAX_TITLE), nullable=False),
    Column("format", Text, nullable=False),
    Column("config", Json, nullable=False),
    Column("content", SafeText, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    sqlite_autoincrement=True,
)

sync_cursors = Table(
    "sync_cursors",
    metadata,
    _part_of("jobs", "job_id"),
    Column("repository", Text, primary_key=True),  # "" for the whole job
    Column("cursor", Json, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    sqlite_with_rowid=False,
)

secrets = Table(
    "secrets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("location", SafeLine(MAX_SHORT), nullable=False),  # the reference to the value, never the value
    Column("ciphertext", Text),  # encrypted with a key stored elsewhere (encrypted_secrets.SecretKey)
    *_not_null(UtcTime, "created_at", "updated_at"),
)
