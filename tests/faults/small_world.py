"""A GitHub with exactly the pull requests a test writes down, all of them the viewer's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from devtrail_tui.demo.records import (
    CommentRecord,
    Detail,
    FileRecord,
    Person,
    PullRequestRecord,
    RepositoryRecord,
    ReviewCommentRecord,
    ReviewRecord,
)
from devtrail_tui.demo.world import World

VIEWER = Person("robin", "Robin", 1)
REVIEWER = Person("mira", "Mira", 2)
OWNER = Person("acme", "Acme", 3, "Organization")


@dataclass(frozen=True, slots=True)
class Written:
    """The foreign texts of one pull request. `speaker` wrote its comments and reviews."""

    title: str
    body: str = "The retry waits longer after every failure, so that a sick service can recover."
    branch: str = "retry-backoff"
    labels: tuple[str, ...] = ("bug",)
    paths: tuple[str, ...] = ("services/retry.py",)
    comments: tuple[str, ...] = ()
    reviews: tuple[str, ...] = ("Thorough work, the backoff is explained well.",)
    line_comments: tuple[str, ...] = ()
    """On the first path, within the first review."""
    speaker: Person | None = field(default=REVIEWER)


def small_world(written: Sequence[Written], *, viewer: Person = VIEWER, repository: str = "shop") -> World:
    """One repository, `acme/shop`, with these pull requests, numbered from 1, the newest merged two days ago."""
    now = datetime.now(UTC).replace(microsecond=0)
    place = RepositoryRecord(OWNER, repository, 10)
    pulls = [_pull_request(place, number, each, viewer, now) for number, each in enumerate(written, start=1)]
    return World(viewer, (place,), pulls)


def _pull_request(
    place: RepositoryRecord, number: int, written: Written, viewer: Person, now: datetime
) -> PullRequestRecord:
    merged = now - timedelta(days=2, hours=number)
    spoke = frozenset({written.speaker.login} if written.speaker else ())
    return PullRequestRecord(
        repository=place,
        number=number,
        node_id=f"PR_{number:06d}",
        author=viewer,
        created_at=merged - timedelta(days=1),
        merged_at=merged,
        closed_at=merged,
        commenters=spoke if written.comments or written.line_comments else frozenset(),
        reviewers=spoke if written.reviews else frozenset(),
        make_detail=partial(_detail, written),
    )


def _detail(written: Written, pull: PullRequestRecord) -> Detail:
    own = pull.node_id.removeprefix("PR_")
    who, when = written.speaker, pull.created_at + timedelta(hours=1)
    remarks = tuple(
        ReviewCommentRecord(
            f"PRRC_{own}-{index}",
            who,
            body,
            written.paths[0],
            when,
            pull.part_url("discussion_r", f"PRRC_{own}-{index}"),
        )
        for index, body in enumerate(written.line_comments)
    )
    return Detail(
        title=written.title,
        body=written.body,
        head_ref=written.branch,
        labels=written.labels,
        files=tuple(FileRecord(path, 3, 1) for path in written.paths),
        comments=tuple(
            CommentRecord(f"IC_{own}-{index}", who, body, when, pull.part_url("issuecomment-", f"IC_{own}-{index}"))
            for index, body in enumerate(written.comments)
        ),
        reviews=tuple(
            ReviewRecord(
                f"PRR_{own}-{index}",
                who,
                "APPROVED",
                body,
                when,
                pull.part_url("pullrequestreview-", f"PRR_{own}-{index}"),
                () if index else remarks,
            )
            for index, body in enumerate(written.reviews)
        ),
    )
