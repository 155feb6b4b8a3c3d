"""Every command of the app: its id, keys, action and words, as data.

Bindings, footer, help and palette are drawn from this table. A person re-maps a command by its id in config.toml:
`[keys]` with `cancel_job = "x"`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.keys import Keys, _character_to_key, format_key

from devtrail_tui.core.errors import UsageError
from devtrail_tui.core.text import safe_line


class Place(StrEnum):
    """Where a command works; the value is the heading in help."""

    EVERYWHERE = "Everywhere"
    MOVE = "Moving in a list"
    JOBS = "Jobs"
    LOG = "Log"
    EVIDENCE = "Evidence"
    FORM = "Form"
    DIALOG = "Dialogs"


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the app can do.

    `keys` are Textual key names with commas between; `label` stands in the key bar (empty: not there), `help` in help and
    palette. Only a command with `in_palette` makes sense when called by name.
    """

    id: str
    keys: str
    action: str
    label: str
    help: str
    place: Place
    in_palette: bool = True


def _table() -> Iterable[Command]:
    place = Place.JOBS
    yield Command("new_job", "n", "new_job", "new", "Launch a new job from a form", place)
    yield Command("cancel_job", "c", "cancel_job", "cancel", "Cancel the chosen job (asks)", place)
    yield Command("retry_job", "r", "retry_job", "retry", "Run a failed or cancelled job again", place)
    yield Command("open_job", "enter", "open_job", "open", "Open the chosen job: settings, progress, result", place)
    yield Command(
        "filter_jobs", "slash", "filter", "filter", "Filter the jobs: state:failed type:sync repo:x words", place
    )
    yield Command("open_log", "l", "open_log", "log", "Show the chosen job's whole log", place)
    yield Command("cleanup_jobs", "D", "cleanup_jobs", "", "Delete finished jobs older than 30 days (asks)", place)

    place = Place.LOG
    yield Command("follow_log", "f", "follow", "follow", "Follow the end of the log, or stand still", place)
    yield Command("wrap_log", "w", "wrap", "wrap", "Wrap long log lines, or cut them", place)
    yield Command("log_times", "t", "times", "times", "Times of day, times since the start, or none", place)
    yield Command("find_in_log", "slash", "find", "find", "Find text in the log", place)
    yield Command("find_next", "n", "find_next", "next", "Go to the next line found", place)
    yield Command("find_previous", "N", "find_previous", "", "Go to the line found before", place)
    yield Command("copy_line", "y", "yank", "copy", "Copy the line under the cursor", place)
    yield Command("copy_lines", "Y", "yank_window", "", "Copy all lines that are loaded around the view", place)
    yield Command("log_left", "left", "sideways(-1)", "", "To the left in long lines", place, in_palette=False)
    yield Command("log_right", "right", "sideways(1)", "", "To the right in long lines", place, in_palette=False)

    place = Place.EVIDENCE
    yield Command("open_entry", "enter", "open_entry", "open", "Open the chosen entry: matches, quotes, figures", place)
    yield Command("filter_evidence", "slash", "filter", "filter", "Filter the evidence by words", place)
    yield Command("open_link", "o", "open_link", "browser", "Open the pull request in the browser", place)

    place = Place.FORM
    yield Command("launch", "ctrl+s", "launch", "launch", "Launch the job as the form stands", place)
    yield Command(
        "show_prompt", "f3", "show_prompt", "what is sent", "Show what would be sent to Claude, on one example", place
    )

    yield Command(
        "turn_flag", "enter,space", "turn", "", "Yes or no, in a field that asks for it", place, in_palette=False
    )

    place = Place.DIALOG
    yield Command("answer_yes", "y", "answer(True)", "", "Answer yes", place, in_palette=False)
    yield Command("answer_no", "n", "answer(False)", "", "Answer no", place, in_palette=False)
    yield Command("previous_answer", "left,h", "focus_answer(-1)", "", "To the answer before", place, in_palette=False)
    yield Command("next_answer", "right,l", "focus_answer(1)", "", "To the next answer", place, in_palette=False)
    yield Command(
        "close_dialog", "q", "back", "", "Close help, a question (no) or what is sent", place, in_palette=False
    )

    place = Place.MOVE
    yield Command("move_down", "j,down", "move(1)", "", "Down one line", place, in_palette=False)
    yield Command("move_up", "k,up", "move(-1)", "", "Up one line", place, in_palette=False)
    yield Command("move_first", "g,home", "first", "", "To the first line", place, in_palette=False)
    yield Command("move_last", "G,end", "last", "", "To the last line", place, in_palette=False)
    yield Command("page_down", "pagedown,ctrl+d", "page(1)", "", "Down one page", place, in_palette=False)
    yield Command("page_up", "pageup,ctrl+u", "page(-1)", "", "Up one page", place, in_palette=False)

    place = Place.EVERYWHERE
    yield Command("show_jobs", "1", "show_jobs", "", "Go to the jobs", place)
    yield Command("show_evidence", "2", "show_evidence", "", "Go to the evidence", place)
    yield Command("back", "escape", "back", "back", "Go back; never cancels a job", place, in_palette=False)
    yield Command(
        "palette", "colon,ctrl+p", "command_palette", "palette", "Every command by its name", place, in_palette=False
    )
    yield Command("help", "question_mark", "help", "help", "This help", place)
    yield Command("restart_worker", "f5", "restart_worker", "", "Start the worker again after it stopped", place)
    yield Command("quit", "q,ctrl+c", "quit", "quit", "Quit (asks when jobs run; they go on next time)", place)
    yield Command("quit_anywhere", "ctrl+q", "quit", "", "Quit, also out of a form or dialog", place, in_palette=False)


