"""Components of real changes: neither too coarse nor too fine, and the same whatever else is stored."""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtrail_tui.core.components import components
from devtrail_tui.core.evidence import ChangedFile
from devtrail_tui.core.repository_layout import RepositoryLayout

CASES = Path(__file__).parents[1] / "cases"
REPOSITORIES = sorted((CASES / "paths").glob("*.txt"))
ACCOMPANYING = {"docs", "ci", "dependencies", "settings", "generated", "vendored"}
MOST = 0.35


def changes_of(repository: Path) -> list[list[str]]:
    return [paragraph.split("\n") for paragraph in repository.read_text().strip().split("\n\n")]


def first_names(changes: Sequence[Sequence[str]], layout: RepositoryLayout) -> list[str]:
    """The first component of each change that is about more than documents and settings."""
    names = [components([ChangedFile(path, 1, 1) for path in change], layout) for change in changes]
    own = [[name for name in each if name not in ACCOMPANYING] for each in names]
    return [each[0] for each in own if each]


@pytest.mark.parametrize("repository", REPOSITORIES, ids=lambda path: path.stem)
@pytest.mark.parametrize("half", [False, True])
def test_no_name_is_too_coarse_and_few_are_used_once(repository: Path, *, half: bool) -> None:
    """Also with the layout of one half of the changes, which does not know every file of the other."""
    changes = changes_of(repository)
    known = changes[::2] if half else changes
    names = Counter(first_names(changes, RepositoryLayout.of({path for change in known for path in change})))
    assert max(names.values()) <= MOST * names.total(), names.most_common(3)
    assert sum(1 for count in names.values() if count == 1) <= MOST * names.total()


def lines() -> Iterator[tuple[list[str], str]]:
    """The paths of a line of components.csv, without its remarks in brackets, and what a colleague would say."""
    with (CASES / "components.csv").open() as file:
        for row in csv.DictReader(file):
            said = row["a colleague would say"].split(" (")[0]
            if row["path"].endswith(" in gradle/"):
                yield [f"gradle/{row['path'].removesuffix(' in gradle/')}"], said
            else:
                yield row["path"].replace(" (package of PyGithub)", "").split(" + "), said


@pytest.mark.parametrize(("paths", "said"), list(lines()))
def test_a_change_gets_the_name_that_a_colleague_would_say(paths: list[str], said: str) -> None:
    layout = None
    if paths == ["github/PullRequest.py"]:
        layout = RepositoryLayout.of(
            path for change in changes_of(CASES / "paths" / "PyGithub_PyGithub.txt") for path in change
        )
    assert components([ChangedFile(path, 1, 1) for path in paths], layout) == (said,)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("cmake/modules/FindZstd.cmake", "build"),
        ("templates/mail/welcome.txt", "templates/mail"),
        ("public/humans.txt", "site"),
        ("deps/release.lock", "dependencies"),
        ("Cargo.lock", "dependencies"),
        ("build/generated/source/A.java", "generated"),
        ("target/classes/A.class", "generated"),
        ("target/linux/image.go", "target/linux"),
        ("gen/schema/main.go", "gen/schema"),
        ("internal/vendor/acme/price.ts", "vendor/acme"),
        ("web/vendor/jquery/jquery.js", "vendored"),
        ("crates/parser/src/lexer.rs", "parser"),
        ("activesupport/lib/active_support/cache/memory.rb", "activesupport: cache"),
        ("src/Catalog.API/Services/Prices.cs", "Catalog.API: services"),
        ("roles/postgres/handlers/main.yml", "roles/postgres"),
        ("charts/web/values.yaml", "charts/web"),
        ("order-service/src/main/kotlin/com/acme/order/service/OrderService.kt", "order-service"),
        ("app/controllers/api/v1/carts_controller.rb", "controllers/carts"),
        ("src/app/(shop)/orders/[id]/Header.tsx", "pages/orders"),
        ("src/vs/workbench/contrib/debug/browser/view.ts", "debug"),
        ("Package.resolved", "dependencies"),
        ("App.xcodeproj/xcshareddata/xcschemes/App.xcscheme", "settings"),
        ("src/Shop/Shop.csproj", "settings"),
        ("platform/bom/build.gradle.kts", "settings"),
        ("infra/versions.tf", "settings"),
        (".terraform.lock.hcl", "dependencies"),
        ("BUILD.bazel", "settings"),
        ("src/Services/Catalog/Catalog.API/Controllers/PicController.cs", "Catalog.API: controllers"),
        ("src/Web/Directory.Build.props", "settings"),
        ("ansible/roles/db/tasks/main.yml", "roles/db"),
        ("deploy/helm/charts/web/templates/service.yaml", "charts/web"),
        ("a/b/c/Cargo.toml", "settings"),
        ("Package@swift-5.9.swift", "settings"),
        ("third/party/maven_install.json", "dependencies"),
        ("Packages/Timeline/Sources/Timeline/View.swift", "Timeline"),
        ("apps/web/app/(dash)/settings/page.tsx", "web: pages/settings"),
        ("packages/react-dom/src/client/ReactDOM.js", "react-dom: client"),
        ("django/contrib/admin/sites.py", "admin"),
    ],
)
def test_other_paths_of_the_same_kinds(path: str, said: str) -> None:
    assert components([ChangedFile(path, 1, 1)]) == (said,)


