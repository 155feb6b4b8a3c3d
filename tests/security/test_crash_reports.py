"""A fault of the program itself: one sentence, and a private report without locals and without secrets."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest

from devtrail_tui import cli
from devtrail_tui.core.redaction import Redactor
from devtrail_tui.store.crash_reports import report_crash, report_text, write_report

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN = "ghp_" + "a1B2" * 9


def fail(message: str) -> NoReturn:
    """A function whose line stands in the traceback."""
    raise RuntimeError(message)


def fault() -> RuntimeError:
    """An error with a secret in its text and another in a local variable of its traceback."""
    only_local = "hunter2-only-in-a-local"
    try:
        fail(f"asked https://me:pass@host/?token=abcd with {TOKEN} and learned-value {len(only_local)}")
    except RuntimeError as error:
        return error


def test_the_report_is_private_and_holds_neither_locals_nor_secrets(tmp_path: Path) -> None:
    sentence, path = report_crash(tmp_path / "logs", fault(), Redactor(["learned-value"]), NOW)
    assert path is not None
    assert str(path) in sentence
    assert "\n" not in sentence
    text = path.read_text()
    assert "RuntimeError" in text
    assert "test_crash_reports.py" in text
    for secret in (TOKEN, "learned-value", "me:pass", "=abcd", "hunter2-only-in-a-local\n"):
        assert secret not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_chain_of_errors_is_redacted_too() -> None:
    def chained() -> None:
        try:
            fail(TOKEN)
        except RuntimeError as error:
            raise KeyError("x") from error

    with pytest.raises(KeyError) as caught:
        chained()
    text = report_text(caught.value, Redactor())
    assert "RuntimeError: [secret]" in text


def test_a_report_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert write_report(tmp_path / "file" / "logs", fault(), Redactor(), NOW) is None
    assert "could not be written" in report_crash(tmp_path / "file" / "logs", fault(), Redactor(), NOW)[0]


def test_a_link_in_the_place_of_the_report_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    (tmp_path / f"crash-20260101-000000-{os.getpid()}.log").symlink_to(target)
    assert write_report(tmp_path, fault(), Redactor(), NOW) is None
    assert not target.exists()


@pytest.mark.parametrize("as_json", [False, True])
def test_a_fault_on_the_command_line_is_a_sentence(
    as_json: bool,  # noqa: FBT001 - a parameter of the test
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DEVTRAIL_HOME", str(tmp_path))

    def break_down(*_: object, **__: object) -> None:
        raise RuntimeError(f"unforeseen: {TOKEN}")

    monkeypatch.setattr("devtrail_tui.store.sqlite.engine.SqliteDatabase.open", break_down)
    assert cli.main(["jobs", "list", *(["--json"] if as_json else [])]) == 1
    printed = capsys.readouterr()
    (report,) = (tmp_path / "logs").glob("crash-*.log")
    assert str(report) in printed.err
    assert "Traceback" not in printed.out + printed.err
    assert TOKEN not in printed.out + printed.err + report.read_text()
    assert "unforeseen: [secret]" in report.read_text()
