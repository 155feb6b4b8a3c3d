"""A job's log: a row a line, numbered from 1 without gaps, written in batches, read by key."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select, update

from devtrail_tui.core.clock import Clock, SystemClock
from devtrail_tui.core.job import Claim, Level, LogLine
from devtrail_tui.core.redaction import Redactor
from devtrail_tui.store.engine import Database
from devtrail_tui.store.tables import RUNNING, job_logs, jobs

Line = tuple[datetime, Level, str]
"""When (aware UTC), how serious, what."""

# One statement proves the claim and takes the numbers, so that no two writers take the same.
_TAKE_FENCED = (
    update(jobs)
    .where(jobs.c.id == bindparam("job"), jobs.c.claim_no == bindparam("claim"), jobs.c.status == RUNNING)
    .values(last_seq=jobs.c.last_seq + bindparam("lines"))
    .returning(jobs.c.last_seq, jobs.c.attempt)
)
_TAKE = (
    update(jobs)
    .where(jobs.c.id == bindparam("job"))
    .values(last_seq=jobs.c.last_seq + bindparam("lines"))
    .returning(jobs.c.last_seq, jobs.c.attempt)
)
_INSERT = insert(job_logs)
_COLUMNS = (
    job_logs.c.job_id,
    job_logs.c.seq,
    job_logs.c.attempt,
    job_logs.c.timestamp,
    job_logs.c.level,
    job_logs.c.message,
)
_PAGE = (
    select(*_COLUMNS)
    .where(job_logs.c.job_id == bindparam("job"), job_logs.c.seq >= bindparam("first"))
    .order_by(job_logs.c.seq)
    .limit(bindparam("most"))
)
_FIRST = select(func.min(job_logs.c.seq)).where(job_logs.c.job_id == bindparam("job"))
_LAST = select(func.max(job_logs.c.seq)).where(job_logs.c.job_id == bindparam("job"))
_FIND_AFTER = (
    select(job_logs.c.seq)
    .where(job_logs.c.job_id == bindparam("job"), job_logs.c.seq > bindparam("from"))
    .where(func.instr(func.lower(job_logs.c.message), func.lower(bindparam("text"))) > 0)
    .order_by(job_logs.c.seq)
    .limit(1)
)
_FIND_BEFORE = (
    select(job_logs.c.seq)
    .where(job_logs.c.job_id == bindparam("job"), job_logs.c.seq < bindparam("from"))
    .where(func.instr(func.lower(job_logs.c.message), func.lower(bindparam("text"))) > 0)
    .order_by(job_logs.c.seq.desc())
    .limit(1)
)


def append_on(connection: Connection, claim: Claim, lines: Sequence[Line]) -> bool:
    """Add lines inside somebody's transaction; False, and nothing written, where the claim is lost."""
    if not lines:
        return True
    taken = connection.execute(
        _TAKE_FENCED, {"job": claim.job_id, "claim": claim.claim_no, "lines": len(lines)}
    ).one_or_none()
    if taken is None:
        return False
    _insert(connection, claim.job_id, taken[0], taken[1], lines)
    return True


def note_on(connection: Connection, job_id: int, line: Line) -> bool:
    """Add a line that is not of a running claim (a cancel, a rescue) inside somebody's transaction; False for an unknown job."""
    taken = connection.execute(_TAKE, {"job": job_id, "lines": 1}).one_or_none()
    if taken is None:
        return False
    _insert(connection, job_id, taken[0], taken[1], (line,))
    return True


def _insert(connection: Connection, job_id: int, last_seq: int, attempt: int, lines: Sequence[Line]) -> None:
    first = last_seq - len(lines) + 1
    connection.execute(
        _INSERT,
        [
            {
                "job_id": job_id,
                "seq": first + index,
                "attempt": attempt,
                "timestamp": timestamp,
                "level": level.value,
                "message": message,
            }
            for index, (timestamp, level, message) in enumerate(lines)
        ],
    )


def redacted_lines(redact: Redactor, lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines with secrets masked in their messages."""
    before = [message for _, _, message in lines]
    after = redact.lines(before)
    if after is before:
        return tuple(lines)
    return tuple((at, level, message) for (at, level, _), message in zip(lines, after, strict=True))


class JobLog:
    """Appends are fenced by the claim; secrets are masked, messages cleaned and cut to 10,000 characters by their column."""

    def __init__(self, database: Database, clock: Clock | None = None, redact: Redactor | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()
        self._redact = redact or Redactor()

    def append(self, claim: Claim, lines: Sequence[Line]) -> Future[bool]:
        """Add lines of a running job, in order; False where the claim is lost."""
        kept = redacted_lines(self._redact, lines)
        return self._database.write(lambda connection: append_on(connection, claim, kept))

    def note(self, job_id: int, level: Level, message: str) -> Future[bool]:
        """Add a line that is not of a running claim, at the present time; False for an unknown job."""
        line = (self._clock.now(), level, self._redact(message))
        return self._database.write(lambda connection: note_on(connection, job_id, line))

    def page(self, job_id: int, *, first_seq: int, limit: int) -> list[LogLine]:
        """Up to `limit` lines from number `first_seq` on."""
        with self._database.read() as connection:
            rows = connection.execute(_PAGE, {"job": job_id, "first": first_seq, "most": limit}).all()
        return [LogLine(job, seq, attempt, at, Level(level), message) for job, seq, attempt, at, level, message in rows]

    def bounds(self, job_id: int) -> tuple[int, int] | None:
        """The numbers of the first and the last line, or None where there is none."""
        with self._database.read() as connection:
            first = connection.execute(_FIRST, {"job": job_id}).scalar_one()
            last = connection.execute(_LAST, {"job": job_id}).scalar_one()
        return None if first is None else (first, last)

    def find(self, job_id: int, text: str, *, after_seq: int = 0, backwards: bool = False) -> int | None:
        """The number of the next line after `after_seq` (or, backwards, before it) that holds `text`; ASCII case is folded."""
        statement = _FIND_BEFORE if backwards else _FIND_AFTER
        with self._database.read() as connection:
            found: int | None = connection.execute(
                statement, {"job": job_id, "from": after_seq, "text": text}
            ).scalar_one_or_none()
        return found
