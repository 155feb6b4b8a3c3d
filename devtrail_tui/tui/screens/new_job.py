"""The new-job dialog: choose a type (if there are several), fill its form, launch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import Worker
from typing_extensions import override

from devtrail_tui.actions.jobs import get_job
from devtrail_tui.actions.launching import FormCheck, FormFacts, check_form, form_facts, launch_job
from devtrail_tui.core.errors import AlreadyQueued, DevTrailError, InvalidInput
from devtrail_tui.core.job import Job
from devtrail_tui.core.job_type import JobType
from devtrail_tui.tui.forms import FieldChanged, FieldLeft, Form, LastEntered
from devtrail_tui.tui.keymap import bindings, key_of

if TYPE_CHECKING:
    from devtrail_tui.actions import Services
    from devtrail_tui.tui.live_screen import LiveApp

SETTLE_S = 0.35
"""How long typing must pause before the form is checked."""


@dataclass
class CheckResult(Message):
    """The result of a form check; `number` identifies the newest check."""

    number: int
    check: FormCheck


@dataclass
class JobLaunched(Message):
    """The job is stored; `sentence` is set if an earlier launch had stored it."""

    job: Job
    sentence: str = ""


class LaunchFailed(Message):
    """The job was not stored; `problems` as in InvalidInput."""

    def __init__(self, error: DevTrailError) -> None:
        super().__init__()
        self.problems = _problems(error)


@dataclass
class FactsRead(Message):
    """The form's offers and secret sources were read."""

    facts: FormFacts


