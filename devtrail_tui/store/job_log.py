"""A job's log: one row per line, numbered from 1 without gaps, written in batches, read by key."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from devtrail_tui.core.job import Claim, Level, LogLine
from devtrail_tui.core.redaction import Redactor
from devtrail_tui.store.database import Database
from devtrail_tui.store.job_rows import FENCE, fenced_by
from devtrail_tui.store.tables import job_logs, jobs

Line = tuple[datetime, Level, str]
"""Time (aware UTC), level, message."""

# One statement verifies the claim and reserves the numbers, so that no two writers get the same.
_TAKE_NUMBERS = (
    update(jobs)
    .where(jobs.c.id == bindparam("job"))
    .values(last_seq=jobs.c.last_seq + bindparam("lines"))
    .returning(jobs.c.last_seq, jobs.c.attempt)
)
_TAKE_NUMBERS_FENCED = _TAKE_NUMBERS.where(FENCE)
_INSERT = insert(job_logs)
_OF_JOB = job_logs.c.job_id == bindparam("job")
_PAGE = (
    select(*(job_logs.c[name] for name in LogLine.__dataclass_fields__))
    .where(_OF_JOB, job_logs.c.seq >= bindparam("first"))
    .order_by(job_logs.c.seq)
    .limit(bindparam("most"))
)
_FIRST = select(func.min(job_logs.c.seq)).where(_OF_JOB)
_LAST = select(func.max(job_logs.c.seq)).where(_OF_JOB)
_HOLDS_TEXT = func.instr(func.lower(job_logs.c.message), func.lower(bindparam("text"))) > 0
_MATCHES = select(job_logs.c.seq).where(_OF_JOB, _HOLDS_TEXT).limit(1)
_FIND_AFTER = _MATCHES.where(job_logs.c.seq > bindparam("from")).order_by(job_logs.c.seq)
_FIND_BEFORE = _MATCHES.where(job_logs.c.seq < bindparam("from")).order_by(job_logs.c.seq.desc())


def append_on(connection: Connection, claim: Claim, lines: Sequence[Line]) -> bool:
    """Append lines in the caller's transaction; False, without changes, if the claim is lost."""
    return not lines or _insert(connection, _TAKE_NUMBERS_FENCED, fenced_by(claim), lines)


def note_on(connection: Connection, job_id: int, line: Line) -> bool:
    """Append a line without a claim (a cancel, a rescue) in the caller's transaction; False for an unknown job."""
    return _insert(connection, _TAKE_NUMBERS, {"job": job_id}, (line,))


def _insert(connection: Connection, take_numbers: Any, job: dict[str, Any], lines: Sequence[Line]) -> bool:
    row = connection.execute(take_numbers, {**job, "lines": len(lines)}).one_or_none()
    if row is None:
        return False
    last_seq, attempt = row
    connection.execute(
        _INSERT,
        [
            {
                "job_id": job["job"],
                "seq": seq,
                "attempt": attempt,
                "timestamp": timestamp,
                "level": level.value,
                "message": message,
            }
            for seq, (timestamp, level, message) in enumerate(lines, last_seq - len(lines) + 1)
        ],
    )
    return True


def redacted_lines(redact: Redactor, lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines with secrets masked in their messages."""
    messages = [message for _, _, message in lines]
    redacted = redact.lines(messages)
    if redacted is messages:
        return tuple(lines)
    return tuple((at, level, message) for (at, level, _), message in zip(lines, redacted, strict=True))


_LEVELS = frozenset(map(str, Level))


def _level(name: str) -> Level:
    """A stored level; WARNING for an unknown one."""
    return Level(name) if name in _LEVELS else Level.WARNING


class JobLog:
    """Appends are fenced by the claim; secrets are masked, the column sanitises messages and cuts them to 10,000 characters."""

    def __init__(self, database: Database, redact: Redactor | None = None) -> None:
        self._database = database
        self._redact = redact or Redactor()

    def append(self, claim: Claim, lines: Sequence[Line]) -> Future[bool]:
        """Append lines of a running job, in order; False if the claim is lost."""
        redacted = redacted_lines(self._redact, lines)
        return self._database.write(lambda connection: append_on(connection, claim, redacted))

    def page(self, job_id: int, *, first_seq: int, limit: int) -> list[LogLine]:
        """Up to `limit` lines from `first_seq` on."""
        with self._database.read() as connection:
            rows = connection.execute(_PAGE, {"job": job_id, "first": first_seq, "most": limit}).all()
        return [LogLine(job, seq, attempt, at, _level(name), message) for job, seq, attempt, at, name, message in rows]

    def bounds(self, job_id: int) -> tuple[int, int] | None:
        """The `seq` of the first and last line, or None if there is none."""
        with self._database.read() as connection:
            first = connection.execute(_FIRST, {"job": job_id}).scalar_one()
            last = connection.execute(_LAST, {"job": job_id}).scalar_one()
        return None if first is None else (first, last)

    def find(self, job_id: int, text: str, *, after_seq: int = 0, backwards: bool = False) -> int | None:
        """The `seq` of the next line after `after_seq` (backwards: before it) that contains `text`; ASCII case is ignored."""
        statement = _FIND_BEFORE if backwards else _FIND_AFTER
        with self._database.read() as connection:
            row = connection.execute(statement, {"job": job_id, "from": after_seq, "text": text}).one_or_none()
        return None if row is None else int(row.seq)
