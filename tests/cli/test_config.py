"""`config`: every setting with its value and its origin, no secret, and everything that is wrong with config.toml at once."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from devtrail_tui.settings import SETTINGS
from tests.cli.command_line import CommandLine


@pytest.fixture
def config_file(own_home: Path) -> Path:
    path = own_home / "config" / "config.toml"
    path.parent.mkdir(parents=True)
    return path


def test_list_names_every_setting_its_value_and_its_origin(
    line: CommandLine, config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config_file.write_text('budget_usd = 0.5\nlog_level = "info"\n[keys]\ncancel_job = "x"\n')
    monkeypatch.setenv("DEVTRAIL_LOG_LEVEL", "debug")
    listed = {each["name"]: each for each in line("config", "list", "--json").json}
    assert list(listed) == list(SETTINGS)
    origins = {name: (each["value"], each["origin"]) for name, each in listed.items()}
    assert origins["budget_usd"] == (0.5, "config.toml")
    assert origins["log_level"] == ("debug", "environment variable DEVTRAIL_LOG_LEVEL")
    assert origins["keys"] == ({"cancel_job": "x"}, "config.toml")
    assert origins["concurrency"] == (1, "default")
    rows = line("config", "list").out.splitlines()
    assert [row.split()[0] for row in rows[1:]] == list(SETTINGS)
    assert any(row.split() == ["budget_usd", "0.5", "config.toml"] for row in rows)


def test_show_tells_one(line: CommandLine) -> None:
    shown = line("config", "show", "concurrency").out
    assert [row.split(maxsplit=1) for row in shown.splitlines()] == [
        ["name", "concurrency"],
        ["value", "1"],
        ["origin", "default"],
        ["default", "1"],
        ["minimum", "1"],
        ["maximum", "32"],
        ["help", "Jobs at once: per worker"],
    ]
    assert line("config", "show", "concurrency", "--json").json["maximum"] == 32


def test_show_of_what_is_not_there_names_the_nearest(line: CommandLine) -> None:
    result = line("config", "show", "budgt_usd")
    assert result.code == 2
    assert "Did you mean budget_usd?" in result.err


def test_no_secret_is_printed(line: CommandLine, monkeypatch: pytest.MonkeyPatch, config_file: Path) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_" + "Q7x" * 12)
    monkeypatch.setenv("DEVTRAIL_DATABASE_URL", "postgresql://me:hunter22@host/devtrail")
    config_file.write_text('github_url = "https://me:hunter33@git.example/api/v3"\n')
    for arguments in (("list",), ("list", "--json"), ("show", "github_url"), ("check",), ("check", "--json")):
        result = line("config", *arguments)
        for secret in ("Q7x", "hunter22", "hunter33"):
            assert secret not in result.out + result.err


def test_check_is_content_with_what_fits(line: CommandLine, config_file: Path) -> None:
    assert line("config", "check", "--json").json == {"ok": True, "file": str(config_file), "problems": {}}
    config_file.write_text('theme = "devtrail-light"\nmodel = "claude-haiku-5-5"\n[keys]\nnew_job = "z"\n')
    result = line("config", "check")
    assert (result.code, result.err) == (0, "")
    assert str(config_file) in result.out


WRONG = {
    "budget_usd = -1": "at least 0",
    'model = "claude-made-up-9"': "price of claude-made-up-9 is not known",
    "concurency = 2": "Did you mean concurrency?",
    'theme = "neon-dreams"': "There is no theme “neon-dreams”",
    'github_url = "git.example"': "not an https URL",
    'anthropic_base_url = "proxy.example"': "not a valid ANTHROPIC_BASE_URL",
    'database_url = "nonsense"': "not a database URL",
    'log_level = ""': "The value is empty",
    'secret_key_file = "/nowhere/key"': "cannot be read",
    "heartbeat_s = 20": "at most half of lease_s",
    'keys = {zap = "x", cancel_job = "n"}': "no command “zap”",
}


def test_check_says_every_problem_with_file_and_key(line: CommandLine, config_file: Path) -> None:
    config_file.write_text("\n".join(WRONG))
    result = line("config", "check", "--json")
    assert result.code == 2
    assert result.json["ok"] is False
    problems = result.json["problems"]
    assert len(problems) == len(WRONG)
    said = line("config", "check")
    assert said.code == 2
    assert len(said.out.splitlines()) == len(WRONG)
    for written, sentence in WRONG.items():
        place = f"{config_file}: {written.partition(' =')[0]}"
        assert sentence in problems[place]
        assert f"✗ {place}: {problems[place]}" in said.out.splitlines()
    assert "both have the key “n”" in problems[f"{config_file}: keys"]


def test_a_file_that_is_no_toml_and_a_bad_variable_are_both_said(
    line: CommandLine, config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config_file.write_text("budget_usd = \n")
    monkeypatch.setenv("DEVTRAIL_LOG_LEVEL", "loud")
    result = line("config", "check")
    assert result.code == 2
    assert f"✗ {config_file} is not valid TOML" in result.out
    assert "✗ environment variable DEVTRAIL_LOG_LEVEL: Log level must be one of: debug" in result.out
    refused = line("jobs", "list", "--json")
    assert refused.code == 2
    assert set(json.loads(refused.out)["problems"]) == {"", "environment variable DEVTRAIL_LOG_LEVEL"}


def test_a_setting_is_changed_and_the_rest_of_the_file_stays(line: CommandLine, own_home: Path) -> None:
    file = own_home / "config" / "config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('# mine\nmodel = "claude-haiku-5-5" # cheap\n')
    for name, value in (
        ("budget_usd", "3"),
        ("theme", "nord"),
        ("keys.cancel_job", "x"),
        ("exclude_paths", '["legal/"]'),
        ("language", "German"),
    ):
        assert line("config", "set", name, value).code == 0, name
    text = file.read_text()
    assert text.startswith('# mine\nmodel = "claude-haiku-5-5" # cheap\n')
    assert tomllib.loads(text) == {
        "model": "claude-haiku-5-5",
        "budget_usd": 3,
        "theme": "nord",
        "keys": {"cancel_job": "x"},
        "exclude_paths": ["legal/"],
        "language": "German",
    }


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("bugdet_usd", "3", "Did you mean budget_usd?"),
        ("budget_usd", "much", "must be"),
        ("theme", "neon-dreams", "There is no theme"),
        ("keys.cancel_job", "n", "would both have the key"),
        ("prices.alias", "1", "only keys have parts"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_before_anything_is_written(
    line: CommandLine, own_home: Path, name: str, value: str, part: str
) -> None:
    refused = line("config", "set", name, value)
    assert (refused.code, refused.out) == (2, "")
    assert part in refused.err
    assert not (own_home / "config" / "config.toml").exists()
