"""Draws a form out of a job type's described config: one field a setting, errors beside the field, nothing lost.

The form knows no job type; what a kind of setting looks like is decided here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

from textual import on
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import DescendantBlur, DescendantFocus
from textual.message import Message
from textual.reactive import reactive
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Collapsible, Input, OptionList, Select, Static, TextArea
from textual.widgets.option_list import Option

from devtrail_tui.core.job_type import JobType
from devtrail_tui.core.setting import Kind, Setting
from devtrail_tui.tui.keymap import Command, Place, bindings, declare
from devtrail_tui.tui.periods import Period, named, periods

_WHERE_TO_SET = {"github": "GITHUB_TOKEN", "anthropic": "ANTHROPIC_API_KEY"}
_OWN_DAYS = -1

declare(
    Place("Form", 4, "in the new-job form"),
    Command("launch", "ctrl+s", "launch", "launch", "Launch the job as the form stands"),
    Command("show_prompt", "f3", "show_prompt", "what is sent", "Show what would be sent to Claude, on one example"),
    Command("turn_flag", "enter,space", "turn", "", "Yes or no, in a field that asks for it", in_palette=False),
)


class FieldChanged(Message):
    """Something was typed or chosen in the form."""


class FieldLeft(Message):
    """The focus left a field; what is in it can be judged."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key


class LastEntered(Message):
    """Enter was pressed in the last field."""


class Flag(Widget, can_focus=True):
    """Yes or no, said by sign and word."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("turn_flag")]
    DEFAULT_CSS = """
    Flag {
        height: auto;
        width: 1fr;
        padding: 0 1;
        &:focus { background: $block-cursor-background; color: $block-cursor-foreground; }
    }
    """

    value: reactive[bool] = reactive(default=False)

    def __init__(self, value: bool, words: str) -> None:  # noqa: FBT001 - the one thing a flag is
        super().__init__()
        self.set_reactive(Flag.value, value)
        self._words = words

    def render(self) -> Content:
        """`[x] yes   what it means`."""
        return Content.assemble(
            ("[x] yes" if self.value else "[ ] no ", "bold"), (f"   {self._words}", "$foreground-muted")
        )

    def watch_value(self) -> None:
        """Tell the form."""
        self.post_message(FieldChanged())

    def action_turn(self) -> None:
        self.value = not self.value

    def on_click(self) -> None:
        """The mouse does the same."""
        self.action_turn()


class SecretInput(Input):
    """Shows dots and lets nothing out: Textual's own would copy the clear text to the clipboard."""

    def __init__(self, **options: Any) -> None:
        super().__init__(password=True, **options)

    def action_copy(self) -> None:
        self.app.notify("A secret is not copied out of its field.", severity="warning", markup=False)

    def action_cut(self) -> None:
        self.action_copy()