class NewJobScreen(ModalScreen["Job | None"]):
    """Returns the launched job, or None. Errors keep all input."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("launch", "show_prompt", "choose_repositories", priority=True),
        *bindings("back", hidden=True),
    ]
    CSS = """
    NewJobScreen {
        align: center middle;
        #form-box {
            width: 92;
            max-width: 100%;
            height: auto;
            max-height: 100%;
            padding: 0 1;
            border: round $border;
            border-title-color: $foreground;
            border-subtitle-color: $foreground-muted;
            background: $surface;
        }
        &.-low #form-box { height: 100%; }
        &.-low #form-holder { height: 1fr; }
        &.-low Form { height: 100%; }
        &.-low #disclosure, &.-low #buttons { margin-top: 0; }
        #types { height: auto; max-height: 12; border: none; background: $surface; }
        #form-holder { height: auto; }
        #disclosure { height: auto; color: $foreground-muted; margin-top: 1; }
        #trouble { height: auto; color: $error; display: none; }
        #trouble.-shown { display: block; }
        #buttons { height: 1; margin-top: 1; align-horizontal: right; }
        Button { margin: 0 0 0 2; }
    }
    """

    VERTICAL_BREAKPOINTS = [(0, "-low"), (34, "-high")]  # noqa: RUF012 - declared by Textual

    def __init__(self) -> None:
        super().__init__()
        self._form: Form | None = None
        self._checks = 0
        self._settling: Timer | None = None
        self._launching = False
        self._submitted = False
        self._preview: Worker[None] | None = None

    @property
    def _services(self) -> Services:
        return cast("LiveApp", self.app).services

    @override
    def compose(self) -> ComposeResult:
        """A box for the types or the form, the disclosure, the error line, and the buttons."""
        with Vertical(id="form-box") as box:
            box.border_title = "New job"
            yield OptionList(id="types")
            yield Vertical(id="form-holder")
            yield Static("", id="trouble")
            yield Static("", id="disclosure")
            with Horizontal(id="buttons"):
                yield Button("Repositories", id="choose-repositories", compact=True)
                yield Button("What is sent", id="show-prompt", compact=True)
                yield Button("Launch", id="launch", variant="primary", compact=True)
                yield Button("Back", id="leave", compact=True)

    async def on_mount(self) -> None:
        """Skip the choice if there is only one type."""
        catalogue = self._services.catalogue
        types = self.query_one("#types", OptionList)
        if len(catalogue) == 1:
            types.display = False
            await self._show_form(next(iter(catalogue.values())))
            return
        self.query_one("#buttons").display = False
        for name, job_type in catalogue.items():
            label = Content.assemble((job_type.title, "bold"), (f"   {job_type.description}", "$foreground-muted"))
            types.add_option(Option(label, id=name))
        types.highlighted = 0
        types.focus()

    @on(OptionList.OptionSelected, "#types")
    async def _type_chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.query_one("#types").display = False
        self.query_one("#buttons").display = True
        await self._show_form(self._services.catalogue.named(event.option_id or ""))

    async def _show_form(self, job_type: JobType[Any]) -> None:
        self._form = form = Form(job_type, self._services.surroundings.today)
        box = self.query_one("#form-box")
        box.border_title = Content(f"New job · {job_type.title}")
        has_preview = job_type.preview is not None
        self.query_one("#show-prompt").display = has_preview
        preview = f"{key_of(self, 'show_prompt')} what is sent · " if has_preview else ""
        has_repositories = any(True for _ in form.repository_fields())
        self.query_one("#choose-repositories").display = has_repositories
        choice = f"{key_of(self, 'choose_repositories')} repositories · " if has_repositories else ""
        keys = f"tab next · {choice}{preview}{key_of(self, 'launch')} launch · {key_of(self, 'back')} back"
        box.border_subtitle = Content(keys)
        await self.query_one("#form-holder").mount(form)
        form.focus_first()
        self._read_facts(form)
        self._check()

    # -- offers and secret sources

    def _read_facts(self, form: Form) -> None:
        services, job_type = self._services, form.job_type

        def run() -> None:
            try:
                self.post_message(FactsRead(form_facts(services, job_type)))
            except DevTrailError as error:
                self.post_message(LaunchFailed(error))

        self.app.run_worker(run, thread=True, group="facts")

    def on_facts_read(self, message: FactsRead) -> None:
        """Show the repositories to offer and the secret sources."""
        if self._form is not None:
            for repositories in self._form.repository_fields():
                repositories.offer(list(message.facts.repositories))
            for field in self._form.secrets():
                secret = message.facts.secrets.get(field.setting.secret_name)
                self._form.found(field, secret.where if secret else None)

    # -- checking while typing

    @on(FieldChanged)
    def _changed(self) -> None:
        if self._settling is not None:
            self._settling.stop()
        self._settling = self.set_timer(SETTLE_S, self._check)

    @on(FieldLeft)
    def _left(self) -> None:
        self._check()

    def _check(self) -> None:
        if self._form is None or self._launching:
            return
        self._checks += 1
        number, job_type, raw = self._checks, self._form.job_type, self._form.raw()
        services = self._services

        def run() -> None:
            try:
                check = check_form(services, job_type, raw)
            except DevTrailError as error:
                check = FormCheck(_problems(error), "")
            self.post_message(CheckResult(number, check))

        self.app.run_worker(run, thread=True, group="check")

    def on_check_result(self, message: CheckResult) -> None:
        """Show the errors of fields that have lost the focus, and the disclosure."""
        if self._form is None or message.number != self._checks:
            return
        touched, problems = self._form.touched, message.check.problems
        self._show_problems(
            {key: text for key, text in problems.items() if self._submitted or not key or key in touched}
        )
        self.query_one("#disclosure", Static).update(Content(message.check.disclosure))

    def _show_problems(self, problems: Mapping[str, str]) -> None:
        assert self._form is not None  # noqa: S101 - only called with a form
        problems = self._services.secrets.redact.json(dict(problems))
        self._form.show_problems(problems)
        general = [text for key, text in problems.items() if key not in self._form.raw()]
        trouble = self.query_one("#trouble", Static)
        trouble.update(Content("✗ " + " ".join(general) if general else ""))
        trouble.set_class(bool(general), "-shown")

    # -- launching and closing

    @on(LastEntered)
    @on(Button.Pressed, "#launch")
    def action_launch(self) -> None:
        """Check everything and store the job."""
        form = self._form
        if form is None or self._launching:
            return
        self._launching = self._submitted = True
        services, name, raw = self._services, form.job_type.name, form.raw()

        def run() -> None:
            try:
                job = launch_job(services, name, raw)
            except AlreadyQueued as error:
                self.post_message(JobLaunched(get_job(services, error.job_id), str(error)))
            except DevTrailError as error:
                self.post_message(LaunchFailed(error))
            else:
                self.post_message(JobLaunched(job))

        self.app.run_worker(run, thread=True, group="launch")

    @on(Button.Pressed, "#show-prompt")
    def action_show_prompt(self) -> None:
        """Show the Claude request for one example; the example is fetched from GitHub, nothing else is sent."""
        form = self._form
        if form is None or form.job_type.preview is None:
            return
        self.app.notify("Asking GitHub for one example …", timeout=3, markup=False)
        preview = self._show_prompt(form.job_type.name, form.raw())
        self._preview = self.run_worker(preview, group="show-prompt", exclusive=True)

    async def _show_prompt(self, name: str, raw: Mapping[str, Any]) -> None:
        from devtrail_tui.actions.preview import preview_job
        from devtrail_tui.tui.screens.prompt import PromptScreen

        try:
            prompt = await preview_job(self._services, name, raw)
        except DevTrailError as error:
            self._submitted = self._submitted or isinstance(error, InvalidInput)
            self.on_launch_failed(LaunchFailed(error))
        else:
            self.app.push_screen(PromptScreen(prompt.text))

    @on(Button.Pressed, "#choose-repositories")
    def action_choose_repositories(self) -> None:
        """Offer the repositories in which the person took part in the form's days."""
        from devtrail_tui.actions.repositories import repositories_for_form
        from devtrail_tui.tui.screens.repositories import RepositoriesScreen, RepositoryChoice

        form = self._form
        field = next(form.repository_fields(), None) if form is not None else None
        if form is None or field is None:
            return
        ask = partial(repositories_for_form, self._services, form.job_type, form.raw())
        present = {name.casefold() for name in field.raw.replace(",", " ").split()}

        def chosen(choice: RepositoryChoice | None) -> None:
            if choice is not None:
                field.take(choice.chosen, choice.offered)

        self.app.push_screen(RepositoriesScreen(ask, present), chosen)

    def on_job_launched(self, message: JobLaunched) -> None:
        """Close with the job, or with the active job that does the same."""
        if message.sentence:
            self.app.notify(message.sentence, markup=False)
        self.dismiss(message.job)

    def on_launch_failed(self, message: LaunchFailed) -> None:
        """Keep the input and focus the first error."""
        self._launching = False
        if self._form is not None:
            self._checks += 1  # ignore a pending check: its result is older
            self._show_problems(message.problems)
            self._form.focus_first_problem(message.problems)

    @on(Button.Pressed, "#leave")
    def action_back(self) -> None:
        """Stop a preview that is being made; otherwise close, asking if the form was changed."""
        if self._preview is not None and self._preview.is_running:
            self._preview.cancel()
            self.app.notify("The preview was stopped.", markup=False)
            return
        if self._form is None or not self._form.typed_in:
            self.dismiss(None)
            return
        from devtrail_tui.tui.screens.confirm import ConfirmScreen

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - called by Textual
            if yes:
                self.dismiss(None)

        self.app.push_screen(ConfirmScreen("Discard your input?", yes="Discard", no="Keep editing"), answered)


def _problems(error: DevTrailError) -> Mapping[str, str]:
    """By JSON key; "" for errors of no single field."""
    return error.problems if isinstance(error, InvalidInput) else {"": str(error)}
