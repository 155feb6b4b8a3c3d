"""The choice of repositories for a new job: those in which the person took part, with counts, marked one by one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from typing_extensions import override

from devtrail_tui.actions.repositories import TakenPart, described
from devtrail_tui.core.errors import DevTrailError
from devtrail_tui.core.pull_request_source import RepositoryActivity
from devtrail_tui.core.text import safe_line
from devtrail_tui.tui.keymap import Command, CommandGroup, bindings, declare, key_of

declare(
    CommandGroup("Choosing repositories", 4, "in the list of the new-job form"),
    Command("mark_repository", "space", "mark", "mark", "Mark or unmark a repository", in_palette=False),
    Command("mark_repositories", "asterisk", "mark_all", "all", "Mark all repositories, or none", in_palette=False),
    Command(
        "take_repositories", "enter", "take", "take", "Take the marked repositories into the form", in_palette=False
    ),
)


class RepositoryList(OptionList, inherit_bindings=False):
    """The list; a sign shows the marks, because Textual's own list of marks shows them by colour only."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(
            "mark_repository", "mark_repositories", "move_down", "move_up", "move_first", "move_last", hidden=True
        )
    ]
    action_mark = OptionList.action_select

    def __init__(self, activities: Sequence[RepositoryActivity], marked: Collection[str]) -> None:
        """`marked`: case-folded names."""
        super().__init__(compact=True, markup=False)
        self._activities = activities
        self._width = max((len(each.repository) for each in activities), default=0)
        self._marked = {index for index, each in enumerate(activities) if each.repository.casefold() in marked}
        self.add_options(self._prompt(index) for index in range(len(activities)))

    @property
    def offered(self) -> list[str]:
        """All repositories of the list."""
        return [each.repository for each in self._activities]

    @property
    def chosen(self) -> list[str]:
        """The marked repositories; without a mark the one under the cursor."""
        under_cursor = set() if self.highlighted is None else {self.highlighted}
        return [self._activities[index].repository for index in sorted(self._marked or under_cursor)]

    @on(OptionList.OptionSelected)
    def _toggled(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._mark(self._marked ^ {event.option_index})

    def action_mark_all(self) -> None:
        """Mark all; if all are marked, none."""
        every = set(range(len(self._activities)))
        self._mark(every if self._marked != every else set())

    def action_move(self, lines: int) -> None:
        """Move the cursor."""
        if lines > 0:
            self.action_cursor_down()
        else:
            self.action_cursor_up()

    def _mark(self, marked: set[int]) -> None:
        changed, self._marked = self._marked ^ marked, marked
        for index in changed:
            self.replace_option_prompt_at_index(index, self._prompt(index))

    def _prompt(self, index: int) -> Content:
        each = self._activities[index]
        counts = described(each.pull_requests, each.reviews, each.comments)
        mark = "[x]" if index in self._marked else "[ ]"
        return Content.assemble(
            (f"{mark} ", "bold"), each.repository.ljust(self._width + 2), (counts, "$foreground-muted")
        )


@dataclass(frozen=True, slots=True)
class RepositoryChoice:
    """The chosen repositories, out of those that were offered."""

    chosen: Sequence[str]
    offered: Sequence[str]


class RepositoriesScreen(ModalScreen[RepositoryChoice | None]):
    """Returns the choice, or None. It opens at once and is filled when GitHub has answered, so that no key goes elsewhere."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("take_repositories"),
        *bindings("back", "close_dialog", hidden=True),
    ]
    CSS = """
    RepositoriesScreen {
        align: center middle;
        #choice-box {
            width: 86;
            max-width: 100%;
            height: auto;
            max-height: 100%;
            padding: 0 1;
            border: round $border;
            border-title-color: $foreground;
            border-subtitle-color: $foreground-muted;
            background: $surface;
        }
        RepositoryList { height: auto; max-height: 1fr; border: none; padding: 0; margin: 1 0 0 0; background: $surface; }
        Static { height: auto; color: $foreground-muted; }
        Static.-wrong { color: $error; }
    }
    """

    def __init__(self, ask: Callable[[], Awaitable[TakenPart]], marked: Collection[str]) -> None:
        """`ask` asks GitHub; `marked`: the case-folded names that the form has already."""
        super().__init__()
        self._ask = ask
        self._marked = marked

    @override
    def compose(self) -> ComposeResult:
        """A line about the list; the list comes later."""
        with Vertical(id="choice-box") as box:
            box.border_title = "Which repositories?"
            mark, every, take = (
                key_of(self, name) for name in ("mark_repository", "mark_repositories", "take_repositories")
            )
            box.border_subtitle = Content(f"{mark} mark · {every} all · {take} take · {key_of(self, 'back')} back")
            yield Static("Asking GitHub in which repositories you took part …")

    def on_mount(self) -> None:
        """Ask GitHub."""
        self.run_worker(self._fill())

    async def _fill(self) -> None:
        line = self.query_one(Static)
        try:
            taken_part = await self._ask()
        except DevTrailError as error:
            line.set_class(True, "-wrong")
            line.update(Content(f"✗ {safe_line(str(error), limit=600)}"))
            return
        line.update(Content(safe_line(taken_part.summary, limit=600)))
        choice = RepositoryList(taken_part.participation.repositories, self._marked)
        await self.query_one("#choice-box").mount(choice)
        choice.highlighted = 0
        choice.focus()

    def action_take(self) -> None:
        """Return the choice."""
        for choice in self.query(RepositoryList):
            self.dismiss(RepositoryChoice(choice.chosen, choice.offered))

    def action_back(self) -> None:
        """Close without a change."""
        self.dismiss(None)
