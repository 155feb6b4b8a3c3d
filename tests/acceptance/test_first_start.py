"""The first start of the installed program on an empty home: what is missing, the demo a key away, an export from the app."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.terminal import ENTER, Terminal
from tests.house.program import PROGRAM

_CTRL_U = "\x15"


def test_from_nothing_to_the_demo_and_a_document(environ: dict[str, str], tmp_path: Path) -> None:
    bare = {name: value for name, value in environ.items() if name not in ("GITHUB_TOKEN", "ANTHROPIC_API_KEY")}
    terminal = Terminal([PROGRAM], bare)
    try:
        shown = terminal.wait_for("No Claude key. Set ANTHROPIC_API_KEY, or: devtrail-tui auth login claude")
        assert "No GitHub token. Set GITHUB_TOKEN, or: devtrail-tui auth login github" in shown
        terminal.type("d")
        terminal.wait_for("DEMO", seconds=40)
        terminal.wait_for("● 1 running", seconds=40)
        terminal.type("2")
        terminal.wait_for("not analysed")
        terminal.type("X")
        terminal.wait_for("Write the evidence to a file")
        file = tmp_path / "from the app.md"
        terminal.type(_CTRL_U + str(file) + ENTER)
        terminal.wait_for("written to")
        text = file.read_text()
        assert "Demo data" in text
        assert text.index("## Summary") < text.index("## Without a match")
        assert file.stat().st_mode & 0o777 == 0o600
        terminal.type("q")
        terminal.wait_for("Quit anyway?")
        terminal.type("y")
        terminal.wait_for_end()
        assert terminal.exit_code == 0
        assert terminal.left_on() == []
    finally:
        terminal.close()
