"""Settings: flags > environment > config.toml > defaults; what does not fit is refused with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtrail_tui.core.errors import UsageError
from devtrail_tui.settings import SETTINGS, Folders, load_settings
from tests.house.program import CHECKOUT


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"DEVTRAIL_HOME": str(tmp_path)}


def write_config(environ: dict[str, str], text: str | bytes) -> None:
    folder = Folders.of(environ).config
    folder.mkdir()
    (folder / "config.toml").write_bytes(text.encode() if isinstance(text, str) else text)


def test_the_home_variable_moves_everything_under_one_folder(environ: dict[str, str], tmp_path: Path) -> None:
    settings = load_settings(environ)
    folders = settings.folders
    assert {folders.config.parent, folders.data.parent, folders.state.parent, folders.log.parent} == {tmp_path}
    assert settings.database_url == f"sqlite:///{tmp_path / 'data' / 'devtrail.db'}"


def test_a_flag_beats_the_environment_which_beats_the_file(environ: dict[str, str]) -> None:
    write_config(environ, 'github_url = "https://file.example/api/v3"\nconcurrency = 2\n[keys]\ncancel_job = "x"\n')
    assert load_settings(environ).github_url == "https://file.example/api/v3"
    environ["DEVTRAIL_GITHUB_URL"] = "https://env.example/api/v3"
    assert load_settings(environ).github_url == "https://env.example/api/v3"
    settings = load_settings(environ, github_url="https://flag.example/api/v3", theme=None)
    assert settings.github_url == "https://flag.example/api/v3"
    assert settings.concurrency == 2
    assert settings.keys == {"cancel_job": "x"}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("concurency = 2", "Did you mean concurrency?"),
        ("zzz = 1", "The settings are"),
        ("concurrency = 0", "at least 1"),
        ("concurrency = 1.5", "whole number"),
        ("concurrency = true", "whole number"),
        ("lease_s = nan", "a number, not “nan”"),
        ("model = 3", "text in quotes"),
        ("keys = 3", "table of binding"),
        ("lease_s = 5.0\nheartbeat_s = 4.0", "at most half"),
        ("concurrency = ", "not valid TOML"),
        (b"model = '\xff'", "cannot be read"),
    ],
)
def test_a_config_file_that_does_not_fit_is_refused(environ: dict[str, str], text: str | bytes, part: str) -> None:
    write_config(environ, text)
    with pytest.raises(UsageError) as caught:
        load_settings(environ)
    assert part in str(caught.value)


def test_the_readme_names_every_setting_and_variable() -> None:
    readme = (CHECKOUT / "README.md").read_text()
    for setting in SETTINGS.values():
        assert f"`{setting.name}`" in readme
        assert not setting.environment or setting.environment in readme
