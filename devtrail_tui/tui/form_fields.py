"""Form fields, one class per kind of setting, each with an error line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

from textual import on
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Checkbox, Input, OptionList, Select, Static, TextArea
from textual.widgets.option_list import Option
from typing_extensions import override

from devtrail_tui.core.periods import Period, named, periods
from devtrail_tui.core.setting import Kind, Setting
from devtrail_tui.tui.keymap import Command, CommandGroup, bindings, declare

_VARIABLES = {"github": "GITHUB_TOKEN", "anthropic": "ANTHROPIC_API_KEY"}
_OTHER_DAYS = -1

declare(
    CommandGroup("Form", 4, "in the new-job form"),
    Command("launch", "ctrl+s", "launch", "launch", "Launch the job with these settings"),
    Command("show_prompt", "f3", "show_prompt", "what is sent", "Show what would be sent to Claude, on one example"),
    Command(
        "choose_repositories", "ctrl+r", "choose_repositories", "repositories", "Choose among those you took part in"
    ),
    Command("turn_flag", "enter,space", "turn", "", "Toggle a yes/no field", in_palette=False),
)


class Flag(Checkbox, inherit_css=False, inherit_bindings=False):
    """A yes/no checkbox, readable by sign and word without colour; its label explains it."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("turn_flag")]
    DEFAULT_CSS = """
    Flag {
        height: auto;
        width: 1fr;
        padding: 0 1;
        &:focus { background: $block-cursor-background; color: $block-cursor-foreground; }
    }
    """

    action_turn = Checkbox.action_toggle_button
    get_content_height = Widget.get_content_height  # a long label wraps

    @override
    def render(self) -> Content:
        """`[x] yes   what it means`."""
        return Content.assemble(
            ("[x] yes" if self.value else "[ ] no ", "bold"), "   ", self.label.stylize("$foreground-muted")
        )


class SecretInput(Input):
    """A masked input without copy: Textual's would put the secret in the clipboard."""

    def __init__(self, **options: Any) -> None:
        super().__init__(password=True, **options)

    @override
    def action_copy(self) -> None:
        self.app.notify("Secrets cannot be copied.", severity="warning", markup=False)

    @override
    def action_cut(self) -> None:
        self.action_copy()


class _LastWord(Suggester):
    """Completes the last word in a list of repositories."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._names = names

    @override
    async def get_suggestion(self, content: str) -> str | None:
        head, word = _split_last(content)
        if not word:
            return None
        present = {*_names_in(head), word.casefold()}
        for name in self._names:
            if name.casefold().startswith(word.casefold()) and name.casefold() not in present:
                return head + word + name[len(word) :]
        return None


def _names_in(text: str) -> set[str]:
    return {name.casefold() for name in text.replace(",", " ").split()}


def _split_last(content: str) -> tuple[str, str]:
    cut = max(content.rfind(" "), content.rfind(",")) + 1
    return content[:cut], content[cut:]


_Control = Input | TextArea | Checkbox | Select[str]


class Field(Vertical):
    """A label, a control, and an error line below."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(classes=f"field kind-{setting.kind}")
        self.setting = setting
        self.control = self.make_control()
        self.touched = False

    @override
    def compose(self) -> ComposeResult:
        """One line (more for a long text), and the error line if needed."""
        with Horizontal(classes="line"):
            mark = " *" if self.setting.required and self.setting.kind is not Kind.SECRET else ""
            yield Static(Content(self.setting.label + mark), classes="label")
            yield self.control
        yield Static("", classes="problem")

    def make_control(self) -> _Control:
        """The input widget."""
        raise NotImplementedError

    @property
    def raw(self) -> Any:
        """The input for `parse_config`: text or choice."""
        content = self.control.text if isinstance(self.control, TextArea) else self.control.value
        return content.strip() if isinstance(content, str) else content

    def complain(self, sentence: str) -> None:
        """Show the field's error; an empty sentence hides it."""
        problem = self.query_one(".problem", Static)
        problem.update(Content(f"✗ {sentence}" if sentence else ""))
        self.set_class(bool(sentence), "-wrong")


class TextField(Field):
    """One line of text, a number, dollars or a day."""

    @override
    def make_control(self) -> Input:
        default = "" if self.setting.default is None else str(self.setting.default)
        if self.setting.kind is Kind.DOLLARS and isinstance(self.setting.default, float):
            cents = f"{self.setting.default:.2f}"
            default = cents if float(cents) == self.setting.default else default
        return Input(default, placeholder=self.setting.help, compact=True, select_on_focus=True)

    def set_text(self, text: str) -> None:
        """Set the text."""
        self.query_one(Input).value = text


class LongTextField(Field):
    """Several lines; Tab moves to the next field."""

    @override
    def make_control(self) -> TextArea:
        default, help_text = str(self.setting.default or ""), Content(self.setting.help)
        return TextArea(default, compact=True, placeholder=help_text, highlight_cursor_line=False)


class FlagField(Field):
    """A yes/no field."""

    @override
    def make_control(self) -> Flag:
        return Flag(Content(self.setting.help), bool(self.setting.default))


class ChoiceField(Field):
    """A choice from a list."""

    @override
    def make_control(self) -> Select[str]:
        choices = [(Content(item), item) for item in self.setting.choices]
        default = self.setting.default or self.setting.choices[0]
        return Select[str](choices, value=default, allow_blank=False, compact=True)