class _LastWord(Suggester):
    """Completes the word that is being typed at the end of a list of repositories."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._names = names

    async def get_suggestion(self, value: str) -> str | None:
        head, word = _split_last(value)
        if not word:
            return None
        taken = {each.casefold() for each in head.replace(",", " ").split()}
        for name in self._names:
            if name.casefold().startswith(word.casefold()) and name.casefold() not in taken | {word.casefold()}:
                return head + word + name[len(word) :]
        return None


def _split_last(value: str) -> tuple[str, str]:
    cut = max(value.rfind(" "), value.rfind(",")) + 1
    return value[:cut], value[cut:]


class Field(Vertical):
    """A label, a control, and below it what is wrong. `raw` is what `parse_config` reads."""

    def __init__(self, each: Setting) -> None:
        super().__init__(classes=f"field kind-{each.kind}")
        self.setting = each
        self.touched = False

    def compose(self) -> ComposeResult:
        """One line (a long text takes more), and an error line that is there only when needed."""
        with Horizontal(classes="line"):
            mark = " *" if self.setting.required and self.setting.kind is not Kind.SECRET else ""
            yield Static(Content(self.setting.label + mark), classes="label")
            yield from self.control()
        yield Static("", classes="problem")

    def control(self) -> ComposeResult:
        """The widget that is typed into."""
        raise NotImplementedError

    @property
    def raw(self) -> Any:
        """What is in it now."""
        raise NotImplementedError

    def complain(self, sentence: str) -> None:
        """Say what is wrong with this field; empty takes it away."""
        problem = self.query_one(".problem", Static)
        problem.update(Content(f"✗ {sentence}" if sentence else ""))
        self.set_class(bool(sentence), "-wrong")

    def focus_control(self) -> None:
        """Put the cursor in it."""
        for widget in self.query("*"):
            if widget.focusable:
                widget.focus()
                return


class TextField(Field):
    """One line of text, a number, dollars or a day."""

    def control(self) -> ComposeResult:
        default = "" if self.setting.default is None else str(self.setting.default)
        if self.setting.kind is Kind.DOLLARS and isinstance(self.setting.default, float):
            cents = f"{self.setting.default:.2f}"
            default = cents if float(cents) == self.setting.default else default
        yield Input(default, placeholder=self.setting.help, compact=True, select_on_focus=False)

    @property
    def raw(self) -> str:
        return self.query_one(Input).value.strip()

    @raw.setter
    def raw(self, text: str) -> None:
        self.query_one(Input).value = text


class LongTextField(Field):
    """Several lines; Tab goes on to the next field."""

    def control(self) -> ComposeResult:
        yield TextArea(
            str(self.setting.default or ""),
            compact=True,
            placeholder=Content(self.setting.help),
            highlight_cursor_line=False,
        )

    @property
    def raw(self) -> str:
        return self.query_one(TextArea).text.strip()


class FlagField(Field):
    """Yes or no."""

    def control(self) -> ComposeResult:
        yield Flag(bool(self.setting.default), self.setting.help)

    @property
    def raw(self) -> bool:
        return self.query_one(Flag).value


class ChoiceField(Field):
    """One out of a few."""

    def control(self) -> ComposeResult:
        choices = [(Content(each), each) for each in self.setting.choices]
        default = self.setting.default or self.setting.choices[0]
        yield Select[str](choices, value=default, allow_blank=False, compact=True)

    @property
    def raw(self) -> str:
        return str(self.query_one(Select).value)


class SecretField(Field):
    """Never echoed; says where the secret was found, so that most people type nothing."""

    def control(self) -> ComposeResult:
        yield SecretInput(placeholder="looking for it …", compact=True)

    @property
    def raw(self) -> str:
        return self.query_one(SecretInput).value.strip()

    def show_found(self, where: str | None) -> None:
        """`where` the standard sources hold it; None: nowhere."""
        if where:
            text = f"found: {where}"
        else:
            variable = _WHERE_TO_SET.get(self.setting.secret_name, "")
            text = f"not found; paste it here{f', or set {variable}' if variable else ''}"
        self.query_one(SecretInput).placeholder = text
        self.set_class(bool(where), "-found")


class _Offers(OptionList):
    """Earlier repositories. Down leads here; Tab passes by, for it leads from field to field, offers or not."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("move_down", "move_up", "back")]

    class Left(Message):
        """The cursor should go back to the line."""

    def __init__(self) -> None:
        super().__init__(classes="offers", compact=True)
        self._entered = False

    def allow_focus(self) -> bool:
        return self._entered

    def enter(self) -> None:
        """The cursor goes to the first offer."""
        self._entered = True
        self.focus()
        self.highlighted = 0

    def action_move(self, lines: int) -> None:
        """Up at the first offer goes back to the line."""
        if lines > 0:
            self.action_cursor_down()
        elif self.highlighted:
            self.action_cursor_up()
        else:
            self.action_back()

    def action_back(self) -> None:
        self.post_message(self.Left())

    def on_blur(self) -> None:
        """Tab passes by again."""
        self._entered = False


