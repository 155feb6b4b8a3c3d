"""The dependencies of the running program: what a job writes, what the app shows, copies and notifies, and the form's preview."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devtrail_tui.core.context import Context, Preview, PreviewContext
from devtrail_tui.core.errors import PermanentError, SecretMissing
from devtrail_tui.core.evidence import AnalysisState, NewEvidence, NewJudgement
from devtrail_tui.core.figures import figures_of
from devtrail_tui.core.job import Level, Progress, Status
from devtrail_tui.core.progress import Count, Part
from devtrail_tui.jobs import Catalogue
from devtrail_tui.tui.screens.prompt import PromptScreen
from tests.runtime.conftest import Bench, WithToken, bench, environ  # noqa: F401 - fixtures
from tests.security.samples import PULL_REQUEST, TOKEN
from tests.tui.app_host import House, sees, typed, until

VALUE = "learned-value-nobody-guesses"


async def tell(config: Any, context: Context) -> dict[str, Any]:
    """Write the token everywhere a job can write."""
    secret = await context.secret("github")
    said = f"{secret} and {TOKEN}"
    context.log(said, Level.WARNING)
    shown = Progress(percent=1, phase=said, current_part=said, current_item=said, parts_name=said)
    context.progress(replace(shown, parts=(Part(said, note=said),), counts=(Count(said, 1),)))
    entry = NewEvidence("mona", PULL_REQUEST, (), (), figures_of(PULL_REQUEST))
    (known,) = await context.save((entry,), log=[(Level.INFO, said)])
    refused = NewJudgement(known.evidence_id, known.updated_at, AnalysisState.FAILED, "rubric", said)
    await context.save(judgements=(refused,))
    if config.token:
        raise PermanentError(f"refused: {said}")
    return {"message": said, "deep": [{"er": said}]}


@pytest.mark.parametrize("fails", [False, True])
def test_what_a_job_writes_holds_no_secret(bench: Bench, fails: bool) -> None:  # noqa: F811, FBT001 - fixture, parameter
    bench.services.environ["GITHUB_TOKEN"] = VALUE  # type: ignore[index]  # the bench's own dictionary
    bench.job_type("TELL", tell, WithToken)
    job = bench.launch("TELL", **({"token": VALUE} if fails else {}))
    bench.work()
    done = bench.job(job.id)
    assert done.status is (Status.FAILED if fails else Status.COMPLETED)
    assert "[secret]" in str(done.error if fails else done.result)
    assert any("[secret]" in line.message for line in bench.log(job.id))
    bench.services.database.write(lambda connection: connection.exec_driver_sql("SELECT 1").scalar()).result()
    for path in bench.services.database.path.parent.iterdir():
        data = path.read_bytes()
        assert VALUE.encode() not in data, path
        assert TOKEN.encode() not in data, path


def test_a_job_whose_secret_is_gone_waits_and_says_so(bench: Bench) -> None:  # noqa: F811 - the fixture
    bench.services.environ["GITHUB_TOKEN"] = VALUE  # type: ignore[index]  # the bench's own dictionary
    bench.job_type("TELL", tell, WithToken)
    job = bench.launch("TELL", token=VALUE)
    assert job.config["token"] == "secret:env:GITHUB_TOKEN"
    del bench.services.environ["GITHUB_TOKEN"]  # type: ignore[attr-defined]  # as above
    bench.work()
    waiting = bench.job(job.id)
    assert (waiting.status, waiting.attempt) == (Status.PENDING, 0)
    assert "GITHUB_TOKEN, which is not set here" in (waiting.waiting_for or "")
    with pytest.raises(SecretMissing):
        bench.services.secrets.resolve("github", "")


async def test_notifications_and_copies_are_redacted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(tmp_path)
    house.services.secrets.redact.learn(VALUE)
    async with house.app() as (app, pilot):
        app.notify(f"failed with {VALUE}", title=VALUE, markup=False)
        await sees(pilot, "failed with [secret]")
        app.copy_to_clipboard(f"a {VALUE} b")
        assert app.clipboard == "a [secret] b"
        assert VALUE not in app.export_screenshot()


async def test_a_typed_secret_is_on_no_screenshot_and_in_no_complaint(tmp_path: Path) -> None:
    house = House(tmp_path)
    async with house.app() as (app, pilot):
        await pilot.press("n")
        await sees(pilot, "GitHub token")
        await typed(pilot, TOKEN.replace("_", ""))
        app.screen.query_one("SecretInput").focus()
        await typed(pilot, "hushhush")
        await sees(pilot, "•" * 8)
        assert "hushhush" not in app.export_screenshot()
        await pilot.press("escape", "y")


async def test_f3_shows_what_would_be_sent_and_errors_stand_in_the_form(tmp_path: Path) -> None:
    house = House(tmp_path)
    asked: list[Any] = []

    async def preview(config: Any, context: PreviewContext) -> Preview:
        asked.append(config)
        if config.model == "large":
            raise PermanentError("GitHub is away.")
        return Preview("POST https://api.example/v1/messages\n\n[link=x]not markup[/link] and all the rest", {})

    shown_type = replace(house.stage.job_type(), preview=preview)
    house.services.catalogue = Catalogue({"GITHUB_SYNC": shown_type})
    async with house.app() as (app, pilot):
        await pilot.press("n")
        await sees(pilot, "Repositories *", "What is sent")
        await pilot.press("f3")
        await sees(pilot, "Repositories is needed")
        await typed(pilot, "acme/shop")
        await pilot.press("f3")
        await sees(pilot, "What is sent to Claude", "[link=x]not markup[/link]", "all the rest")
        assert isinstance(app.screen, PromptScreen)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, PromptScreen), "the form again")
        assert asked[-1].repositories == ("acme/shop",)
        assert house.services.views.counts()[Status.PENDING] == 0
        await pilot.press("escape", "y")


async def test_a_type_that_sends_nothing_offers_no_preview(tmp_path: Path) -> None:
    house = House(tmp_path)
    async with house.app() as (_app, pilot):
        await pilot.press("n")
        screen = await sees(pilot, "Repositories *")
        assert "What is sent" not in screen
        await pilot.press("f3", "escape")
