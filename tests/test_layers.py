"""The import rules of the house: who may know whom, read from the code, and what a headless start really loads."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "devtrail_tui"
ROOM_FILES = {"cli", "settings", "services"}

MAY_IMPORT = {
    "core": set(),
    "settings": {"core"},
    "store": {"core"},
    "clients": {"core"},
    "reports": {"core"},
    "demo": {"core"},
    "jobs": {"core", "reports"},
    "runtime": {"core", "store"},
    "services": {"core", "settings", "store", "clients", "reports", "jobs", "runtime"},
    "actions": {"core", "services", "settings", "store", "runtime", "reports"},
    "tui": {"actions", "core"},
    "cli": {"actions", "core"},
}
FRONT_DOOR = {("cli", "tui"), ("cli", "demo"), ("cli", "services")}
"""`cli` starts the app, the demo and the services, each inside a function."""

FRONT_END_MAY_USE = {
    "catalogue",
    "clock",
    "close",
    "database",
    "demo",
    "environ",
    "open",
    "secrets",
    "settings",
    "surroundings",
    "worker_id",
}
FRONT_END_MAY_USE_OF = {
    "clock": {"now"},
    "database": {"on_commit", "version"},
    "secrets": {"redact"},
    "settings": {"notices", "read"},
    "surroundings": {"today"},
}
"""What a front end may use of open services itself: facts about its process, no use case."""

ONLY_IN = {
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "textual": {"tui"},
    "rich": {"tui", "cli"},
    "click": {"cli"},
    "httpx": {"clients"},
    "httpx2": {"clients"},
    "anthropic": {"clients"},
    "genai_prices": {"clients"},
    "graphql": {"demo"},
    "h11": {"demo"},
    "keyring": {"store"},
    "cryptography": {"store"},
    "psutil": {"runtime", "store"},
}


def _files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def _room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


@functools.cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Every imported module, and whether the import stands at the top of the file."""
    tree = _tree(path)
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in top
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, id(node) in top
            for alias in node.names:
                yield f"{node.module}.{alias.name}", id(node) in top


def test_a_room_imports_only_what_it_may() -> None:
    for path, (module, at_top) in ((file, each) for file in _files() for each in _imports(file)):
        room = _room(path)
        parts = module.split(".")
        if parts[0] == "devtrail_tui" and len(parts) > 1:
            other = parts[1]
            if other in (room, "__version__") or room in ("__init__", "__main__"):
                continue
            if (room, other) in FRONT_DOOR:
                assert not at_top, f"{path.name} imports {module} at the top; inside a function only"
                continue
            assert other in MAY_IMPORT[room], f"{path}: {room} may not import {module}"
        elif parts[0] in ONLY_IN:
            assert room in ONLY_IN[parts[0]], f"{path}: {module} belongs to {ONLY_IN[parts[0]]}, not to {room}"


SQLITE_MODULES = ("sqlite3", "sqlalchemy.dialects.sqlite")
WITHOUT_SQLITE = [path for path in _files() if "sqlite" not in path.parts and "versions" not in path.parts]


def test_only_store_sqlite_imports_sqlite() -> None:
    starts = tuple(f"{each}." for each in SQLITE_MODULES)
    for path in WITHOUT_SQLITE:
        imported = [module for module, _ in _imports(path) if f"{module}.".startswith(starts)]
        # The demo's lock file is a SQLite database: the one lock that works on every system.
        assert not imported or _room(path) == "demo", f"{path} imports {imported}; only devtrail_tui/store/sqlite may"


FRONT_ENDS = [path for path in _files() if _room(path) in ("cli", "tui")]


def test_a_front_end_works_through_actions() -> None:
    for path, node in ((file, each) for file in FRONT_ENDS for each in ast.walk(_tree(file))):
        if not isinstance(node, ast.Attribute):
            continue
        *owner, name = ast.unparse(node).split(".")
        if owner and owner[-1].strip("_") == "services":
            assert name in FRONT_END_MAY_USE, f"{path}:{node.lineno} uses services.{name}; call an action"
        elif len(owner) > 1 and owner[-2].strip("_") == "services" and owner[-1] in FRONT_END_MAY_USE_OF:
            assert name in FRONT_END_MAY_USE_OF[owner[-1]], (
                f"{path}:{node.lineno} uses services.{owner[-1]}.{name}; call an action"
            )


def test_front_ends_know_no_job_type() -> None:
    for path in _files():
        if _room(path) in ("tui", "cli", "api"):
            named = [module for module, _ in _imports(path) if module.startswith("devtrail_tui.jobs.")]
            assert not named, f"{path} names a job type: {named}"


def _loaded(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print('\\n'.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.usefixtures("processes")
def test_the_app_starts_without_the_heavy_libraries() -> None:
    loaded = _loaded("import devtrail_tui.tui.app, devtrail_tui.services")
    assert "textual" in loaded
    assert not loaded & {"anthropic", "httpx", "httpx2", "alembic", "sqlalchemy", "keyring", "psutil", "genai_prices"}


@pytest.mark.usefixtures("processes")
def test_the_command_line_starts_light() -> None:
    loaded = _loaded("import devtrail_tui.cli, devtrail_tui.services")
    assert not loaded & {
        "textual",
        "anthropic",
        "httpx",
        "httpx2",
        "alembic",
        "sqlalchemy",
        "graphql",
        "cryptography",
        "keyring",
    }


def test_core_uses_the_standard_library_only() -> None:
    for path in (PACKAGE / "core").rglob("*.py"):
        for module, _ in _imports(path):
            root = module.partition(".")[0]
            allowed = ("devtrail_tui", "__future__", "typing_extensions")  # the last is `typing` of later versions
            assert root in sys.stdlib_module_names or root in allowed, f"{path.name}: {module}"


def test_every_imported_package_is_declared_with_its_reason() -> None:
    lines = (PACKAGE.parent / "pyproject.toml").read_text()
    requirements: list[str] = tomllib.loads(lines)["project"]["dependencies"]
    declared = {_distribution(re.split(r"[<>=~! \[;]", each)[0]) for each in requirements}
    for each in requirements:
        assert re.search(rf'^  "{re.escape(each)}", +# \S', lines, re.MULTILINE), (
            f"{each} is declared without its reason"
        )
    distributions = packages_distributions()
    for path in _files():
        roots = {module.partition(".")[0] for module, _ in _imports(path)}
        for root in roots - {"devtrail_tui", "__future__"} - sys.stdlib_module_names:
            origins = {_distribution(each) for each in distributions[root]}
            assert origins & declared, f"{path.name} imports {root}, which pyproject.toml does not declare"


def _distribution(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_no_import_runs_in_a_circle() -> None:
    names = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in _files()}
    names = {name.removesuffix(".__init__"): path for name, path in names.items()}
    arrows = {
        name: {module for module, _ in _imports(path) if module in names and not f"{name}.".startswith(f"{module}.")}
        for name, path in names.items()
    }
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way[way.index(name) :], name))
        if name not in done:
            for other in arrows[name]:
                visit(other, (*way, name))
            done.add(name)

    for name in names:
        visit(name, ())
