"""The tables as they are now (design: Tables). How they came to be is told by `migrations`; a test holds the two together."""

from __future__ import annotations

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
"""Characters of a log line or an error that are kept."""
MAX_TITLE = 500
MAX_SHORT = 1_000

metadata = MetaData()

PENDING = literal_column("'PENDING'", Text)
RUNNING = literal_column("'RUNNING'", Text)
"""Literals and not parameters: SQLite uses a partial index only if it sees the value when it prepares the statement."""

jobs = Table(
    "jobs",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("type", Text, nullable=False),
    Column("title", SafeLine(MAX_TITLE), nullable=False),
    Column("search_text", SafeLine(MAX_TITLE), nullable=False),  # the title case-folded: SQLite folds ASCII only
    Column("repositories", SafeText, nullable=False),  # "\nacme/shop\nacme/api\n": found without opening the config
    Column("status", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("progress", Float, nullable=False),
    Column("progress_detail", Json),
    Column("last_progress_at", UtcTime),
    Column("config", Json, nullable=False),
    Column("result", Json),
    Column("error", SafeLine(MAX_MESSAGE)),
    Column("attempt", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("claim_no", Integer, nullable=False),
    Column("crashes", Integer, nullable=False),
    Column("last_seq", Integer, nullable=False),  # of its newest log line: the next one costs no search
    Column("run_at", UtcTime, nullable=False),
    Column("waiting_for", SafeLine(MAX_SHORT)),
    Column("timeout_s", Float),
    Column("limits", Json),
    Column("unique_key", Text),
    Column("needs_worker", Text),
    Column("worker_id", Text),
    Column("lease_expires_at", UtcTime),
    Column("cancel_requested_at", UtcTime),
    Column("schedule_id", ROW_ID),
    Column("retry_of", ROW_ID),
    Column("spent_usd", Float, nullable=False),  # uncertain cost (analyses.uncertain_usd) included
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("completed_at", UtcTime),
    Column("rubric_key", Text),  # of the criteria that every attempt of the job judges by
    sqlite_autoincrement=True,  # a deleted job's number is never given out again
)
# The conditions are SQLite's only: naming PostgreSQL here would import its dialect at every start (the migration has both).
Index(
    "ix_jobs_pending",
    jobs.c.priority.desc(),
    jobs.c.run_at,
    jobs.c.id,
    sqlite_where=text("status = 'PENDING'"),
)
Index(
    "ix_jobs_due",
    jobs.c.run_at,
    sqlite_where=text("status = 'PENDING'"),
)
Index(
    "ix_jobs_running",
    jobs.c.id,
    sqlite_where=text("status = 'RUNNING'"),
)
Index(
    "uq_jobs_active_unique_key",
    jobs.c.unique_key,
    unique=True,
    sqlite_where=text("unique_key IS NOT NULL AND status IN ('PENDING', 'RUNNING')"),
)
Index(
    "ix_jobs_completed",
    jobs.c.completed_at,
    sqlite_where=text("completed_at IS NOT NULL"),
)
Index("ix_jobs_listing", jobs.c.id, jobs.c.status, jobs.c.type)  # lists ids and filters without touching the wide rows

job_attempts = Table(
    "job_attempts",
    metadata,
    Column("job_id", ROW_ID, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
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
    Column("job_id", ROW_ID, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("depends_on", ROW_ID, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_job_dependencies_depends_on", "depends_on"),
    sqlite_with_rowid=False,
)

job_logs = Table(
    "job_logs",
    metadata,
    Column("job_id", ROW_ID, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
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
    Column("job_id", ROW_ID, nullable=False),  # no foreign key: an event outlives its job
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
    Column("service", SafeLine(MAX_SHORT), primary_key=True),
    Column("host", SafeLine(MAX_SHORT), primary_key=True),
    Column("account", SafeLine(MAX_SHORT), primary_key=True),
    Column("resource", SafeLine(MAX_SHORT), primary_key=True),
    Column("limit", Integer, nullable=False),
    Column("remaining", Integer, nullable=False),
    Column("reset_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
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
    Column("next_run_at", UtcTime),
    Column("last_run_at", UtcTime),
    Column("paused_at", UtcTime),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
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
    Column("process_started_at", Float, nullable=False),  # seconds as runtime.process tells it; told apart, never shown
    Column("title", SafeLine(MAX_TITLE), nullable=False),
    Column("concurrency", Integer, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("last_seen_at", UtcTime, nullable=False),
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
    Column("host", Text),
    Column("node_id", Text),
    Column("pr_number", Integer),
    Column("pr_url", SafeLine(MAX_SHORT)),
    Column("repository", SafeLine(MAX_SHORT)),
    Column("occurred_at", UtcTime, nullable=False),  # what lists are ordered by: merged_at for a pull request
    Column("merged_at", UtcTime),
    Column("pr_updated_at", UtcTime),
    Column("additions", Integer, nullable=False),
    Column("deletions", Integer, nullable=False),
    Column("changed_files", Integer, nullable=False),
    Column("days_open", Float),
    Column("hours_to_first_review", Float),
    Column("review_rounds", Integer),
    Column("components", Json, nullable=False),
    Column("roles", Json, nullable=False),
    Column("analysis_state", Text, nullable=False),
    Column("analysis_note", SafeLine(MAX_MESSAGE), nullable=False),
    Column("analysis_id", ROW_ID),
    Column("analysed_at", UtcTime),
    Column(
        "job_id", ROW_ID
    ),  # that saved it last; no foreign key: evidence outlives jobs, and their numbers are not reused
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("account_id", Text),  # whose work it is; None until a sync has learnt it, `login` stands for it until then
    Column(
        "judged_pr_updated_at", UtcTime
    ),  # the pr_updated_at that was judged: older than now, the judgement is outdated
    Column("judged_by", Text),  # key of model, instructions, rubric and context; None: not recorded
    Index("ix_evidence_entries_occurred", "occurred_at", "id"),
    Index("ix_evidence_entries_repository", "login", "repository"),
    sqlite_autoincrement=True,
)
Index(
    "uq_evidence_entries_account",
    evidence_entries.c.host,
    evidence_entries.c.node_id,
    evidence_entries.c.account_id,
    unique=True,
    sqlite_where=text("account_id IS NOT NULL"),
)
Index(
    "uq_evidence_entries_login",
    evidence_entries.c.host,
    evidence_entries.c.node_id,
    func.lower(evidence_entries.c.login),
    unique=True,
    sqlite_where=text("account_id IS NULL"),  # empty ids never collide in a unique index
)

evidence_criteria = Table(
    "evidence_criteria",
    metadata,
    Column("evidence_id", ROW_ID, ForeignKey("evidence_entries.id", ondelete="CASCADE"), primary_key=True),
    Column("criterion_id", Text, primary_key=True),  # no foreign key: a match outlives a criterion that is dropped
    Column("confidence", Float, nullable=False),
    Column("explanation", SafeText, nullable=False),
    Column("quotes", Json, nullable=False),
    Column("analysis_id", ROW_ID),
    Column("created_at", UtcTime, nullable=False),
    Index("ix_evidence_criteria_criterion", "criterion_id", "confidence"),
    sqlite_with_rowid=False,
)

criteria = Table(
    "criteria",
    metadata,
    Column("id", SafeLine(MAX_SHORT), primary_key=True),
    Column("area_of_concentration", SafeLine(MAX_SHORT), nullable=False),
    Column("subarea", SafeLine(MAX_SHORT), nullable=False),
    Column("description", SafeText, nullable=False),
    Column("pr_detectable", Boolean, nullable=False),
    Column("position", Integer, nullable=False),
    Column("retired_at", UtcTime),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("evidence_id", ROW_ID, ForeignKey("evidence_entries.id", ondelete="RESTRICT"), primary_key=True),
    Column("criterion_id", Text, primary_key=True),
    Column("verdict", Text, nullable=False),
    Column("confidence", Float),
    Column("note", SafeText, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
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
    Column("job_id", ROW_ID),  # no foreign key: what was paid is remembered when the job is deleted
    Column("created_at", UtcTime, nullable=False),
    Column("answered_at", UtcTime),  # None: a call is under way, or its outcome is unknown
    # The claim whose call is under way holds the lease: it ends with that claim, or with a cancel of its job.
    Column("call_job_id", ROW_ID),
    Column("call_claim_no", Integer),
    Column("call_usd", Float, nullable=False, server_default="0"),  # the worst case of that call
    Column("uncertain_usd", Float, nullable=False, server_default="0"),  # worst cases of calls whose outcome is unknown
    Index("ix_analyses_created", "created_at", "cost_usd"),
    sqlite_autoincrement=True,
)
Index("ix_analyses_call", analyses.c.call_job_id, sqlite_where=text("call_job_id IS NOT NULL"))

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
    Column("job_id", ROW_ID),  # no foreign key: a report outlives the job that wrote it
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
    Column("job_id", ROW_ID, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("repository", Text, primary_key=True),  # "" for what belongs to the whole job
    Column("cursor", Json, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    sqlite_with_rowid=False,
)

secrets = Table(
    "secrets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("location", SafeLine(MAX_SHORT), nullable=False),  # where the value is; in clear it is never here
    Column("ciphertext", Text),  # under a key that is not in the database (secret_places.EncryptedTable)
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)
