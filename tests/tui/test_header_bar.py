"""The header: what it says, and what goes first as the line narrows."""

from dataclasses import replace

import pytest
from rich.cells import cell_len

from devtrail_tui.core.job import Status
from devtrail_tui.core.job_row import HeaderFacts
from devtrail_tui.core.service import RateLimit
from devtrail_tui.tui.widgets.header_bar import HeaderBar
from tests.tui.widget_host import HOSTILE, NOW, Host, harmless

LIMIT = RateLimit("graphql", 5000, 4812, NOW, service="GitHub", host="github.com", account="mona")
FACTS = HeaderFacts(1, {Status.RUNNING: 1, Status.PENDING: 2}, LIMIT, 0.42)
UNTIL = NOW.astimezone().strftime("%H:%M")


async def said(
    facts: HeaderFacts, width: int = 120, *, demo: bool = False, stopping: bool = False, trouble: str = ""
) -> str:
    bar = HeaderBar(demo=demo)
    async with Host(bar).run_test(size=(width, 5)):
        bar.update(facts, stopping=stopping, trouble=trouble)
        text = bar.render_line(0).text
        assert cell_len(text) == width
        assert harmless(text)
        return " ".join(text.split())


async def test_everything_at_full_width() -> None:
    assert await said(FACTS, demo=True) == (
        f"DevTrail DEMO 1 Jobs 2 Evidence worker ● 1 running, 2 waiting GitHub 4,812/5,000 until {UNTIL} $0.42 today"
    )


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (80, "DEMO 1 Jobs 2 Evidence worker ● 1 running, 2 waiting $0.42"),
        (60, "DEMO 1 Jobs 2 Evidence worker ● 1 running, 2 waiting"),
        (50, "DEMO 1 Jobs 2 Evidence"),
        (20, "DEMO 1 Jobs 2 E"),
    ],
)
async def test_the_least_important_goes_first(width: int, text: str) -> None:
    assert await said(FACTS, width, demo=True) == text


async def test_the_worker_in_words() -> None:
    assert "worker ○ none, 2 waiting" in await said(replace(FACTS, workers=0, counts={Status.PENDING: 2}))
    assert "worker ● idle" in await said(replace(FACTS, counts={}))
    assert "2 workers ● 1 running" in await said(replace(FACTS, workers=2))
    assert "worker ◌ stopping…" in await said(FACTS, stopping=True)
    assert "disk full" in await said(FACTS, trouble="disk full")
    await said(FACTS, trouble=HOSTILE)


async def test_a_low_limit_has_a_sign() -> None:
    low = replace(FACTS, limit=replace(LIMIT, remaining=12))
    assert "GitHub 12/5,000 until" in await said(low)
    assert (await said(low)).split("$")[0].rstrip().endswith("!")
    assert "Jira 4,812/5,000" in await said(replace(FACTS, limit=replace(LIMIT, service="Jira")))
    assert "GitHub" not in await said(replace(FACTS, limit=None))
