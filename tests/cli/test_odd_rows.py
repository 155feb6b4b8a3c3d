"""A row that nothing of ours has written never ends a command: it is shown as unreadable, and db check counts it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine

COMMANDS = (
    ("jobs", "list"),
    ("jobs", "list", "--json"),
    ("jobs", "show", "1"),
    ("jobs", "show", "1", "--json"),
    ("logs", "1"),
    ("evidence", "list"),
    ("evidence", "list", "--json"),
    ("evidence", "show", "1"),
    ("evidence", "export"),
    ("evidence", "export", "--format", "csv"),
    ("evidence", "export", "--format", "json"),
    ("work", "--once"),
    ("doctor", "--offline"),
)


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ("UPDATE jobs SET config = 'no JSON'", ("jobs", "show", "1")),
        ("UPDATE jobs SET result = '{'", ("jobs", "show", "1")),
        ("UPDATE jobs SET status = 'WEIRD'", ("jobs", "show", "1")),
        ("UPDATE jobs SET created_at = 'yesterday', updated_at = 9e18", None),
        ("UPDATE jobs SET progress = 'half'", None),
        ("UPDATE evidence_entries SET components = '[', figures = 'x' WHERE id = 1", ("evidence", "show", "1")),
        ("UPDATE evidence_entries SET content = '' WHERE id = 1", None),
        (
            "UPDATE evidence_entries SET analysis_state = 'guessed', roles = '[\"king\"]', merged_at = 'soon' WHERE id = 1",
            None,
        ),
        ("UPDATE job_logs SET level = 'loud', timestamp = 'then'", None),
        ("UPDATE job_attempts SET outcome = 'odd', started_at = 'x', ended_at = 'y'", None),
        ("UPDATE criteria SET position = 'x', retired_at = 'never', pr_detectable = 'maybe'", None),
        ("UPDATE analyses SET cost_usd = 'dear', usage = '{', created_at = 'x'", None),
        ("UPDATE job_counts SET count = 'many'", None),
        ("UPDATE sync_cursors SET cursor = '{', updated_at = 'x'", None),
        ("UPDATE evidence_criteria SET quotes = '{', quote_places = 'x', confidence = 'high'", None),
    ],
)
def test_every_command_goes_on(
    change: str, shown: tuple[str, ...] | None, line: CommandLine, synced: int, own_home: Path
) -> None:
    assert synced
    with closing(sqlite3.connect(own_home / "data" / "devtrail.db")) as driver:
        driver.execute(change)
        driver.commit()
    for command in COMMANDS:
        done = line(*command)
        assert "internal error" not in done.err, command
        assert done.code in (0, 1, 2), command
        if command == shown:
            assert "(unreadable)" in done.out
    assert line("db", "check").code != 0