class RepositoriesField(Field):
    """owner/name, several; earlier ones are offered below while the cursor is here."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("move_down")]

    def __init__(self, each: Setting) -> None:
        super().__init__(each)
        self._known: Sequence[str] = ()

    def compose(self) -> ComposeResult:
        """The offers stand between the line and its error."""
        yield from super().compose()
        yield _Offers()

    def control(self) -> ComposeResult:
        yield Input(placeholder=self.setting.help, compact=True, select_on_focus=False)

    @property
    def raw(self) -> str:
        return self.query_one(Input).value.strip()

    def offer(self, names: Sequence[str]) -> None:
        """Repositories seen before."""
        self._known = names
        self.query_one(Input).suggester = _LastWord(names)
        self._show_offers()

    def _show_offers(self) -> None:
        taken = {each.casefold() for each in self.raw.replace(",", " ").split()}
        offers = self.query_one(_Offers)
        left = [name for name in self._known if name.casefold() not in taken]
        offers.set_options([Option(Content(f"+ {name}"), id=name) for name in left])
        self.set_class(bool(left), "-offering")

    def on_descendant_focus(self) -> None:
        """The cursor is here."""
        self.add_class("-entered")

    def on_descendant_blur(self) -> None:
        """It went elsewhere, unless it went from the line to the offers."""
        self.set_class(self.has_focus_within, "-entered")

    @on(Input.Changed)
    def _typed(self) -> None:
        self._show_offers()

    @on(OptionList.OptionSelected)
    def _picked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        control = self.query_one(Input)
        head, word = _split_last(control.value)
        whole = "/" in word and word.casefold() not in (event.option_id or "").casefold()
        before = (control.value if whole or not word else head).strip().rstrip(",")
        control.value = f"{before} {event.option_id}".strip()
        control.cursor_position = len(control.value)
        control.focus()

    def action_move(self, _lines: int) -> None:
        """Down goes into the offers."""
        if not self.has_class("-offering"):
            raise SkipAction
        self.query_one(_Offers).enter()

    @on(_Offers.Left)
    def _offers_left(self) -> None:
        self.query_one(Input).focus()


class PeriodField(Vertical):
    """Names for the two days that follow."""

    def __init__(self, first: TextField, last: TextField, today: date) -> None:
        super().__init__(classes="field kind-period")
        self._first, self._last = first, last
        self._offered: Sequence[Period] = periods(today)

    def compose(self) -> ComposeResult:
        """A list of names, and one for days of one's own."""
        options = [(Content(each.name), index) for index, each in enumerate(self._offered)]
        with Horizontal(classes="line"):
            yield Static("Period", classes="label")
            yield Select[int](
                [*options, (Content("Days of your own"), _OWN_DAYS)], value=0, allow_blank=False, compact=True
            )

    @on(Select.Changed)
    def _chosen(self, event: Select.Changed) -> None:
        event.stop()
        index = event.value
        if isinstance(index, int) and 0 <= index < len(self._offered):
            chosen = self._offered[index]
            self._first.raw = chosen.start.isoformat() if chosen.start else ""
            self._last.raw = chosen.end.isoformat() if chosen.end else ""

    def days_typed(self) -> None:
        """The days were changed by hand: name them again."""
        index = named(self._first.raw, self._last.raw, self._offered)
        with self.prevent(Select.Changed):
            self.query_one(Select).value = _OWN_DAYS if index is None else index


_FIELDS: Mapping[Kind, type[Field]] = {
    Kind.TEXT: TextField,
    Kind.LONG_TEXT: LongTextField,
    Kind.REPOSITORIES: RepositoriesField,
    Kind.DAY: TextField,
    Kind.SECRET: SecretField,
    Kind.FLAG: FlagField,
    Kind.INTEGER: TextField,
    Kind.DOLLARS: TextField,
    Kind.SECONDS: TextField,
    Kind.CHOICE: ChoiceField,
}


