"""Configs: what a person typed becomes a typed value, or a sentence beside the field."""

from __future__ import annotations

from dataclasses import dataclass, make_dataclass
from datetime import date
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtrail_tui import jobs
from devtrail_tui.core.errors import InvalidInput
from devtrail_tui.core.job_type import JobType
from devtrail_tui.core.repository_names import repository_name
from devtrail_tui.core.setting import Kind, config_json, parse_config, setting, settings_of
from devtrail_tui.settings import SETTINGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    repositories: tuple[str, ...] = setting("Repositories", Kind.REPOSITORIES, default=(), required=True)
    start_date: date | None = setting("From", Kind.DAY, flag="since")
    token: str = setting("Token", Kind.SECRET, default="", required=True, secret_name="github")
    note: str = setting("Note", Kind.LONG_TEXT, default="", maximum=20)
    level: str = setting("Level", Kind.CHOICE, default="low", choices=("low", "high"))
    budget_usd: float = setting("Budget", Kind.DOLLARS, default=5.0, minimum=0, maximum=100)
    limit: int | None = setting("Limit", Kind.INTEGER, minimum=1)
    dry_run: bool = setting("Dry run", Kind.FLAG, default=False)


GOOD: dict[str, Any] = {"repositories": ["acme/shop"]}


def problems(**raw: Any) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        parse_config(Config, {**GOOD, **raw})
    return caught.value.problems


def test_json_keys_are_camel_case_and_flags_have_dashes() -> None:
    by_name = {each.name: each for each in settings_of(Config)}
    assert by_name["start_date"].key == "startDate"
    assert by_name["start_date"].flag == "since"
    assert by_name["dry_run"].flag == "dry-run"


def test_text_from_a_form_and_json_values_mean_the_same() -> None:
    from_form = parse_config(
        Config,
        {
            "repositories": "acme/shop, acme/api",
            "startDate": "2026-01-02",
            "budgetUsd": "$2.5",
            "limit": "3",
            "dryRun": "yes",
        },
    )
    from_json = parse_config(
        Config,
        {
            "repositories": ["acme/shop", "acme/api"],
            "startDate": "2026-01-02",
            "budgetUsd": 2.5,
            "limit": 3,
            "dryRun": True,
        },
    )
    assert from_form == from_json
    assert from_form.start_date == date(2026, 1, 2)


def test_config_json_reads_back() -> None:
    config = parse_config(Config, {**GOOD, "startDate": "2026-01-02", "note": "a\nb"})
    assert parse_config(Config, config_json(config)) == config


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("shop", "lacks its owner"),
        ("https://github.com/acme", "not a repository"),
        ("https://github.com/settings/tokens", "not a repository"),
        ("https://github.com/orgs/acme/repositories", "not a repository"),
        ("https://gitlab.com/acme/shop", "not a repository"),
        ("https://gist.github.com/acme/0123abcd", "not a repository"),
        ("https://github.com/_acme/shop", "not a repository"),
        ("acme/shop/pulls", "not a repository"),
        ("acme/..", "not a repository"),
        ("-acme/shop", "not a repository"),
        ("acme/\x1b[31mshop", "not a repository"),
    ],
)
def test_what_is_no_repository_is_refused_with_a_sentence(text: str, part: str) -> None:
    message = problems(repositories=[text])["repositories"]
    assert part in message
    assert "\x1b" not in message


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("octocat_acme/notes", "octocat_acme/notes"),
        ("a1_b-c_acme/x", "a1_b-c_acme/x"),
        ("acme/*", "acme/*"),
        ("https://github.com/acme/shop", "acme/shop"),
        ("https://github.com/acme/shop/", "acme/shop"),
        ("http://www.github.com/acme/shop.git", "acme/shop"),
        ("https://github.com/acme/shop/pulls?q=is%3Apr", "acme/shop"),
        ("https://github.com/octocat_acme/notes/pull/12/files#diff-1", "octocat_acme/notes"),
        ("https://github.com/acme/shop/tree/main/src/app?tab=x#L10", "acme/shop"),
        ("github.com/acme/shop", "acme/shop"),
        ("git.acme.example/team/site.js", "team/site.js"),
        ("https://git.acme.example:8443/team/site", "team/site"),
        ("https://git.acme.example/api/v3/repos/team/site/pulls", "team/site"),
        ("https://api.github.com/repos/acme/shop", "acme/shop"),
        ("git@github.com:acme/shop.git", "acme/shop"),
        ("git@git.acme.example:team/site", "team/site"),
        ("ssh://git@github.com/acme/shop.git", "acme/shop"),
        ("git+https://github.com/acme/shop.git", "acme/shop"),
        ("https://x-access-token@github.com/acme/shop", "acme/shop"),
    ],
)
def test_a_repository_is_taken_out_of_whatever_names_it(text: str, name: str) -> None:
    assert repository_name(text) == name
    assert repository_name(f"  {text} ") == name


