"""All commands of the app as data: id, keys, action and texts.

Bindings, key bar, help and palette are built from these declarations; each screen adds its own (`declare`). Keys can be changed
by command id in config.toml: `[keys]` with `cancel_job = "x"`.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.keys import Keys, format_key

from devtrail_tui.core.errors import UsageError
from devtrail_tui.core.text import safe_line
from devtrail_tui.tui import screens
from devtrail_tui.tui.screen_table import SCREENS
from devtrail_tui.tui.textual_hooks import key_of_character, keymap_of


@dataclass(frozen=True, slots=True)
class CommandGroup:
    """A group of commands: its heading in help, its rank in help and key bar, and a subtitle with `{}` for the keys of `keys_of`.
    Commands of a group share the keyboard with those of `MOVE` and `EVERYWHERE`."""

    title: str
    rank: int
    about: str = ""
    keys_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    `keys` are Textual key names separated by commas; `label` is the text in the key bar (empty: hidden), `help` the text in help
    and palette. `in_palette` is set for commands that make sense when called by name.
    """

    id: str
    keys: str
    action: str
    label: str
    help: str
    in_palette: bool = True


MOVE = CommandGroup("Moving in a list", 1)
LOG = CommandGroup("Log", 2, "in the log; {} and {} also beside it", ("follow_log", "wrap_log"))
DIALOG = CommandGroup("Dialogs", 5)
EVERYWHERE = CommandGroup("Everywhere", 6)
_DECLARED: dict[str, tuple[CommandGroup, Command]] = {}


def declare(group: CommandGroup, *commands: Command) -> None:
    """Add a group's commands; each screen declares its own on import. Raises ValueError for a duplicate id."""
    for command in commands:
        if command.id in _DECLARED:
            raise ValueError(f"There are two commands {command.id}.")
    _DECLARED.update({command.id: (group, command) for command in commands})


declare(
    LOG,
    Command("follow_log", "f", "follow", "follow", "Follow the end of the log, or stop following"),
    Command("wrap_log", "w", "wrap", "wrap", "Wrap long log lines, or cut them"),
    Command("log_times", "t", "times", "times", "Show times of day, times since the start, or none"),
    Command("find_in_log", "slash", "find", "find", "Find text in the log"),
    Command("find_next", "n", "find_next", "next", "Go to the next match"),
    Command("find_previous", "N", "find_previous", "", "Go to the previous match"),
    Command("copy_line", "y", "yank", "copy", "Copy the line under the cursor"),
    Command("copy_lines", "Y", "yank_window", "", "Copy all lines that are loaded around the view"),
    Command("log_left", "left", "sideways(-1)", "", "Scroll left in long lines", in_palette=False),
    Command("log_right", "right", "sideways(1)", "", "Scroll right in long lines", in_palette=False),
)
declare(
    DIALOG,
    Command("answer_yes", "y", "answer(True)", "", "Answer yes", in_palette=False),
    Command("answer_no", "n", "answer(False)", "", "Answer no", in_palette=False),
    Command("previous_answer", "left,h", "focus_answer(-1)", "", "Go to the previous answer", in_palette=False),
    Command("next_answer", "right,l", "focus_answer(1)", "", "Go to the next answer", in_palette=False),
    Command("close_dialog", "q", "back", "", "Close help, a question (no) or the preview", in_palette=False),
)
declare(
    MOVE,
    Command("move_down", "j,down", "move(1)", "", "Down one line", in_palette=False),
    Command("move_up", "k,up", "move(-1)", "", "Up one line", in_palette=False),
    Command("move_first", "g,home", "first", "", "Go to the first line", in_palette=False),
    Command("move_last", "G,end", "last", "", "Go to the last line", in_palette=False),
    Command("page_down", "pagedown,ctrl+d", "page(1)", "", "Down one page", in_palette=False),
    Command("page_up", "pageup,ctrl+u", "page(-1)", "", "Up one page", in_palette=False),
)
declare(
    EVERYWHERE,
    *(Command(f"show_{each.mode}", each.key, f"show_mode('{each.mode}')", "", each.help) for each in SCREENS),
    Command("back", "escape", "back", "back", "Go back; never cancels a job", in_palette=False),
    Command("palette", "colon,ctrl+p", "command_palette", "palette", "Every command by its name", in_palette=False),
    Command("change_key", "ctrl+k", "change_key", "", "Change the key of a command"),
    Command("help", "question_mark", "help", "help", "This help"),
    Command("restart_worker", "f5", "restart_worker", "", "Start the worker again after it stopped"),
    Command("quit", "q,ctrl+c", "quit", "quit", "Quit (asks when jobs run; they resume next time)"),
    Command("quit_anywhere", "ctrl+q", "quit", "", "Quit, also out of a form or dialog", in_palette=False),
)


