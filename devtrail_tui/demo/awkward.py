"""Edge-case pull requests: deleted accounts, bots, huge ones, hostile texts, times at the edge of a day.

Their texts are in `stories/awkward/`; very long ones are generated here. None of it is random.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources

from devtrail_tui.demo.claude_matching import INVENTED, NOT_JSON, REFUSAL
from devtrail_tui.demo.records import FileRecord
from devtrail_tui.demo.story import Story, Turn, parse

MANY_FILES = "Move the whole storefront to the new import paths"
MANY_COMMENTS = "Decide how we name events"
MANY_REMARKS = "Import the help centre from the old system"
HOSTILE = "Render partner names exactly as they were entered"
START_OF_DAY = "Freeze catalogue writes for the price migration"
END_OF_DAY = "Unfreeze catalogue writes after the price migration"

ODDITIES: Mapping[str, str] = {
    "Block card testing on the checkout endpoint": REFUSAL,
    "Backfill tax country on 2.1 million orders": NOT_JSON,
    "Retry webhooks with a budget instead of forever": INVENTED,
}
"""Titles to which Claude gives an unusual answer (see claude_matching)."""

_FIXED_TIMES: Mapping[str, tuple[int, time]] = {
    START_OF_DAY: (120, time(0, 0, 0)),
    END_OF_DAY: (121, time(23, 59, 59)),
}
"""Days before today, and the time of that day in UTC."""

_FIRST_DAYS_AGO, _STEP_DAYS = 8, 15


def cases(today: date) -> Iterator[tuple[Story, datetime]]:
    """Each awkward story with its merge time."""
    text = resources.files("devtrail_tui.demo").joinpath("stories", "awkward", "awkward.txt").read_text("utf-8")
    for number, story in enumerate(parse(text)):
        days, at = _FIXED_TIMES.get(story.title, (_FIRST_DAYS_AGO + _STEP_DAYS * number, time(14, 5, number)))
        moment = datetime.combine(today - timedelta(days=days), at, UTC)
        complete = _ADDITIONS.get(story.title)
        yield (story if complete is None else complete(story)), moment


def _many_files(story: Story) -> Story:
    """250 files in total, each with two lines added and one deleted."""
    folders = ("cart", "checkout", "product", "account", "search")
    files = tuple(
        FileRecord(f"packages/storefront/src/components/{folders[number % 5]}/Part{number:03d}.tsx", 2, 1)
        for number in range(250 - len(story.files))
    )
    return replace(story, files=story.files + files)


_PEOPLE = ("mira-okafor", "tomasz-w", "jlindqvist", "priya-narayan", "hsato")


def _many_comments(story: Story) -> Story:
    """130 comments before the written ones, so that the user's is on the second page."""
    proposals = ("past tense", "present tense", "verb first", "noun first", "dots", "dashes", "underscores")
    talk = tuple(
        Turn(
            "?",
            _PEOPLE[number % 5],
            f"Proposal {number + 1}: {proposals[number % 7]}, for the reasons in the thread above.",
        )
        for number in range(130)
    )
    return replace(story, talk=talk + story.talk)


def _many_remarks(story: Story) -> Story:
    """64 line comments in the user's first review."""
    first, *later_turns = story.talk
    remarks = [
        (
            f"content/help/article-{number:02d}.md",
            f"Link {number} still points to the old system; the target moved to /help.",
        )
        for number in range(64)
    ]
    return replace(story, talk=(replace(first, remarks=remarks), *later_turns))


def _hostile(story: Story) -> Story:
    """Texts that attack terminals and markup renderers."""
    body = (
        story.body
        + "\n\nSeen in real data:\n"
        + "\x1b]52;c;aGVsbG8=\x07\x1b[2J\x1b[31mred\x1b[0m and \x9b6n\n"
        + "[/red] [@click=app.quit]quit[/] [link=https://evil.example]click[/link]\n"
        + "invoice\u202egnp.exe and \U000e0041\U000e0042 and a lone surrogate \ud83d and a NUL \x00 here\n"
    )
    first, *later_turns = story.talk
    spoiled = replace(first, text=first.text + " \x1b]0;owned\x07[/]")
    return replace(story, body=body, talk=(spoiled, *later_turns))


_ADDITIONS: Mapping[str, Callable[[Story], Story]] = {
    MANY_FILES: _many_files,
    MANY_COMMENTS: _many_comments,
    MANY_REMARKS: _many_remarks,
    HOSTILE: _hostile,
}