def test_names_that_differ_in_letter_case_are_one_repository() -> None:
    repositories = parse_config(
        Config, {**GOOD, "repositories": "acme/shop ACME/Shop https://github.com/Acme/SHOP acme/api"}
    )
    assert repositories.repositories == ("acme/shop", "acme/api")


@pytest.mark.parametrize(
    ("key", "value", "part"),
    [
        ("startDate", "31.3.2026", "a day such as"),
        ("startDate", "2026-02-30", "a day such as"),
        ("budgetUsd", -1, "at least 0"),
        ("budgetUsd", "nan", "a number"),
        ("budgetUsd", "much", "a number"),
        ("budgetUsd", True, "a number"),
        ("budgetUsd", 10**400, "a number"),
        ("limit", 2.5, "whole"),
        ("limit", 0, "at least 1"),
        ("level", "middle", "one of: low, high"),
        ("dryRun", "perhaps", "yes or no"),
        ("note", "x" * 21, "20 characters"),
        ("note", 3, "text"),
        ("token", "two words", "one word"),
    ],
)
def test_a_bad_value_is_refused_beside_its_field(key: str, value: Any, part: str) -> None:
    assert part in problems(**{key: value})[key]


def test_an_unknown_key_is_refused_with_a_suggestion() -> None:
    assert "startDate" in problems(startdate="2026-01-01")["startdate"]
    assert problems(zzz=1)["zzz"].startswith("There is no such setting. The settings are")


def test_every_problem_is_said_at_once() -> None:
    assert set(problems(repositories="", startDate="x", budgetUsd=-1)) == {"repositories", "startDate", "budgetUsd"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WithDefaults:
    budget_usd: float = setting("Budget", Kind.DOLLARS, default_from="budget_usd", maximum=100)
    note: str = setting("Note", Kind.TEXT, default="none")


def test_a_default_comes_from_the_setting_that_is_named() -> None:
    job_type = JobType(
        name="X", title="X", config=WithDefaults, run=_never, defaults={"budget_usd": 0.5, "model": "of no use"}
    )
    assert [each.default for each in job_type.settings] == [0.5, "none"]
    assert job_type.parse({}) == job_type.parse({"budgetUsd": ""}) == WithDefaults(budget_usd=0.5, note="none")
    assert job_type.parse({"budgetUsd": 2}).budget_usd == 2


def test_a_default_that_is_not_known_or_too_large_for_the_job_is_refused() -> None:
    with pytest.raises(InvalidInput, match="Budget is needed"):
        parse_config(WithDefaults, {})
    with pytest.raises(InvalidInput, match="at most 100"):
        parse_config(WithDefaults, {}, {"budget_usd": 500})


@pytest.mark.parametrize(
    "field",
    [
        setting("Budget", Kind.DOLLARS, default_from="budget_us"),
        setting("Paths", Kind.PATTERNS, default=()),
        setting("Key", Kind.TEXT, environment="X"),
    ],
)
def test_a_plugin_is_told_that_its_setting_cannot_be(field: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    config = make_dataclass("Config", [("budget", Any, field)], frozen=True, kw_only=True)
    job_type = JobType(name="PLUGIN", title="X", config=config, run=_never)
    monkeypatch.setattr(jobs, "entry_points", lambda **_: [Mock(value="plugin:JOB", load=lambda: job_type)])
    assert "PLUGIN" in jobs.catalogue()
    made = jobs.catalogue(dict.fromkeys(SETTINGS))
    assert "PLUGIN" not in made
    assert "PLUGIN: its setting budget is invalid" in made.problems[0]


async def _never(_config: Any, _context: Any) -> dict[str, Any]:
    raise NotImplementedError


def test_an_undescribed_field_is_a_fault_of_the_job_type() -> None:
    @dataclass(frozen=True)
    class Bare:
        x: int = 0

    with pytest.raises(TypeError, match="not described"):
        settings_of(Bare)


@given(st.text())
def test_a_name_is_part_of_what_was_written_or_refused(text: str) -> None:
    try:
        name = repository_name(text)
    except ValueError as error:
        sentence = str(error)
    else:
        assert name in text
        assert name.count("/") == 1
        assert name.isascii()
        return
    assert sentence


@given(
    st.dictionaries(
        st.sampled_from([each.key for each in settings_of(Config)]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    )
)
def test_anything_is_parsed_or_refused_with_sentences(raw: dict[str, Any]) -> None:
    try:
        config = parse_config(Config, raw)
    except InvalidInput as error:
        sentences = list(error.problems.values())
    else:
        assert parse_config(Config, config_json(config)) == config
        return
    assert all(sentences)