SHAPES = {
    "plugins": ["src/vs/workbench/contrib/{0}/browser/file{1}.ts"],
    "packages": ["packages/{0}/src/file{1}.ts"],
    "Rails": [
        "app/controllers/{0}_{1}_controller.rb",
        "app/models/{0}_{1}.rb",
        "app/services/{0}_{1}.rb",
        "app/views/{0}/v{1}.erb",
    ],
    "components": ["src/components/{0}/part{1}.tsx", "src/hooks/use{0}{1}.ts", "src/pages/{0}/{1}.tsx"],
}


@pytest.mark.parametrize("shapes", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("number", [30, 120, 400])
def test_many_small_parts_are_not_all_named(shapes: list[str], number: int) -> None:
    """Large parts are changed more often than small ones, as the square root of their size."""
    rng = random.Random(number)
    parts = [
        [shape.format(f"part{part}", file) for shape in shapes for file in range(1 + 40 // (part + 1) + part % 3)]
        for part in range(number)
    ]
    core = [f"src/core/engine{file % 7}/file{file}.ts" for part in parts for file in range(len(part))]
    layout = RepositoryLayout.of([path for part in parts for path in part] + core)
    weights = [len(part) ** 0.5 for part in parts]
    changes = [[rng.choice(part)] for part in rng.choices(parts, weights, k=75)]
    changes += [[rng.choice(core)] for _ in range(75)]
    names = Counter(first_names(changes, layout))
    assert sum(1 for count in names.values() if count == 1) <= MOST * names.total()
    assert max(names.values()) <= MOST * names.total()


@pytest.mark.parametrize("repository", REPOSITORIES, ids=lambda path: path.stem)
def test_a_layout_survives_being_stored(repository: Path) -> None:
    layout = RepositoryLayout.of(path for change in changes_of(repository) for path in change)
    assert RepositoryLayout.from_json(layout.to_json()) == layout


@given(
    st.lists(st.text(max_size=30) | st.sampled_from(["a/b/c.py", "a/b.py", "src/a/x.ts", "tests/x.py"]), max_size=40)
)
def test_any_tree_gives_names(paths: list[str]) -> None:
    layout = RepositoryLayout.of(paths)
    assert layout == RepositoryLayout.of(reversed(paths))
    for path in paths:
        names = components([ChangedFile(path, 1, 1)], layout)
        assert all(names)
        assert bool(names) == bool(components([ChangedFile(path, 1, 1)]))
