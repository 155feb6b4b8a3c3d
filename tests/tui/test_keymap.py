"""The table of commands: every one can be done, found and re-mapped."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.dom import DOMNode

import devtrail_tui.tui
from devtrail_tui.core.errors import UsageError
from devtrail_tui.tui.keymap import _WHILE_TYPING, Command, CommandGroup, check_keys, commands, declare, shown_key
from devtrail_tui.tui.screens.change_key import ChangeKeyScreen
from devtrail_tui.tui.widgets.evidence_table import EvidenceTable
from devtrail_tui.tui.widgets.job_table import JobTable
from devtrail_tui.tui.widgets.log_pane import LogPane
from devtrail_tui.tui.widgets.scrolling import TextScroll


def our_nodes() -> list[type[DOMNode]]:
    """Every screen, dialog and widget class of the package."""
    nodes = set()
    for module in pkgutil.walk_packages(devtrail_tui.tui.__path__, "devtrail_tui.tui."):
        for _, each in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(each, DOMNode) and each.__module__ == module.name:
                nodes.add(each)
    return sorted(nodes, key=lambda each: each.__qualname__)


NODES = our_nodes()


def bound() -> Iterator[tuple[type[DOMNode], object]]:
    """Every binding that a class of ours declares."""
    for node in NODES:
        for binding in vars(node).get("BINDINGS", ()):
            yield node, binding


def test_every_command_is_bound_somewhere_and_every_binding_is_a_command() -> None:
    ids = set()
    for node, binding in bound():
        assert isinstance(binding, Binding), f"{node.__name__}: {binding} has no id, so it cannot be re-mapped"
        _, command = commands().get(binding.id or "", (None, None))
        assert command is not None, f"{node.__name__}: {binding.key} is not in the table of commands"
        assert (binding.key, binding.action) == (command.keys, command.action)
        ids.add(command.id)
    assert ids == set(commands())
    assert len(NODES) > 20


def test_no_key_is_handled_beside_the_bindings() -> None:
    for node in NODES:
        own = vars(node)
        assert not [name for name in own if name.startswith(("key_", "_key_"))], node
        # one dialog takes any key: it asks for a new one
        assert not {"on_key", "_on_key"} & own.keys() or node is ChangeKeyScreen, node


@pytest.mark.parametrize("node", [EvidenceTable, JobTable, LogPane, TextScroll])
def test_lists_and_texts_keep_no_keys_of_textuals_own(node: type[DOMNode]) -> None:
    for bindings in node._merge_bindings().key_to_bindings.values():
        assert all(each.id in commands() for each in bindings)


def test_every_bound_action_exists_where_it_is_bound() -> None:
    for node, binding in bound():
        assert isinstance(binding, Binding)
        name = binding.action.split("(")[0]
        assert hasattr(node, f"action_{name}"), f"{node.__name__} has no action {name}"


def test_what_takes_its_key_before_a_field_cannot_be_on_a_character() -> None:
    assert {binding.id for _, binding in bound() if isinstance(binding, Binding) and binding.priority} == set(
        _WHILE_TYPING
    )


def test_ids_are_unique() -> None:
    with pytest.raises(ValueError, match="cancel_job"):
        declare(CommandGroup("Elsewhere", 9), Command("cancel_job", "x", "other", "", "Something else"))


def test_the_standard_keys_do_not_clash() -> None:
    assert check_keys({}) == {}


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"nothing_like_it": "x"}, "The commands are: new_job"),
        ({"quit": ""}, "is not a key"),
        ({"quit": "ctrl+"}, "is not a key"),
        ({"quit": "strg+x"}, "is not a key"),
        ({"quit": "j"}, "move_down and quit would both have the key “j”"),
        ({"answer_yes": "escape"}, "answer_yes and back would both have the key “escape”"),
        ({"cancel_job": "slash"}, "cancel_job and filter_jobs would both have the key “slash”"),
        ({"launch": "L"}, "launch also works in text fields"),
        ({"quit_anywhere": "ctrl+q,slash"}, "quit_anywhere also works in text fields"),
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


@pytest.mark.usefixtures("processes")
def test_every_command_that_a_module_declares_is_known_to_a_new_program() -> None:
    """A module that is only imported when its dialog opens would otherwise be missing in help, and its keys refused."""
    package = Path(devtrail_tui.tui.__file__).parent
    declared = {
        command
        for path in package.rglob("*.py")
        for command in re.findall(r'\bCommand\(\s*"([a-z_]+)"', path.read_text())
    }
    program = "from devtrail_tui.tui.keymap import commands; print(*commands())"
    known = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert declared
    assert declared <= set(known)