def commands() -> Mapping[str, tuple[CommandGroup, Command]]:
    """All commands by id, in the order of help and key bar; imports the screens, which declare them."""
    for module in pkgutil.iter_modules(screens.__path__):
        importlib.import_module(f"{screens.__name__}.{module.name}")
    return dict(sorted(_DECLARED.items(), key=lambda entry: order(entry[0])))


def declared(command_id: str) -> Command | None:
    """A command declared by the modules imported so far; None for an unknown id."""
    return _DECLARED[command_id][1] if command_id in _DECLARED else None


def order(command_id: str) -> tuple[int, int]:
    """The sort key of a command in help and key bar."""
    return _DECLARED[command_id][0].rank, list(_DECLARED).index(command_id)


_THROUGH_DIALOGS = ("back", "help", "quit_anywhere")
"""Commands that also work in dialogs, which block all other keys of the screen below."""
_WHILE_TYPING = ("launch", "show_prompt", "choose_repositories", "quit_anywhere")
"""Commands whose key has priority over the focused field."""


def bindings(*ids: str, priority: bool = False, hidden: bool = False) -> list[BindingType]:
    """Textual bindings of these commands, in order, with ids for the keymap; `hidden` omits them from the key bar."""
    return [_binding(_DECLARED[command_id][1], priority=priority, hidden=hidden) for command_id in ids]


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
    """Textual's keymap from config.toml's `[keys]`.

    Raises UsageError with a sentence for each unknown command, invalid key, and key shared by two commands of one group.
    """
    if not keys:
        return {}
    keymap, problems, command_table = {}, [], commands()
    for name, keys_text in keys.items():
        if name not in command_table:
            near = difflib.get_close_matches(name, command_table, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"The commands are: {', '.join(command_table)}."
            problems.append(f"There is no command “{safe_line(name, limit=40)}”. {hint}")
            continue
        key_names = [key_name.strip() for key_name in keys_text.split(",")]
        if not all(_is_key(key_name) for key_name in key_names):
            problems.append(
                f"“{safe_line(keys_text, limit=40)}” for {name} is not a key. "
                "Write a letter, or a name such as f5, ctrl+x or enter; several with commas between."
            )
            continue
        if name in _WHILE_TYPING and any(
            key_name == "space" or len(format_key(key_name)) == 1 for key_name in key_names
        ):
            problems.append(
                f"{name} also works in text fields, so its key cannot be a character. Write a key such as f5 or ctrl+x."
            )
            continue
        keymap[name] = ",".join(key_names)
    problems += dict.fromkeys(_clashes(keymap))
    if problems:
        raise UsageError(" ".join(problems))
    return keymap


def _clashes(keymap: Mapping[str, str]) -> Iterator[str]:
    """Commands of one group must not share keys with each other, with `MOVE` or with `EVERYWHERE`."""
    command_table = commands()
    for group in dict.fromkeys(each for each, _ in command_table.values()):
        taken: dict[str, str] = {}
        for command_group, command in command_table.values():
            if command_group not in (group, MOVE, EVERYWHERE):
                continue
            if group is DIALOG and command_group is EVERYWHERE and command.id not in _THROUGH_DIALOGS:
                continue
            for key in keymap.get(command.id, command.keys).split(","):
                earlier_id = taken.setdefault(_long_name(key), command.id)
                if earlier_id != command.id:
                    yield f"{earlier_id} and {command.id} would both have the key “{key}”. Change one."


def _long_name(key: str) -> str:
    return key_of_character(key) if len(key) == 1 else key


def _is_key(text: str) -> bool:
    if len(text) == 1:
        return text.isprintable() and not text.isspace()
    *modifiers, last = text.split("+")
    if any(modifier not in ("ctrl", "shift", "alt", "super", "hyper", "meta") for modifier in modifiers):
        return False
    return len(format_key(last)) == 1 or last in _NAMED_KEYS


_NAMED_KEYS = frozenset(each.value for each in Keys)
_SHORT_NAMES = {"enter": "enter", "escape": "esc", "pagedown": "PgDn", "pageup": "PgUp", "home": "Home", "end": "End"}


def shown_key(key: str) -> str:
    """The display name of a key: `/` for slash, `^s` for ctrl+s."""
    *modifiers, last = key.split("+")
    name = _SHORT_NAMES.get(last) or format_key(last)
    return "".join("^" if modifier == "ctrl" else f"{modifier}+" for modifier in modifiers) + name


def key_of(node: DOMNode, command_id: str) -> str:
    """The display name of a command's first key, re-mapped keys included."""
    command = declared(command_id) or commands()[command_id][1]
    keys = keymap_of(node).get(command_id) or command.keys
    return shown_key(keys.split(",")[0])
