"""The words of composed pull requests: what there is in the four repositories, and what people do to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Area:
    """A part of a repository: what people call it, and the files it lives in. `has_money`: it computes amounts."""

    repository: str
    noun: str
    paths: tuple[str, ...]
    labels: tuple[str, ...] = ()
    has_money: bool = False

    @property
    def has_screen(self) -> bool:
        return any(path.endswith(".tsx") for path in self.paths)


@dataclass(frozen=True, slots=True)
class Change:
    """A kind of change. `size` is the most lines a file of it gains; `needs` says which areas it fits."""

    prefix: str
    title: str
    why: tuple[str, ...]
    how: tuple[str, ...]
    checks: tuple[str, ...]
    size: int = 60
    needs: Literal["", "screen", "money"] = ""

    def fits(self, area: Area) -> bool:
        return area.has_screen if self.needs == "screen" else area.has_money if self.needs == "money" else True


AREAS: Sequence[Area] = (
    Area(
        "shop",
        "cart drawer",
        (
            "packages/storefront/src/components/cart/CartDrawer.tsx",
            "packages/storefront/src/components/cart/useCart.ts",
            "packages/storefront/src/components/cart/CartDrawer.test.tsx",
            "packages/storefront/src/features/cart/cartSlice.ts",
        ),
        ("frontend",),
    ),
    Area(
        "shop",
        "address form",
        (
            "packages/storefront/src/components/checkout/AddressForm.tsx",
            "packages/storefront/src/components/checkout/AddressForm.test.tsx",
            "packages/storefront/src/features/checkout/validation.ts",
            "packages/orders/src/models/address.ts",
        ),
        ("frontend", "checkout"),
    ),
    Area(
        "shop",
        "order history page",
        (
            "packages/storefront/app/pages/account/orders.tsx",
            "packages/storefront/src/components/orders/OrderRow.tsx",
            "packages/orders/src/controllers/history.ts",
            "packages/orders/src/services/history.ts",
        ),
        ("frontend",),
    ),
    Area(
        "shop",
        "promotion codes",
        (
            "packages/orders/src/services/promotions.ts",
            "packages/orders/src/models/promotion.ts",
            "packages/orders/src/routes/promotions.ts",
            "packages/orders/test/promotions.test.ts",
        ),
        ("backend",),
        has_money=True,
    ),
    Area(
        "shop",
        "stock reservation",
        (
            "packages/inventory/src/services/reservation.ts",
            "packages/inventory/src/models/stock.ts",
            "packages/inventory/test/reservation.test.ts",
            "packages/inventory/migrations/0031_reservation_expiry.sql",
        ),
        ("backend",),
    ),
    Area(
        "shop",
        "product gallery",
        (
            "packages/storefront/src/components/product/Gallery.tsx",
            "packages/storefront/src/components/product/Zoom.tsx",
            "packages/storefront/src/components/product/gallery.css",
        ),
        ("frontend",),
    ),
    Area(
        "shop",
        "refund flow",
        (
            "packages/orders/src/controllers/refunds.ts",
            "packages/orders/src/services/refunds.ts",
            "packages/orders/test/refunds.test.ts",
            "packages/admin/src/features/refunds/RefundDialog.tsx",
        ),
        ("backend", "payments"),
        has_money=True,
    ),
    Area(
        "api",
        "catalogue endpoint",
        (
            "app/routes/catalogue.py",
            "app/services/catalogue.py",
            "app/models/product.py",
            "tests/routes/test_catalogue.py",
        ),
    ),
    Area(
        "api",
        "price list import",
        (
            "app/services/price_import.py",
            "app/jobs/price_import.py",
            "app/models/price.py",
            "tests/services/test_price_import.py",
        ),
        has_money=True,
    ),
    Area(
        "api",
        "customer merge",
        ("app/services/customers.py", "app/controllers/customers.py", "app/models/customer.py", "tests/test_merge.py"),
    ),
    Area(
        "api",
        "webhook signatures",
        ("app/services/webhooks.py", "app/routes/webhooks.py", "tests/services/test_webhooks.py", "docs/webhooks.md"),
        ("security",),
    ),
    Area(
        "api",
        "search suggestions",
        ("app/services/suggest.py", "app/routes/search.py", "app/models/search_term.py", "tests/test_suggest.py"),
    ),
    Area(
        "api",
        "tax calculation",
        ("app/services/tax.py", "app/models/tax_rule.py", "tests/services/test_tax.py", "docs/tax-rules.md"),
        has_money=True,
    ),
    Area(
        "api",
        "partner sandbox",
        ("app/routes/sandbox.py", "app/services/sandbox.py", "tests/routes/test_sandbox.py", "docs/sandbox.md"),
    ),
    Area(
        "api",
        "audit trail",
        ("app/models/audit_event.py", "app/services/audit.py", "migrations/versions/0078_audit_actor.py"),
        ("compliance",),
    ),
    Area(
        "web",
        "pricing page",
        ("app/pages/pricing.tsx", "src/components/pricing/PlanTable.tsx", "src/components/pricing/Toggle.tsx"),
    ),
    Area(
        "web",
        "help centre search",
        ("app/pages/help/search.tsx", "src/features/help/search.ts", "src/features/help/search.test.ts"),
    ),
    Area(
        "web",
        "cookie banner",
        (
            "src/components/consent/Banner.tsx",
            "src/features/consent/store.ts",
            "src/components/consent/Banner.test.tsx",
        ),
        ("privacy",),
    ),
    Area("web", "blog index", ("app/pages/blog/index.tsx", "src/components/blog/Card.tsx", "content/blog/README.md")),
    Area(
        "web",
        "language switcher",
        ("src/components/layout/LanguageSwitcher.tsx", "src/features/i18n/routes.ts", "app/pages/_layout.tsx"),
        ("i18n",),
    ),
    Area(
        "web",
        "careers page",
        ("app/pages/careers.tsx", "src/components/careers/JobList.tsx", "src/features/careers/feed.ts"),
    ),
    Area(
        "platform",
        "deploy pipeline",
        ("pipelines/deploy.yaml", "cmd/deployctl/main.go", "internal/deploy/plan.go", "internal/deploy/plan_test.go"),
        ("ci",),
    ),
    Area(
        "platform",
        "feature flag service",
        ("services/flags/handler.go", "services/flags/store.go", "services/flags/store_test.go", "docs/flags.md"),
    ),
    Area(
        "platform",
        "log shipper",
        ("services/logship/buffer.go", "services/logship/main.go", "charts/logship/values.yaml"),
        ("observability",),
    ),
    Area(
        "platform",
        "alert rules",
        ("alerts/checkout.yaml", "alerts/api.yaml", "docs/runbooks/alerts.md", "alerts/rules_test.yaml"),
        ("observability",),
    ),
    Area(
        "platform",
        "preview environments",
        ("cmd/preview/main.go", "internal/preview/lifecycle.go", "internal/preview/lifecycle_test.go"),
        ("ci",),
    ),
    Area(
        "platform",
        "secret rotation",
        ("internal/secrets/rotate.go", "internal/secrets/rotate_test.go", "docs/runbooks/rotation.md"),
        ("security",),
    ),
    Area(
        "platform",
        "shared HTTP client",
        ("pkg/httpclient/client.go", "pkg/httpclient/retry.go", "pkg/httpclient/retry_test.go"),
    ),
)

ANYWHERE: Sequence[str] = (
    "during a deploy",
    "when the cache is cold",
    "at month end",
    "under load",
    "for imported accounts",
    "across time zones",
    "for the Nordic markets",
    "after a partial failure",
    "on the first start",
    "when the clock changes",
    "with very long names",
)
ON_SCREENS: Sequence[str] = (
    "for returning customers",
    "on slow connections",
    "on small screens",
    "for guests",
    "in right-to-left languages",
    "with large text",
    "in private windows",
    "after signing in again",
)
BEHIND: Sequence[str] = (
    "in the staging cluster",
    "behind the partner gateway",
    "for accounts with several addresses",
    "with two writers",
    "while a replica lags",
    "for very large customers",
    "when the queue is full",
    "after a restart",
)

CHANGES: Sequence[Change] = (
    Change(
        "fix",
        "Stop the {noun} from losing state {place}",
        (
            "Support collected {count} tickets over {days} days about this. It only happens {place}, which is why nobody saw it.",
            "Found while looking at something else: {place} the {noun} starts over and people have to repeat themselves.",
        ),
        (
            "The state lived in two places and the second one won. There is one now.",
            "I kept the public interface as it is so that nothing downstream moves.",
            "The early return was there for a browser we dropped two years ago.",
        ),
        ("A test fails without the change and passes with it.", "Checked by hand {place}, twice, with the cache off."),
    ),
    Change(
        "fix",
        "Correct rounding in the {noun} {place}",
        ("Finance noticed a difference of a few cents {place}. It added up over {count} orders.",),
        (
            "Amounts are whole minor units from end to end now; formatting is the last step.",
            "The old helper rounded twice. It is gone, with its three callers.",
        ),
        ("Property test over the amounts we actually saw.", "Recomputed last month's totals: no difference left."),
        40,
        needs="money",
    ),
    Change(
        "perf",
        "Make the {noun} respond faster {place}",
        (
            "p95 went from {milliseconds} ms to about a third of it in staging; {place} it was far worse than that.",
            "The trace showed {count} identical queries in a row {place}.",
        ),
        (
            "One query with a join replaces the loop.",
            "The result is kept for a minute; stale data is harmless here because the next page asks again.",
            "Nothing is loaded that the first view does not show.",
        ),
        (
            "Measured with the replay of Tuesday's traffic, numbers in the ticket.",
            "The dashboard has a panel for it now.",
        ),
    ),
    Change(
        "feat",
        "Let the {noun} be previewed",
        ("Asked for by the content team for months: they publish and hope. A preview saves them a round trip.",),
        (
            "Behind the flag `preview_{days}`, off for everybody but us until Monday.",
            "The preview uses the same component as the real thing, so they cannot drift apart.",
        ),
        ("Shown to the content team on Thursday; two wishes became follow-ups.",),
        140,
        needs="screen",
    ),
    Change(
        "feat",
        "Explain in the {noun} why something is unavailable",
        (
            "“Not available” without a reason costs us about {count} support contacts a week.",
            "People leave because the page does not say what to do next.",
        ),
        (
            "Reasons are an enum on the server and a sentence on the client; unknown reasons fall back to the old text.",
            "Translations for all six languages come with it.",
        ),
        ("Copy agreed with support and legal.", "Screens for all states are in the ticket."),
        110,
        needs="screen",
    ),
    Change(
        "refactor",
        "Split the {noun} into reading and writing",
        (
            "Every change here touches {count} files and reviewers lose the thread. This takes it apart along a line we keep.",
        ),
        (
            "No behaviour changes; the diff is mostly moves, best read commit by commit.",
            "The write side gets the lock; the read side never needed it.",
        ),
        ("Old and new ran side by side for {days} days in staging and gave the same answers.",),
        180,
    ),
    Change(
        "refactor",
        "Remove the old path through the {noun}",
        ("The flag has been at 100 % for {days} weeks and the old path only confuses people who search for it.",),
        ("Deletes the branch, its tests and its settings.", "The metric for the old path was zero for the whole time."),
        ("Type checker found the last caller.",),
        24,
    ),
    Change(
        "test",
        "Cover the {noun} with contract tests",
        ("Twice this quarter the two sides disagreed about a field and we learned it from customers.",),
        (
            "The fixtures are recorded answers, scrubbed; a script records them again.",
            "Both sides run the same file, so a change that breaks one fails in that one's build.",
        ),
        ("Broke it on purpose in {days} ways; each was caught.",),
        130,
    ),
    Change(
        "test",
        "Make the {noun} tests stop depending on the clock",
        ("Fails about once in {count} runs, always near midnight UTC.",),
        (
            "The clock is passed in. Nothing sleeps any more.",
            "The order of two events was never guaranteed; the test assumed it.",
        ),
        ("Ran it a thousand times over lunch: no failure.",),
        50,
    ),
    Change(
        "docs",
        "Write down how the {noun} works",
        ("Three people asked the same question in {days} days, and the answer was in one person's head.",),
        (
            "One page: what it promises, what it does not, and whom to ask.",
            "The diagram shows only what is true today.",
        ),
        ("Read by somebody new to it, who then fixed two sentences.",),
        90,
    ),
    Change(
        "chore",
        "Alert on the {noun} before people notice",
        ("The last two problems were reported by customers {count} minutes before our own alert.",),
        (
            "The threshold comes from four weeks of data rather than from a guess.",
            "The alert links to the runbook and says what to try first.",
        ),
        ("Fired once in a drill and reached the right person.",),
        45,
    ),
    Change(
        "chore",
        "Move the {noun} settings out of the code",
        ("A change of one number needed a deploy, and on-call did not dare at night.",),
        ("Settings have a schema, defaults and a validation at start; a wrong value stops the start with a sentence.",),
        ("On-call tried it on Wednesday without help.",),
        70,
    ),
    Change(
        "fix",
        "Handle duplicates in the {noun}",
        ("Two requests {days} ms apart both believed they were first.",),
        (
            "A unique index decides; the second request reads what the first one wrote.",
            "Existing duplicates are merged by a script that can be run again safely.",
        ),
        ("Ran with {count} parallel writers against a real database.",),
    ),
    Change(
        "fix",
        "Show the real error of the {noun} {place}",
        ("“Something went wrong” hid {count} different causes. On-call had to read raw logs each time.",),
        ("Errors keep their cause; people see a sentence, the log has the detail, neither has secrets.",),
        ("Went through the last {count} tickets: each would have been clear from the message.",),
    ),
    Change(
        "feat",
        "Make the {noun} usable with the keyboard alone",
        ("The audit listed {count} traps here. From one of them nobody got out without a mouse.",),
        (
            "Focus goes to the dialog and back to what opened it.",
            "Names come from visible labels, so voice control works too.",
        ),
        ("Tried with two screen readers and without a mouse.",),
        80,
        needs="screen",
    ),
)

VERDICTS: Mapping[str, Sequence[str]] = {
    "x": (
        "The direction is right. Two things should change before this goes out, see the lines.",
        "I would not merge this yet: the failure path of the {noun} is not covered.",
        "Thanks for taking this on. One question about the data, and one thing that worries me under load.",
        "Could we split this? The move and the fix are hard to tell apart.",
    ),
    "+": (
        "Reads well, thank you.",
        "Tried it locally, does what it says.",
        "Good. The test is exactly what I would have asked for.",
        "Approved; the comment about the name is up to you.",
        "Nice and small. Ship it.",
        "",
    ),
    "~": (
        "Not blocking, just two thoughts.",
        "Looked only at the {noun} part.",
        "Drive-by, since I broke this last year.",
    ),
}

REMARKS: Sequence[str] = (
    "What happens here when the list is empty?",
    "This name promises more than the function does.",
    "Could this be the same constant as in the client? They drift.",
    "I think this swallows the timeout. Let it through and handle it one level up?",
    "Nit: the comment repeats the line below.",
    "Is the order guaranteed? The index sorts, the query does not.",
    "We log the whole object here, which may hold an e-mail address.",
    "This runs for every row. A set would do.",
    "Please add a test with two at once; that is where it broke last time.",
    "Do we still need the old flag after this?",
    "I had to read this three times. An early return would help.",
    "The default differs from the documentation, which of the two is right?",
)

ASIDES: Sequence[str] = (
    "Done in the last commit, and added the test you asked for.",
    "Good catch, that was wrong since the beginning. Fixed.",
    "{person} and I talked: we keep it as it is and revisit it with the {noun} rework.",
    "Measured again after the change, same numbers.",
    "I split the move into its own commit so the rest is readable.",
    "Rolled out to 5 %, looks quiet.",
    "This also closes the old ticket about the {noun}.",
    "Rebased; the conflict was only in the lock file.",
)