class SecretField(Field):
    """A masked secret; shows the standard source that holds it, so that usually nothing must be typed."""

    @override
    def make_control(self) -> SecretInput:
        return SecretInput(placeholder="searching …", compact=True)

    def show_source(self, where: str | None) -> None:
        """Show the standard source that holds the secret; None: it was not found."""
        if where:
            text = f"found: {where}"
        else:
            variable = _VARIABLES.get(self.setting.secret_name, "")
            text = f"not found; paste it here{f', or set {variable}' if variable else ''}"
        self.query_one(SecretInput).placeholder = text
        self.set_class(bool(where), "-found")


class _Offers(OptionList, can_focus=False):
    """Earlier repositories, reached by Down; Tab skips them."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("move_down", "move_up", "back")]

    def enter(self) -> None:
        """Move the cursor to the first offer."""
        self.can_focus = True
        self.focus()
        self.highlighted = 0

    def action_move(self, lines: int) -> None:
        """Up at the first offer returns to the input."""
        if lines > 0:
            self.action_cursor_down()
        elif self.highlighted:
            self.action_cursor_up()
        else:
            self.action_back()

    def action_back(self) -> None:
        self.query_ancestor(Field).control.focus()

    def on_blur(self) -> None:
        """Let Tab skip the list again."""
        self.can_focus = False


class RepositoriesField(Field):
    """Several owner/name; earlier ones are offered below while the field has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("move_down")]

    _earlier: Sequence[str] = ()

    @override
    def compose(self) -> ComposeResult:
        """Put the offers between the input and its error."""
        yield from super().compose()
        yield _Offers(classes="offers", compact=True)

    @override
    def make_control(self) -> Input:
        return Input(placeholder=self.setting.help, compact=True, select_on_focus=False)

    def offer(self, names: Sequence[str]) -> None:
        """Set the repositories to offer."""
        self._earlier = names
        self.query_one(Input).suggester = _LastWord(names)
        self._show_offers()

    def take(self, names: Sequence[str], offered: Sequence[str]) -> None:
        """Set which of the offered repositories are chosen; what was typed besides stays."""
        offered_names = _names_in(" ".join(offered))
        typed = [name for name in self.raw.replace(",", " ").split() if name.casefold() not in offered_names]
        control = self.query_one(Input)
        control.value = " ".join([*typed, *names])
        control.focus()

    def _show_offers(self) -> None:
        present, typed = _names_in(self.raw), _split_last(self.raw)[1].casefold()
        if typed in {name.casefold() for name in self._earlier}:
            typed = ""
        offered = [name for name in self._earlier if name.casefold() not in present and typed in name.casefold()]
        self.query_one(_Offers).set_options([Option(Content(f"+ {name}"), id=name) for name in offered])
        self.set_class(bool(offered), "-offering")

    def on_descendant_focus(self) -> None:
        """Show the offers."""
        self.add_class("-entered")

    def on_descendant_blur(self) -> None:
        """Hide the offers, unless the focus moved to them."""
        self.set_class(self.has_focus_within, "-entered")

    @on(Input.Changed)
    def _typed(self) -> None:
        self._show_offers()

    @on(OptionList.OptionSelected)
    def _picked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        control = self.query_one(Input)
        head, word = _split_last(control.value)
        is_complete = "/" in word and word.casefold() not in (event.option_id or "").casefold()
        prefix = (control.value if is_complete or not word else head).strip().rstrip(",")
        control.value = f"{prefix} {event.option_id}".strip()
        control.cursor_position = len(control.value)
        control.focus()

    def action_move(self, _lines: int) -> None:
        """The Down key moves the focus to the list of offered repositories."""
        if not self.has_class("-offering"):
            raise SkipAction
        self.query_one(_Offers).enter()


class PeriodField(Vertical):
    """Named periods that fill the next two fields."""

    def __init__(self, first: TextField, last: TextField, today: date) -> None:
        super().__init__(classes="field kind-period")
        self._first, self._last = first, last
        self._offered: Sequence[Period] = periods(today)

    @override
    def compose(self) -> ComposeResult:
        """A list of named periods, plus custom days."""
        options = [(Content(item.name), index) for index, item in enumerate(self._offered)]
        with Horizontal(classes="line"):
            yield Static("Period", classes="label")
            yield Select[int](
                [*options, (Content("Custom days"), _OTHER_DAYS)], value=0, allow_blank=False, compact=True
            )

    @on(Select.Changed)
    def _chosen(self, event: Select.Changed) -> None:
        event.stop()
        index = event.value
        if isinstance(index, int) and 0 <= index < len(self._offered):
            chosen = self._offered[index]
            self._first.set_text(chosen.start.isoformat() if chosen.start else "")
            self._last.set_text(chosen.end.isoformat() if chosen.end else "")

    def days_typed(self) -> None:
        """Select the period that matches the typed days."""
        index = named(self._first.raw, self._last.raw, self._offered)
        with self.prevent(Select.Changed):
            self.query_one(Select).value = _OTHER_DAYS if index is None else index


FIELDS: Mapping[Kind, type[Field]] = {
    Kind.LONG_TEXT: LongTextField,
    Kind.REPOSITORIES: RepositoriesField,
    Kind.SECRET: SecretField,
    Kind.FLAG: FlagField,
    Kind.CHOICE: ChoiceField,
}
"""All other kinds use TextField."""