COMMANDS: tuple[Command, ...] = tuple(_table())
BY_ID: Mapping[str, Command] = {each.id: each for each in COMMANDS}


_THROUGH_DIALOGS = ("back", "help", "quit_anywhere")
"""What works everywhere and in a dialog too, which keeps all other keys from what is behind it."""
_WHILE_TYPING = ("launch", "show_prompt", "quit_anywhere")
"""What takes its key before the field that has the focus: bound with priority."""


def bindings(*ids: str, priority: bool = False, hidden: bool = False) -> list[BindingType]:
    """Textual bindings of the named commands, in that order, with ids so that a keymap can re-map them; `hidden` keeps them out
    of the key bar."""
    return [_binding(BY_ID[each], priority=priority, hidden=hidden) for each in ids]


def _binding(command: Command, *, priority: bool, hidden: bool) -> Binding:
    return Binding(
        command.keys,
        command.action,
        command.label or command.help,
        show=bool(command.label) and not hidden,
        tooltip=command.help,
        id=command.id,
        priority=priority,
    )


def check_keys(keys: Mapping[str, str]) -> dict[str, str]:
    """The keymap out of config.toml's `[keys]`, as Textual takes it.

    Raises UsageError with a sentence for each command that does not exist, for keys that make no sense, and for each key that two
    commands would share in the same place.
    """
    keymap, problems = {}, []
    for name, value in keys.items():
        if name not in BY_ID:
            near = difflib.get_close_matches(name, BY_ID, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(BY_ID)}."
            problems.append(f"There is no command “{safe_line(name, limit=40)}”. {hint}")
            continue
        parts = [part.strip() for part in value.split(",")]
        if not all(_is_key(part) for part in parts):
            problems.append(
                f"“{safe_line(value, limit=40)}” for {name} is no key. "
                "Write a letter, or a name such as f5, ctrl+x or enter; several with commas between."
            )
            continue
        if name in _WHILE_TYPING and any(part == "space" or len(format_key(part)) == 1 for part in parts):
            problems.append(
                f"{name} works while you type, so it cannot be a character. Write a key such as f5 or ctrl+x."
            )
            continue
        keymap[name] = ",".join(parts)
    problems += dict.fromkeys(_clashes(keymap))
    if problems:
        raise UsageError(" ".join(problems))
    return keymap


def _clashes(keymap: Mapping[str, str]) -> Iterator[str]:
    """Commands of one place share the keyboard with those that work in every list and everywhere."""
    for place in Place:
        taken: dict[str, str] = {}
        for command in COMMANDS:
            if command.place not in (place, Place.MOVE, Place.EVERYWHERE):
                continue
            if place is Place.DIALOG and command.place is Place.EVERYWHERE and command.id not in _THROUGH_DIALOGS:
                continue
            for key in keymap.get(command.id, command.keys).split(","):
                other = taken.setdefault(_long_name(key), command.id)
                if other != command.id:
                    yield f"{other} and {command.id} would both be on “{key}”. Change one."


def _long_name(key: str) -> str:
    return _character_to_key(key) if len(key) == 1 else key


def _is_key(text: str) -> bool:
    if len(text) == 1:
        return text.isprintable() and not text.isspace()
    *modifiers, last = text.split("+")
    if any(each not in ("ctrl", "shift", "alt", "super", "hyper", "meta") for each in modifiers):
        return False
    return len(format_key(last)) == 1 or last in _NAMED_KEYS


_NAMED_KEYS = frozenset(each.value for each in Keys)
_SHORT_NAMES = {"enter": "enter", "escape": "esc", "pagedown": "PgDn", "pageup": "PgUp", "home": "Home", "end": "End"}


def shown_key(key: str) -> str:
    """A key as people read it: `/` for slash, `^s` for ctrl+s."""
    *modifiers, last = key.split("+")
    name = _SHORT_NAMES.get(last) or format_key(last)
    return "".join("^" if each == "ctrl" else f"{each}+" for each in modifiers) + name


def key_of(node: DOMNode, command_id: str) -> str:
    """The first key of a command as people read it, re-mapped where config.toml says so."""
    keys = node.app._keymap.get(command_id) or BY_ID[command_id].keys  # noqa: SLF001 - Textual has no other way to ask
    return shown_key(keys.split(",")[0])
