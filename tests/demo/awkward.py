"""What a sync must make of the awkward pull requests, worked out by hand from their stories.

Nothing here is computed. `roles` are those of the demo's user; an empty tuple means that the pull request must not be found.
`components` are some of those a reader of the paths would name; there may be more.
"""

from __future__ import annotations

from dataclasses import dataclass

LOGIN = "robin-demo"


@dataclass(frozen=True)
class Expected:
    title: str
    repository: str
    author: str
    author_kind: str
    roles: tuple[str, ...]
    changed_files: int
    additions: int
    deletions: int
    review_rounds: int
    comments: int
    review_comments: int
    components: tuple[str, ...] = ()
    analysis_fails: bool = False


AWKWARD = (
    # The author's account is gone; the user asked for changes, then approved.
    Expected(
        title="Keep prices stable while a currency table is reloaded",
        repository="acme/api",
        author="ghost",
        author_kind="User",
        roles=("commenter", "reviewer"),
        changed_files=3,
        additions=99,
        deletions=23,
        review_rounds=2,
        comments=1,
        review_comments=1,
        components=("services/currency", "models/price"),
    ),
    # A bot's; the user's approval has no text.
    Expected(
        title="Bump golang.org/x/net from 0.33.0 to 0.38.0",
        repository="acme/platform",
        author="dependabot",
        author_kind="Bot",
        roles=("commenter", "reviewer"),
        changed_files=2,
        additions=3,
        deletions=3,
        review_rounds=1,
        comments=1,
        review_comments=0,
    ),
    # Imported: the author is a mannequin.
    Expected(
        title="Import the coupon history from Subversion",
        repository="acme/shop",
        author="old-svn-kwame",
        author_kind="Mannequin",
        roles=("commenter",),
        changed_files=2,
        additions=424,
        deletions=0,
        review_rounds=1,
        comments=1,
        review_comments=0,
    ),
    # In the repository that was renamed.
    Expected(
        title="Point every link at the new repository name",
        repository="acme/web",
        author="robin-demo",
        author_kind="User",
        roles=("author",),
        changed_files=3,
        additions=8,
        deletions=8,
        review_rounds=1,
        comments=0,
        review_comments=0,
    ),
    # 250 files: three pages of them. 96 + 5 + 7 and 247 times 2 added; 1 + 9 and 247 times 1 deleted.
    Expected(
        title="Move the whole storefront to the new import paths",
        repository="acme/shop",
        author="robin-demo",
        author_kind="User",
        roles=("author", "commenter"),
        changed_files=250,
        additions=602,
        deletions=257,
        review_rounds=2,
        comments=1,
        review_comments=1,
        components=("storefront: components/cart", "storefront: components/checkout", "storefront: features/cart"),
    ),
    # The user's only word is comment 131, on the second page.
    Expected(
        title="Decide how we name events",
        repository="acme/platform",
        author="dk-moreau",
        author_kind="User",
        roles=("commenter",),
        changed_files=1,
        additions=88,
        deletions=0,
        review_rounds=1,
        comments=131,
        review_comments=0,
        components=("docs",),
    ),
    # One review with 64 comments on lines.
    Expected(
        title="Import the help centre from the old system",
        repository="acme/web",
        author="lena-vogt",
        author_kind="User",
        roles=("commenter", "reviewer"),
        changed_files=3,
        additions=240,
        deletions=12,
        review_rounds=2,
        comments=1,
        review_comments=64,
        components=("pages/help",),
    ),
    # The user is mentioned twice and did nothing.
    Expected(
        title="Rate limit partner keys by plan",
        repository="acme/api",
        author="priya-narayan",
        author_kind="User",
        roles=(),
        changed_files=3,
        additions=145,
        deletions=11,
        review_rounds=1,
        comments=1,
        review_comments=0,
    ),
    # Merged at 00:00:00 UTC.
    Expected(
        title="Freeze catalogue writes for the price migration",
        repository="acme/api",
        author="robin-demo",
        author_kind="User",
        roles=("author",),
        changed_files=2,
        additions=52,
        deletions=0,
        review_rounds=1,
        comments=0,
        review_comments=0,
        components=("routes/catalogue", "services/freeze"),
    ),
    # Merged at 23:59:59 UTC, without anybody's review.
    Expected(
        title="Unfreeze catalogue writes after the price migration",
        repository="acme/api",
        author="robin-demo",
        author_kind="User",
        roles=("author",),
        changed_files=2,
        additions=0,
        deletions=52,
        review_rounds=0,
        comments=0,
        review_comments=0,
        components=("routes/catalogue", "services/freeze"),
    ),
    # Escape sequences, markup, bidi, a NUL and a lone surrogate in its texts.
    Expected(
        title="Render partner names exactly as they were entered",
        repository="acme/shop",
        author="robin-demo",
        author_kind="User",
        roles=("author",),
        changed_files=3,
        additions=87,
        deletions=13,
        review_rounds=2,
        comments=0,
        review_comments=0,
        components=("storefront: components/partner", "orders: services/partners"),
    ),
    # No description, no conversation.
    Expected(
        title="Fix typo in the on-call calendar",
        repository="acme/platform",
        author="robin-demo",
        author_kind="User",
        roles=("author",),
        changed_files=1,
        additions=1,
        deletions=1,
        review_rounds=0,
        comments=0,
        review_comments=0,
        components=("docs",),
    ),
    # Claude refuses.
    Expected(
        title="Block card testing on the checkout endpoint",
        repository="acme/shop",
        author="robin-demo",
        author_kind="User",
        roles=("author", "commenter"),
        changed_files=3,
        additions=264,
        deletions=7,
        review_rounds=2,
        comments=1,
        review_comments=1,
        components=("orders: controllers/checkout", "orders: services/fraud"),
        analysis_fails=True,
    ),
    # Claude answers in prose.
    Expected(
        title="Backfill tax country on 2.1 million orders",
        repository="acme/api",
        author="robin-demo",
        author_kind="User",
        roles=("author", "commenter"),
        changed_files=4,
        additions=295,
        deletions=2,
        review_rounds=3,
        comments=2,
        review_comments=1,
        components=("migrations", "jobs/backfill_tax_country", "docs"),
        analysis_fails=True,
    ),
    # Claude adds an invented quote, a confidence of 140 and an unknown criterion to one good match.
    Expected(
        title="Retry webhooks with a budget instead of forever",
        repository="acme/api",
        author="robin-demo",
        author_kind="User",
        roles=("author", "commenter"),
        changed_files=5,
        additions=374,
        deletions=83,
        review_rounds=2,
        comments=1,
        review_comments=1,
        components=("services/webhooks", "models/delivery", "routes/webhooks"),
    ),
    # The author's answer on a line is filed as a review of their own; it makes no reviewer.
    Expected(
        title="Give each payment attempt an idempotency key",
        repository="acme/shop",
        author="robin-demo",
        author_kind="User",
        roles=("author", "commenter"),
        changed_files=5,
        additions=376,
        deletions=75,
        review_rounds=3,
        comments=2,
        review_comments=2,
        components=("orders: services/payments", "orders: models/attempt", "storefront: features/checkout"),
    ),
    # Changes asked for twice, then approved.
    Expected(
        title="Replace the date picker",
        repository="acme/shop",
        author="hsato",
        author_kind="User",
        roles=("commenter", "reviewer"),
        changed_files=3,
        additions=263,
        deletions=389,
        review_rounds=3,
        comments=1,
        review_comments=3,
        components=("storefront: components/delivery",),
    ),
    # Only one comment on a line, in a review without a text.
    Expected(
        title="Cache module downloads between builds",
        repository="acme/platform",
        author="tomasz-w",
        author_kind="User",
        roles=("commenter", "reviewer"),
        changed_files=2,
        additions=39,
        deletions=6,
        review_rounds=2,
        comments=1,
        review_comments=1,
    ),
    # Nothing but renames, and a review that was dismissed.
    Expected(
        title="Rename every chart from app to service",
        repository="acme/platform",
        author="robin-demo",
        author_kind="User",
        roles=("author", "commenter"),
        changed_files=4,
        additions=0,
        deletions=0,
        review_rounds=2,
        comments=1,
        review_comments=0,
    ),
    # The description gives orders to the reader.
    Expected(
        title="Reject requests that claim to be from us",
        repository="acme/api",
        author="dk-moreau",
        author_kind="User",
        roles=("commenter",),
        changed_files=2,
        additions=100,
        deletions=4,
        review_rounds=1,
        comments=1,
        review_comments=0,
        components=("routes/middleware",),
    ),
    # The reviewer's account is gone, and the approval has no text.
    Expected(
        title="Keep the basket when a session expires",
        repository="acme/shop",
        author="robin-demo",
        author_kind="User",
        roles=("author", "commenter"),
        changed_files=3,
        additions=170,
        deletions=17,
        review_rounds=2,
        comments=1,
        review_comments=0,
        components=("storefront: features/cart", "orders: services/basket"),
    ),
)