class Form(VerticalScroll, can_focus=False):
    """The fields of one job type, the advanced ones folded away."""

    DEFAULT_CSS = """
    Form {
        height: auto;
        scrollbar-size-vertical: 1;
        .field { height: auto; }
        .line { height: auto; }
        .label { width: 18; color: $foreground-muted; padding: 0 1 0 0; }
        .field:focus-within .label { color: $foreground; text-style: bold; }
        .problem { display: none; color: $error; padding: 0 0 0 18; height: auto; }
        .-wrong .problem { display: block; }
        Input, TextArea { width: 1fr; background: $panel; }
        Input.-textual-compact { padding: 0 1; }
        TextArea.-textual-compact { padding: 0 1; }
        Select.-textual-compact > SelectCurrent { padding: 0 1; }
        Input:focus, TextArea:focus { background: $block-cursor-background; background-tint: transparent; }
        .kind-secret.-found Input>.input--placeholder { color: $success; }
        TextArea { height: 3; }
        Select { width: 32; }
        Select > SelectCurrent { background: $panel; padding: 0 1; }
        Select:focus > SelectCurrent { background: $block-cursor-background; background-tint: transparent; }
        .offers {
            display: none;
            height: auto;
            max-height: 4;
            margin: 0 0 0 19;
            padding: 0;
            background: $surface;
            border: none;
            scrollbar-size-vertical: 1;
        }
        .-offering.-entered .offers { display: block; }
        Collapsible { border: none; padding: 0; background: $surface; }
        CollapsibleTitle { padding: 0; color: $foreground-muted; }
        Contents { padding: 0; }
    }
    """

    def __init__(self, job_type: JobType[Any], today: date) -> None:
        super().__init__()
        self.job_type = job_type
        self._fields = {each.key: _FIELDS[each.kind](each) for each in job_type.settings}
        self._today = today
        self._initial: dict[str, Any] = {}

    def compose(self) -> ComposeResult:
        """The settings in their order; two days in a row get names for periods before them."""
        plain = [each for each in self._fields.values() if not each.setting.advanced]
        yield from self._with_periods(plain)
        advanced = [each for each in self._fields.values() if each.setting.advanced]
        if advanced:
            with Collapsible(title="More settings"):
                yield from advanced

    def _with_periods(self, fields: Sequence[Field]) -> Iterator[Widget]:
        following = [*fields[1:], None]
        before: Field | None = None
        for field, after in zip(fields, following, strict=True):
            days = field.setting.kind is Kind.DAY and after is not None and after.setting.kind is Kind.DAY
            if days and before is None and isinstance(field, TextField) and isinstance(after, TextField):
                yield PeriodField(field, after, self._today)
                before = field
            yield field

    def on_mount(self) -> None:
        """Remember how it was, to know whether anything was typed."""
        self._initial = self.raw()

    def raw(self) -> dict[str, Any]:
        """Everything in the form by JSON key, as `parse_config` takes it."""
        return {key: field.raw for key, field in self._fields.items()}

    @property
    def typed_in(self) -> bool:
        """Whether leaving would lose something."""
        return self.raw() != self._initial

    @property
    def touched(self) -> set[str]:
        """Keys of the fields that were left once."""
        return {key for key, field in self._fields.items() if field.touched}

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Errors beside their fields; other fields' errors go."""
        for key, field in self._fields.items():
            field.complain(problems.get(key, ""))
            if key in problems and field.setting.advanced:
                self.query_one(Collapsible).collapsed = False

    def focus_first_problem(self, problems: Mapping[str, str]) -> None:
        """Put the cursor where something is to be mended."""
        for key, field in self._fields.items():
            if key in problems:
                field.focus_control()
                return

    def focus_first(self) -> None:
        """Put the cursor in the first field."""
        next(iter(self._fields.values())).focus_control()

    def secrets(self) -> Iterator[SecretField]:
        """The fields whose secret should be looked for."""
        return (each for each in self._fields.values() if isinstance(each, SecretField))

    def offer_repositories(self, names: Sequence[str]) -> None:
        """Repositories seen before."""
        for each in self._fields.values():
            if isinstance(each, RepositoriesField):
                each.offer(names)

    def _field_of(self, widget: Widget) -> Field | None:
        return next((each for each in widget.ancestors_with_self if isinstance(each, Field)), None)

    @on(DescendantBlur)
    def _left(self, event: DescendantBlur) -> None:
        field = self._field_of(event.widget)
        if field is not None:
            field.touched = True
            self.post_message(FieldLeft(field.setting.key))

    @on(DescendantFocus)
    def _entered(self, event: DescendantFocus) -> None:
        field = self._field_of(event.widget)
        if field is not None:
            self.call_after_refresh(self.scroll_to_widget, field, animate=False)

    @on(Input.Changed)
    @on(TextArea.Changed)
    @on(Select.Changed)
    def _changed(self, event: Message) -> None:
        event.stop()
        for period in self.query(PeriodField):
            period.days_typed()
        self.post_message(FieldChanged())

    @on(Input.Submitted)
    def _next_field(self, event: Input.Submitted) -> None:
        """Enter goes on; in the last field it launches."""
        event.stop()
        inputs = [each for each in self.query("*").results(Widget) if each.focusable and each.display]
        if inputs and inputs[-1] is event.input:
            self.post_message(LastEntered())
        else:
            self.screen.focus_next()
