"""Names and weights of components."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtrail_tui.core.components import MOST_COMPONENTS, components
from devtrail_tui.core.evidence import ChangedFile


def changed(*paths: str) -> list[ChangedFile]:
    return [ChangedFile(path, 1, 1) for path in paths]


NAMES = [
    ("src/components/Cart.tsx", "components/Cart"),
    ("src/components/Cart/index.tsx", "components/Cart"),
    ("src/components/Cart/hooks/useCart.ts", "components/Cart"),
    ("src/components/__tests__/Cart.test.tsx", "components/Cart"),
    ("src/components/Cart.module.css", "components/Cart"),
    ("src/components/Cart.stories.tsx", "components/Cart"),
    ("src/features/checkout/components/Pay.tsx", "features/checkout"),
    ("src/hooks/useCart.ts", "hooks/useCart"),
    ("src/views/OrdersView.vue", "views/Orders"),
    ("src/styles/theme.css", "styles/theme"),
    ("app/pages/cart.tsx", "pages/cart"),
    ("app/(shop)/checkout/page.tsx", "pages/checkout"),
    ("app/api/orders/route.ts", "api/orders"),
    ("src/pages/api/orders.ts", "api/orders"),
    ("pages/orders/[id].tsx", "pages/orders"),
    ("app/controllers/orders_controller.rb", "controllers/orders"),
    ("src/main/java/com/acme/shop/controllers/OrderController.java", "controllers/Order"),
    ("src/services/payment.service.ts", "services/payment"),
    ("services/payment.py", "services/payment"),
    ("api/v1/orders.py", "api/orders"),
    ("server/api/handlers/refund.go", "server: handlers/refund"),
    ("shop/jobs/backfill.py", "jobs/backfill"),
    ("db/migrations/0001_init.py", "migrations"),
    ("src/workers/mail_worker.py", "workers/mail"),
    ("packages/checkout/src/components/Cart.tsx", "checkout: components/Cart"),
    ("packages/@acme/checkout/src/components/Cart.tsx", "checkout: components/Cart"),
    ("packages/checkout/package.json", "checkout"),
    ("apps/web/src/hooks/useCart.ts", "web: hooks/useCart"),
    ("services/payment/src/handlers/refund.py", "payment: handlers/refund"),
    ("backend/app/models/user.py", "backend: models/user"),
    ("internal/billing/ledger.go", "internal/billing"),
    ("cmd/server/main.go", "cmd/server"),
    ("src/index.ts", "src"),
    ("tests/api/test_orders.py", "api/orders"),
    ("spec/models/user_spec.rb", "models/user"),
    ("README.md", "docs"),
    ("docs/guide/index.html", "docs"),
    (".github/workflows/ci.yml", "ci"),
    ("packages/web/yarn.lock", "dependencies"),
    ("web/dist/app.js", "generated"),
    ("api/orders_pb2.py", "generated"),
    ("vendor/github.com/pkg/errors/errors.go", "vendored"),
    ("pyproject.toml", "settings"),
    ("Dockerfile", "settings"),
]


@pytest.mark.parametrize(("path", "name"), NAMES)
def test_a_path_gets_the_name_a_colleague_would_say(path: str, name: str) -> None:
    assert components(changed(path)) == (name,)


def test_no_files_no_components() -> None:
    assert components([]) == ()
    assert components(changed("", "/", "..")) == ()


def test_frequency_decides_among_equals() -> None:
    files = changed("src/components/Cart/a.tsx", "src/components/Pay/a.tsx", "src/components/Pay/b.tsx")
    assert components(files) == ("components/Pay", "components/Cart")


def test_depth_decides_between_single_files() -> None:
    files = changed("one/two/three/models/deep.py", "models/near.py")
    assert components(files) == ("models/near", "models/deep")


def test_what_accompanies_the_work_never_leads() -> None:
    """One code file outweighs three tests, four documents, six CI files or forty-nine generated ones of the same rank."""
    code = "src/components/Cart.tsx"
    for others in (
        [f"tests/models/test_{n}/x.py" for n in range(3)],
        [f"docs/{n}.md" for n in range(4)],
        [f".github/workflows/{n}.yml" for n in range(6)],
        [f"dist/{n}.js" for n in range(49)],
    ):
        assert components(changed(*others, code))[0] == "components/Cart"


def test_a_lock_file_of_thousands_of_lines_is_one_faint_vote() -> None:
    files = [ChangedFile("yarn.lock", 9000, 8000), ChangedFile("src/hooks/useCart.ts", 1, 0)]
    assert components(files) == ("hooks/useCart", "dependencies")


def test_a_file_listed_twice_counts_once() -> None:
    files = changed("src/hooks/a.ts", "src/hooks/b.ts")
    assert components([files[1], files[1], files[0]]) == ("hooks/a", "hooks/b")


FOLDERS = [
    "src",
    "app",
    "packages",
    "@acme",
    "components",
    "models",
    "api",
    "v1",
    "tests",
    "docs",
    "x",
    "(group)",
    "vendor",
]
PATHS = st.lists(
    st.builds(
        lambda folders, name: "/".join([*folders, name]),
        st.lists(st.sampled_from(FOLDERS), max_size=6),
        st.sampled_from(["Cart.tsx", "cart_test.go", "index.ts", "page.tsx", ".env", "README.md", "user.py", "a.b.c"]),
    ),
    max_size=40,
)


@given(PATHS, st.randoms())
def test_the_order_of_files_changes_nothing(paths: list[str], rng: random.Random) -> None:
    files = changed(*paths)
    shuffled = list(files)
    rng.shuffle(shuffled)
    assert components(files) == components(shuffled)


@given(st.lists(st.text(max_size=30), max_size=30))
def test_any_path_is_read(paths: list[str]) -> None:
    names = components(changed(*paths))
    assert len(names) <= MOST_COMPONENTS
    assert len(set(names)) == len(names)
    assert all(names)
