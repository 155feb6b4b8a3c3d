"""Stories: hand-written pull requests without dates and numbers.

The format of a file of stories:

    === shop | Title | branch-name | label, label | author=robin-demo hours=30
    The description, over as many lines as it needs.
    --- files
    new src/a.ts +20 -0          also: del, ren, cpy, or nothing for a changed file
    --- talk
    x mira-okafor: a review that asks for changes      + approves      ~ only comments      = was dismissed
    > src/a.ts | a comment on a line, part of the review above
    ? tomasz-w: a comment in the conversation
      a line that starts with two spaces continues the text above
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from devtrail_tui.demo.people import person
from devtrail_tui.demo.records import (
    ChangeType,
    CommentRecord,
    Detail,
    FileRecord,
    PullRequestRecord,
    ReviewCommentRecord,
    ReviewRecord,
    ReviewState,
)

_STATES: dict[str, ReviewState] = {"x": "CHANGES_REQUESTED", "+": "APPROVED", "~": "COMMENTED", "=": "DISMISSED"}
_CHANGES: dict[str, ChangeType] = {"new": "ADDED", "del": "DELETED", "ren": "RENAMED", "cpy": "COPIED"}
_FILE = re.compile(r"^(?:(new|del|ren|cpy) )?(\S.*) \+(\d+) -(\d+)$")
_TURN = re.compile(r"^([x+~=?]) ([\w-]+):(?: (.*))?$")
_REMARK = re.compile(r"^> (\S+) \| (.*)$")


@dataclass(slots=True)
class Turn:
    """One turn of the conversation: a review (with its comments on lines) or, for `?`, a plain comment."""

    sign: str
    login: str
    text: str
    remarks: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_review(self) -> bool:
        return self.sign != "?"


@dataclass(frozen=True, slots=True)
class Story:
    """`author` is a login, or "ghost". `hours` is how long it was open, `talk` its conversation."""

    repository: str
    title: str
    branch: str
    labels: tuple[str, ...]
    author: str
    hours: float
    body: str
    files: tuple[FileRecord, ...]
    talk: tuple[Turn, ...]

    def commenters(self) -> frozenset[str]:
        """The logins that wrote in the conversation or on a line."""
        return frozenset(turn.login for turn in self.talk if not turn.is_review or turn.remarks)

    def reviewers(self) -> frozenset[str]:
        return frozenset(turn.login for turn in self.talk if turn.is_review)


def parse(text: str) -> Iterator[Story]:
    """The stories of one file. Raises ValueError with the invalid line."""
    for block in re.split(r"^=== ", text, flags=re.MULTILINE)[1:]:
        head, _, sections = block.partition("\n")
        repository, title, branch, labels, options = re.split(r"\s*\|\s*", head.strip())
        details = dict(option.split("=", 1) for option in options.split())
        body, _, sections = sections.partition("--- files\n")
        files, _, talk = sections.partition("--- talk\n")
        yield Story(
            repository=repository,
            title=title,
            branch=branch,
            labels=tuple(label.strip() for label in labels.split(",") if label.strip()),
            author=details["author"],
            hours=float(details["hours"]),
            body=body.strip(),
            files=tuple(_file(line) for line in files.splitlines() if line.strip()),
            talk=tuple(_talk(talk.splitlines())),
        )


def _file(line: str) -> FileRecord:
    match = _FILE.match(line.strip())
    if match is None:
        raise ValueError(f"Not a changed file: {line!r}")
    kind, path, additions, deletions = match.groups()
    return FileRecord(path, int(additions), int(deletions), _CHANGES.get(kind, "MODIFIED"))


def _talk(lines: Sequence[str]) -> list[Turn]:
    turns: list[Turn] = []
    for line in lines:
        if not line.strip():
            continue
        opening, remark = _TURN.match(line), _REMARK.match(line)
        if opening is not None:
            turns.append(Turn(opening.group(1), opening.group(2), opening.group(3) or ""))
        elif remark is not None and turns and turns[-1].is_review:
            turns[-1].remarks.append((remark.group(1), remark.group(2)))
        elif line.startswith("  ") and turns:
            _go_on(turns[-1], line[2:])
        else:
            raise ValueError(f"Not a turn of the conversation: {line!r}")
    return turns


def _go_on(turn: Turn, text: str) -> None:
    if turn.remarks:
        path, start = turn.remarks[-1]
        turn.remarks[-1] = (path, f"{start}\n{text}")
    else:
        turn.text = f"{turn.text}\n{text}"


def detail_of(story: Story, pull: PullRequestRecord) -> Detail:
    """The detail of a pull request from a story, its turns spread over the time it was open."""
    comments: list[CommentRecord] = []
    reviews: list[ReviewRecord] = []
    for moment, turn in zip(_moments(pull, len(story.talk)), story.talk, strict=True):
        if turn.is_review:
            reviews.append(_review(pull, turn, moment, reviews))
        else:
            node_id = _part_id("IC", pull, len(comments))
            url = pull.part_url("issuecomment-", node_id)
            comments.append(CommentRecord(node_id, person(turn.login), turn.text, moment, url))
    return Detail(
        title=story.title,
        body=story.body,
        head_ref=story.branch,
        labels=story.labels,
        files=story.files,
        comments=tuple(comments),
        reviews=tuple(reviews),
    )


def _review(pull: PullRequestRecord, turn: Turn, moment: datetime, earlier: Sequence[ReviewRecord]) -> ReviewRecord:
    author = person(turn.login)
    remarks: list[ReviewCommentRecord] = []
    threads = {remark.path: remark for review in earlier for remark in review.comments}
    for number, (path, text) in enumerate(turn.remarks, start=sum(len(review.comments) for review in earlier)):
        node_id = _part_id("PRRC", pull, number)
        url = pull.part_url("discussion_r", node_id)
        remarks.append(ReviewCommentRecord(node_id, author, text, path, moment, url, threads.get(path)))
    node_id = _part_id("PRR", pull, len(earlier))
    url = pull.part_url("pullrequestreview-", node_id)
    return ReviewRecord(node_id, author, _STATES[turn.sign], turn.text, moment, url, tuple(remarks))


def _part_id(prefix: str, pull: PullRequestRecord, number: int) -> str:
    return f"{prefix}_{pull.node_id.removeprefix('PR_')}-{number:04d}"


def _moments(pull: PullRequestRecord, count: int) -> list[datetime]:
    """Times for `count` turns between opening and end, in whole seconds."""
    end = pull.merged_at or pull.closed_at or pull.created_at + timedelta(hours=30)
    step = (end - pull.created_at).total_seconds() / (count + 1)
    return [pull.created_at + timedelta(seconds=int(step * number)) for number in range(1, count + 1)]
