"""The program's own log: private, without secrets, and only where there is something to say."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

import pytest

from devtrail_tui.services import Services
from devtrail_tui.services.log_file import logging_to
from devtrail_tui.settings import load_settings

SECRET = "ghp_typed_into_the_form"


def test_it_is_private_and_holds_no_secret(own_home: Path) -> None:
    services = Services(load_settings(os.environ), environ=os.environ)
    reference = services.secrets.keep("github", SECRET)
    assert services.secrets.resolve("github", reference) == SECRET
    error = ValueError(f"refused: {SECRET}")
    with logging_to(services):
        logging.getLogger("devtrail_tui.test").error("a call with %s failed", SECRET, exc_info=error)
    path = own_home / "logs" / "devtrail.log"
    assert "ValueError: refused: [secret]" in path.read_text()
    assert "a call with [secret] failed" in path.read_text()
    assert SECRET not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_nothing_to_say_makes_no_file(own_home: Path) -> None:
    with logging_to(Services(load_settings(os.environ), environ=os.environ)):
        logging.getLogger("devtrail_tui.test").info("all is well")
    assert not (own_home / "logs").exists()


def test_a_log_that_cannot_be_written_is_done_without(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own_home.mkdir()
    (own_home / "logs").touch()
    with logging_to(Services(load_settings(os.environ), environ=os.environ)):
        logging.getLogger("devtrail_tui.test").error("nobody hears this")
    assert capsys.readouterr().err == ""
