"""A form built from a job type's settings: one field per setting, errors beside the field, no input is ever lost.

The form knows no job type; form_fields alone decides how a kind of setting looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.events import DescendantBlur, DescendantFocus
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Checkbox, Collapsible, Input, Select, TextArea
from typing_extensions import override

from devtrail_tui.core.job_type import JobType
from devtrail_tui.core.setting import Kind
from devtrail_tui.tui.form_fields import FIELDS, Field, PeriodField, RepositoriesField, SecretField, TextField


class FieldChanged(Message):
    """The content of the form changed."""


class FieldLeft(Message):
    """A field lost the focus; its content can be checked."""


class LastEntered(Message):
    """Enter was pressed in the last field."""


class Form(VerticalScroll, can_focus=False):
    """The fields of one job type; advanced ones are collapsed."""

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
        self._fields = {field.key: FIELDS.get(field.kind, TextField)(field) for field in job_type.settings}
        self._today = today
        self._initial: dict[str, Any] = {}

    @override
    def compose(self) -> ComposeResult:
        """The settings in order; two consecutive days are preceded by a period field."""
        plain = [field for field in self._fields.values() if not field.setting.advanced]
        yield from self._with_periods(plain)
        advanced = [field for field in self._fields.values() if field.setting.advanced]
        if advanced:
            with Collapsible(title="More settings"):
                yield from advanced

    def _with_periods(self, fields: Sequence[Field]) -> Iterator[Widget]:
        following = [*fields[1:], None]
        previous: Field | None = None
        for field, next_field in zip(fields, following, strict=True):
            days = field.setting.kind is Kind.DAY and next_field is not None and next_field.setting.kind is Kind.DAY
            if days and previous is None and isinstance(field, TextField) and isinstance(next_field, TextField):
                yield PeriodField(field, next_field, self._today)
                previous = field
            yield field

    def on_mount(self) -> None:
        """Record the initial content for `typed_in`."""
        self._initial = self.raw()

    def raw(self) -> dict[str, Any]:
        """The form's content by JSON key, as `parse_config` takes it."""
        return {key: field.raw for key, field in self._fields.items()}

    @property
    def typed_in(self) -> bool:
        """Whether the content was changed."""
        return self.raw() != self._initial

    @property
    def touched(self) -> set[str]:
        """Keys of the fields that have lost the focus once."""
        return {key for key, field in self._fields.items() if field.touched}

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Show errors beside their fields; clear all others."""
        for key, field in self._fields.items():
            field.complain(problems.get(key, ""))
            if key in problems and field.setting.advanced:
                self.query_one(Collapsible).collapsed = False

    def focus_first_problem(self, problems: Mapping[str, str]) -> None:
        """Focus the first field with an error."""
        for key, field in self._fields.items():
            if key in problems:
                field.control.focus()
                return

    def focus_first(self) -> None:
        """Focus the first field."""
        next(iter(self._fields.values())).control.focus()

    def secrets(self) -> Iterator[SecretField]:
        """The secret fields."""
        return (field for field in self._fields.values() if isinstance(field, SecretField))

    def found(self, field: SecretField, where: str | None) -> None:
        """Show where a secret was found. It then moves behind the other fields: nothing must be typed."""
        field.show_source(where)
        more = self.query(Collapsible)
        if where and not field.has_focus_within:
            self.move_child(field, **({"before": more.first()} if more else {"after": self.children[-1]}))

    def repository_fields(self) -> Iterator[RepositoriesField]:
        """The fields with repositories."""
        return (field for field in self._fields.values() if isinstance(field, RepositoriesField))

    def _field_of(self, widget: Widget) -> Field | None:
        return next((field for field in widget.ancestors_with_self if isinstance(field, Field)), None)

    @on(DescendantBlur)
    def _left(self, event: DescendantBlur) -> None:
        field = self._field_of(event.widget)
        if field is not None:
            field.touched = True
            self.post_message(FieldLeft())

    @on(DescendantFocus)
    def _entered(self, event: DescendantFocus) -> None:
        field = self._field_of(event.widget)
        if field is not None:
            self.call_after_refresh(self.scroll_to_widget, field, animate=False)

    @on(Input.Changed)
    @on(TextArea.Changed)
    @on(Select.Changed)
    @on(Checkbox.Changed)
    def _changed(self, event: Message) -> None:
        event.stop()
        for period in self.query(PeriodField):
            period.days_typed()
        self.post_message(FieldChanged())

    @on(Input.Submitted)
    def _next_field(self, event: Input.Submitted) -> None:
        """Enter moves to the next field; in the last one it launches."""
        event.stop()
        inputs = [field for field in self.query("*").results(Widget) if field.focusable and field.display]
        if inputs and inputs[-1] is event.input:
            self.post_message(LastEntered())
        else:
            self.screen.focus_next()
