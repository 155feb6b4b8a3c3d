"""A keyring that hangs or fails in its own way is named, asked once, and holds nothing up."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from devtrail_tui.store.secret_places import READ_S
from tests.house.program import PROGRAM

MODULE = """
import os
import threading

from keyring.backend import KeyringBackend


class OwnError(BaseException):
    pass


class Bad(KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        with open(os.environ["ASKED"], "a") as file:
            file.write(username + "\\\\n")
        if os.environ["HOW"] == "hang":
            threading.Event().wait()
        raise OwnError("locked")

    set_password = delete_password = get_password
"""


@pytest.mark.parametrize(
    ("how", "words"),
    [("hang", f"did not answer within {READ_S:g} s"), ("raise", "cannot be used (OwnError)")],
)
def test_it_is_named_and_everything_else_works(how: str, words: str, environ: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "keyrings"
    folder.mkdir()
    (folder / "bad_keyring.py").write_text(MODULE.replace("\\\\n", "\\n"))
    asked = tmp_path / "asked"
    bad = {
        **environ,
        "PYTHONPATH": str(folder),
        "PYTHON_KEYRING_BACKEND": "bad_keyring.Bad",
        "ASKED": str(asked),
        "HOW": how,
    }
    for name in ("GITHUB_TOKEN", "ANTHROPIC_API_KEY"):
        del bad[name]
    done = subprocess.run(
        [PROGRAM, "doctor", "--offline"], env=bad, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0
    assert words in done.stdout, done.stdout + done.stderr
    assert "No GitHub token" in done.stdout or "not found" in done.stdout
    assert len(asked.read_text().splitlines()) == 1
    with_token = {**bad, "GITHUB_TOKEN": environ["GITHUB_TOKEN"]}
    synced = subprocess.run(
        [PROGRAM, "sync", "acme/web", "--max-pull-requests", "1"],
        env=with_token,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert synced.returncode == 0, synced.stderr
