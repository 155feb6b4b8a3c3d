"""A home whose every foreign field is hostile: pull requests, people, analyses, criteria, settings, logs, progress and errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from devtrail_tui.actions.launching import launch_job
from devtrail_tui.core.context import Context
from devtrail_tui.core.errors import PermanentError
from devtrail_tui.core.evidence import Criterion
from devtrail_tui.core.job import Job, Level
from devtrail_tui.core.job_type import JobType
from devtrail_tui.core.progress import Count, Part, Progress, Waiting
from devtrail_tui.demo.answers import HttpResponse
from devtrail_tui.demo.records import Person
from devtrail_tui.jobs import Catalogue
from tests.doubles.faults import Fault
from tests.doubles.server import FaultyServer
from tests.faults.small_world import VIEWER, Written, small_world
from tests.house.desk import Desk
from tests.house.program import environ_of
from tests.security.hostile_strings import LONG, STRINGS, some
from tests.security.obeying_claude import claim, claims, obeying

CRITERIA = ("design", "testing", "resilience")


def hostile_world(texts: Mapping[str, str]) -> Any:
    """A pull request for every text, with that text in every field that somebody else fills."""
    written = [
        Written(
            title=text,
            body=text,
            branch=text,
            labels=(text, text[::-1]),
            paths=(text or "a", f"services/{text}"),
            comments=(text,),
            reviews=(text,),
            line_comments=(text,),
            speaker=Person(text[:200] or "nobody", text[:200], 100 + number),
        )
        for number, text in enumerate(texts.values())
    ]
    return small_world(written, viewer=Person(VIEWER.login, STRINGS["clipboard"], 1))


def obedient(pull: Mapping[str, Any]) -> str:
    """True quotes, and a hostile text wherever there is room for one; the text is the pull request's own."""
    text = next((each for each in (pull["title"], pull["description"]) if each), "")
    hostile = TEXTS_BY_CLEAN.get(text, text)
    return claims(
        claim("design", hostile or "plain", [pull["title"], pull["description"][:300], hostile]),
        claim("testing", hostile or "plain", [pull["title"]]),
        claim(hostile, hostile, [hostile]),
        claim("resilience", hostile, [hostile], confidence=hostile),
    )


TEXTS_BY_CLEAN: dict[str, str] = {}
"""A text as it reaches Claude, back to what it was; filled by HostileHome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """A config without settings."""


class HostileHome:
    """One sync of everything, jobs that failed in every way, and a job of a plugin that says hostile things."""

    def __init__(self, folder: Path, *, long: bool = False) -> None:
        from devtrail_tui.core.text import safe, safe_line

        self.texts = {**STRINGS, **(LONG if long else {})}
        for text in self.texts.values():
            TEXTS_BY_CLEAN.setdefault(safe_line(text, limit=500), text)
            TEXTS_BY_CLEAN.setdefault(safe(text), text)
        self.server = FaultyServer(hostile_world(self.texts)).unlimited()
        self.server.__enter__()
        self.desk = Desk(self.server, folder)
        self._hostile_criteria()
        self.server.faults.always("messages", obeying(obedient, model=STRINGS["title"], id=STRINGS["click quit"]))
        self.synced = self.desk.sync(userContext="\n".join(STRINGS.values())[:3_900], budgetUsd=1_000)
        self.server.faults.clear()
        self.failed = [self._failed(day, *failure) for day, failure in enumerate(_failures(), start=1)]
        for job in self.jobs_that_wait():
            self.desk.services.queue.cancel(job.id).result()
        self.spoken = self._spoken()
        unfinished = [job for job in self.jobs if not job.status.finished]
        assert not unfinished, unfinished  # who waited for one of them would wait for good

    def _hostile_criteria(self) -> None:
        services, kept = self.desk.services, []
        hostile = list(STRINGS.values())
        for index, each in enumerate(services.criteria.list()):
            text = hostile[index * 3 % len(hostile)]
            kept.append(
                replace(
                    each,
                    area_of_concentration=f"{text}a"[:80],
                    subarea=text[:80],
                    description=f"{text} {each.description}"[:900],
                )
                if each.id not in CRITERIA
                else each
            )
        services.criteria.import_([*kept, Criterion("extra", f"x{STRINGS['tags'][:20]}", "", "[/red]", True)]).result()

    def _failed(self, day: int, route: str, fault: Fault) -> Job:
        """A sync from a day of its own: one that waits for its next try must not stand for the next one."""
        self.server.faults.always(route, fault)
        job = self.desk.sync(startDate=f"2020-01-{day:02}")
        self.server.faults.clear()
        return job

    def _spoken(self) -> Job:
        """What a plugin's job may put into its rows."""
        texts = list(self.texts.values())

        async def run(_config: Nothing, context: Context) -> dict[str, Any]:
            for level in Level:
                for text in texts:
                    context.log(text, level)
            context.progress(
                Progress(
                    percent=40,
                    phase=STRINGS["title"],
                    current_part=STRINGS["click quit"],
                    current_item=STRINGS["clipboard"],
                    waiting=Waiting(STRINGS["hyperlink"], datetime(2099, 1, 1, tzinfo=UTC)),
                    parts=tuple(Part(text[:300], 1, 3, text[:300]) for text in texts),
                    parts_name=STRINGS["reset"],
                    counts=tuple(Count(text[:300], 2) for text in texts),
                )
            )
            await context.save()
            raise PermanentError(" ".join(texts)[:5_000])

        kinds = {
            **self.desk.services.catalogue,
            "SPEAKS": JobType(
                name="SPEAKS",
                title=STRINGS["click quit"],
                description=STRINGS["closing tag"],
                config=Nothing,
                run=run,
                describe=lambda _config: " ".join(texts)[:2_000],
            ),
        }
        self.desk.services.catalogue = Catalogue(kinds)
        job = launch_job(self.desk.services, "SPEAKS", {})
        return self.desk.work(job)

    def jobs_that_wait(self) -> list[Job]:
        """Those whose trouble time could have mended."""
        return [job for job in map(self.desk.job, self.failed) if not job.status.finished]

    @property
    def jobs(self) -> list[Job]:
        """Every job of the home as it stands."""
        return [self.desk.job(job) for job in (self.synced, *self.failed, self.spoken)]

    def entry_of(self, text: str) -> int:
        """The id of the entry made of that text."""
        numbers = {number: each.entry.id for (_, number), each in self.desk.evidence().items()}
        return numbers[sorted(numbers)[list(self.texts.values()).index(text)]]

    def close(self) -> None:
        """Let go of database and server."""
        self.desk.close()
        self.server.__exit__(None, None, None)


