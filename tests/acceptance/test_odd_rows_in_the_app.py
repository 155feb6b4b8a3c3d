"""A row that nothing of ours has written never ends the app: every screen shows what it can of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.terminal import ENTER, ESCAPE, Terminal

CHANGES = (
    "UPDATE jobs SET config = 'no JSON'",
    "UPDATE jobs SET result = '{'",
    "UPDATE jobs SET status = 'WEIRD'",
    "UPDATE jobs SET created_at = 'yesterday', updated_at = 9e18",
    "UPDATE jobs SET progress = 'half', progress_detail = '['",
    "UPDATE job_logs SET level = 'loud', timestamp = 'then'",
    "UPDATE evidence_entries SET components = '[', figures = 'x'",
    "UPDATE evidence_entries SET content = ''",
    'UPDATE evidence_entries SET content = \'{"files": [3, {"path": {}}]}\'',
    "UPDATE evidence_entries SET analysis_state = 'guessed', roles = '[\"king\"]', merged_at = 'soon'",
    "UPDATE job_attempts SET outcome = 'odd', started_at = 'x', ended_at = 'y'",
    "UPDATE criteria SET position = 'x', retired_at = 'never', pr_detectable = 'maybe'",
    "UPDATE analyses SET cost_usd = 'dear', usage = '{', created_at = 'x'",
    "UPDATE job_counts SET count = 'many'",
    "UPDATE sync_cursors SET cursor = '{', updated_at = 'x'",
    "UPDATE workers SET last_seen_at = 'x', pid = 'no', started_at = 'x'",
    "UPDATE evidence_criteria SET quotes = '{', quote_places = 'x', confidence = 'high'",
)


@pytest.mark.parametrize("change", CHANGES)
def test_every_screen_can_be_opened(
    change: str, open_terminal: Callable[..., Terminal], environ: dict[str, str], command: Callable[..., Any]
) -> None:
    command("sync", "acme/web")
    with closing(sqlite3.connect(Path(environ["DEVTRAIL_HOME"]) / "data" / "devtrail.db")) as driver:
        driver.execute(change)
        driver.commit()
    terminal = open_terminal()
    terminal.wait_for("Jobs · all 1")
    for keys, shown in (
        (ENTER, "esc back"),
        (ESCAPE, "n new"),
        ("l", "find"),
        (ESCAPE, "n new"),
        ("2", "Evidence · all"),
        (ENTER, "y copy"),
        (ESCAPE, "X export"),
        ("1", "Jobs · all 1"),
    ):
        terminal.type(keys)
        terminal.wait_for(shown)
    terminal.type("q")
    terminal.wait_for_end()
    assert terminal.exit_code == 0
    assert "internal error" not in terminal.text
