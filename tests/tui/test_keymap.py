"""The table of commands: every one can be done, found and re-mapped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode

from devtrail_tui.core.errors import UsageError
from devtrail_tui.tui.app import DevTrailApp
from devtrail_tui.tui.keymap import BY_ID, COMMANDS, check_keys, shown_key
from devtrail_tui.tui.screens.dashboard import DashboardScreen
from devtrail_tui.tui.screens.entry import EntryScreen
from devtrail_tui.tui.screens.evidence import EvidenceScreen
from devtrail_tui.tui.screens.help import HelpScreen
from devtrail_tui.tui.screens.job import JobScreen
from devtrail_tui.tui.screens.log import LogScreen
from devtrail_tui.tui.screens.new_job import NewJobScreen
from devtrail_tui.tui.widgets.evidence_table import EvidenceTable
from devtrail_tui.tui.widgets.job_table import JobTable
from devtrail_tui.tui.widgets.log_pane import LogPane

NODES: tuple[type[DOMNode], ...] = (
    DevTrailApp,
    DashboardScreen,
    EntryScreen,
    EvidenceScreen,
    HelpScreen,
    JobScreen,
    LogScreen,
    NewJobScreen,
    EvidenceTable,
    JobTable,
    LogPane,
)


def bound() -> Iterator[tuple[type[DOMNode], Binding]]:
    """Every binding with an id that the app's screens and widgets declare."""
    for node in NODES:
        for base in node.__mro__:
            for binding in vars(base).get("BINDINGS", ()):
                if isinstance(binding, Binding) and binding.id and base is not App:
                    yield node, binding


def test_every_command_is_bound_somewhere_and_every_binding_is_a_command() -> None:
    assert {binding.id for _, binding in bound()} == set(BY_ID)


def test_every_bound_action_exists_where_it_is_bound() -> None:
    for node, binding in bound():
        name = binding.action.split("(")[0]
        assert hasattr(node, f"action_{name}"), f"{node.__name__} has no action {name}"


def test_ids_are_unique() -> None:
    assert len(BY_ID) == len(COMMANDS)


def test_the_standard_keys_do_not_clash() -> None:
    assert check_keys({}) == {}


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"nothing_like_it": "x"}, "Known are: new_job"),
        ({"quit": ""}, "is no key"),
        ({"quit": "ctrl+"}, "is no key"),
        ({"quit": "strg+x"}, "is no key"),
        ({"quit": "j"}, "move_down and quit would both be on “j”"),
        ({"cancel_job": "slash"}, "cancel_job and filter_jobs would both be on “slash”"),
    ],
)
def test_keys_that_make_no_sense_are_sentences(keys: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_keys(keys)
    assert said in str(caught.value)


def test_keys_can_change_places() -> None:
    assert check_keys({"new_job": "c", "cancel_job": "n, x"}) == {"new_job": "c", "cancel_job": "n,x"}


@pytest.mark.parametrize(
    ("key", "shown"),
    [("slash", "/"), ("ctrl+s", "^s"), ("escape", "esc"), ("question_mark", "?"), ("G", "G"), ("f5", "f5")],
)
def test_keys_as_people_read_them(key: str, shown: str) -> None:
    assert shown_key(key) == shown