def _failures() -> list[tuple[str, Fault]]:
    """Errors of both services with hostile words in every field."""
    said = "".join(text for text in STRINGS.values() if text)[:3_000]
    error = {"message": said, "documentation_url": said, "errors": [{"message": said, "type": STRINGS["title"]}]}
    claude = {"type": "error", "error": {"type": STRINGS["title"], "message": said}, "request_id": STRINGS["colour"]}
    html = HttpResponse(502, f"<html>{said}".encode("utf-8", "surrogatepass"), (("content-type", "text/html"),))
    return [
        ("user", Fault.status(403, error)),
        ("user", Fault.status(422, error, x_request_id="[@click=app.quit]OWNED[/]")),
        (
            "user",
            Fault.status(403, error, x_github_sso="required; url=https://evil.example/[@click=app.quit]OWNED[/red]"),
        ),
        ("user", Fault.status(200, {"login": said, "name": said}, x_oauth_scopes="[/red], [@click=app.quit]x[/]")),
        ("user", Fault.status(301, error, location="https://evil.example/[/red][@click=app.quit]")),
        ("user", Fault.fixed("page", html)),
        ("repo", Fault.status(200, {"data": None, "errors": [{"message": said, "type": said[:300], "path": [said]}]})),
        ("repo", Fault.status(200, {"data": {"repository": {"id": said, "nameWithOwner": said, "isPrivate": False}}})),
        ("search", Fault.status(200, {"data": None, "errors": [{"message": said, "type": "FORBIDDEN"}]})),
        ("models", Fault.status(400, claude)),
        ("models", Fault.status(403, claude)),
        ("models", Fault.status(404, claude)),
        ("models", Fault.status(200, {"id": said, "lifecycle": "retired", "display_name": said})),
        ("models", Fault.status(200, {"id": said, "lifecycle": "deprecated", "retires_at": said})),
    ]


def hostile_toml(text: str) -> list[str]:
    """Settings files with the text as a key and as values."""
    quoted = json.dumps(text)
    return [
        f"{quoted} = 1\n",
        f"theme = {quoted}\n",
        f"model = {quoted}\n",
        f"github_url = {quoted}\n",
        f"anthropic_base_url = {quoted}\n",
        f"database_url = {quoted}\n",
        f"concurrency = {quoted}\n",
        f"keys = {{ cancel_job = {quoted} }}\n",
        f"keys = {{ {quoted} = 'x' }}\n",
        f"{text}\n",
    ]


def environ_of_desk(desk: Desk) -> dict[str, str]:
    """A person's environment for a program of its own."""
    folder = Path(desk.environ["DEVTRAIL_HOME"])
    return environ_of(folder, desk.server, devtrail_home=folder)


def looks(home: HostileHome, entries: int) -> list[tuple[str, ...]]:
    """Every command that shows something that is stored."""
    ids = some([str(each) for each in home.desk.services.evidence.ids()], entries)
    jobs = [str(job.id) for job in home.jobs]
    return [
        ("jobs", "list"),
        ("evidence", "list"),
        ("criteria", "list"),
        ("criteria", "export"),
        ("doctor",),
        *(("evidence", "export", "--format", form) for form in ("md", "json", "csv")),
        *(("jobs", "show", job) for job in jobs),
        *(("logs", job) for job in jobs),
        *(("jobs", "wait", job) for job in jobs),
        *(("evidence", "show", each) for each in ids),
    ]
