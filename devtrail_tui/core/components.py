"""Names the components of a product that a pull request changed, from the paths of its files.

Names read like `components/Cart`, `controllers/orders`, `internal/billing`. In a monorepo, or in a repository with separate
frontend and backend folders, the package is the prefix: `checkout: components/Cart`, `backend: models/user`.

How a path is named:
1. Package: the folder below `packages/`, `apps/`, `libs/`, ... at the top (`packages/@acme/checkout/...` is `checkout`), or a
   top folder such as `frontend/` or `backend/`.
2. Area: the outermost folder with a conventional meaning in frontends or backends (`components`, `pages`, `features`,
   `controllers`, `models`, ...); if there is none, the outermost vague one (`api`, `core`, `lib`, ...).
3. Item: the folder or file below the area, without extension, test or story suffix and the area's own word:
   `controllers/orders_controller.rb` is `controllers/orders`.
4. A path without an area is named after its first two folders below the source root (`src`, `src/main/java`, ...).
5. Tests count for the code beside them or the code they mirror. Documentation, CI, lock files, generated and vendored files
   are named `docs`, `ci`, `dependencies`, `generated`, `vendored`. Settings files count for their package, otherwise `settings`.

How names are ranked: every file is one vote. A vote weighs 1000 for an area, 700 for a vague area, 400 for plain folders;
divided by 1 + 1/4 per folder between source root and area, because structure near the root is more significant; multiplied by
the kind of file: 1 for code, 3/10 for tests, 1/5 for documentation, 3/20 for CI and settings, 1/50 for lock files, generated and
vendored files. The result is the ten names with the highest sums; ties are ordered by name. All weights are integers, so the
order of the files does not matter.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from devtrail_tui.core.evidence import ChangedFile

MOST_COMPONENTS = 10


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FRONTEND = _words(
    "components component pages screens views features containers layouts hooks composables widgets modals dialogs forms "
    "styles themes contexts providers stores store reducers slices sagas templates partials"
)
_BACKEND = _words(
    "controllers controller routes routers models model services service handlers handler endpoints resolvers migrations jobs "
    "workers tasks queues consumers producers listeners subscribers events commands middleware middlewares repositories entities "
    "serializers validators schemas policies mailers presenters queries interactors usecases domain adapters gateways"
)
_AREAS = _FRONTEND | _BACKEND
_VAGUE_AREAS = _words("api core lib utils helpers modules module common shared clients db database scripts")
_WORKSPACES = _words("packages apps libs modules projects plugins crates workspaces services")
_SIDES = _words("frontend backend client server web mobile ios android infra infrastructure")
_SOURCE_ROOTS = _words("src source sources app main java kotlin scala python golang lib pkg")
_AMBIGUOUS = frozenset({"app", "lib", "pkg"})
"""Source roots that may also serve as a name when no other folder remains."""
_REVERSED_DOMAINS = _words("com org net io de co dev")
_INDEX_STEMS = _words("index main mod __init__ init lib default")
_NEXT_STEMS = _words("page layout route loading error template not-found")
_TEST_FOLDERS = _words("test tests __tests__ spec specs __mocks__ __snapshots__ fixtures e2e cypress testdata")
_WHOLE_AREAS = frozenset({"migrations"})
"""Areas in which a single file is not a component."""
_GROUPING = _words("_components _lib _internal private public")
_VENDORED_FOLDERS = _words("vendor node_modules third_party bower_components .yarn")
_GENERATED_FOLDERS = _words("dist build generated __generated__ gen .next out target")
_DOC_FOLDERS = _words("docs doc documentation")
_DOC_SUFFIXES = (".md", ".mdx", ".rst", ".adoc", ".txt")
_CI_FOLDERS = _words(".github .circleci .buildkite .gitlab .ci .azure-pipelines .husky")
_CI_FILES = _words(
    "jenkinsfile .gitlab-ci.yml .travis.yml azure-pipelines.yml bitbucket-pipelines.yml .pre-commit-config.yaml"
)
_SETTINGS_SUFFIXES = (
    ".json",
    ".toml",
    ".yaml",
    ".yml",
    ".ini",
    ".cfg",
    ".conf",
    ".properties",
    ".config.js",
    ".config.ts",
)
_SETTINGS_FILES = _words("dockerfile makefile gemfile rakefile procfile pom.xml go.mod requirements.txt codeowners")
_LOCK_FILES = _words(
    "package-lock.json yarn.lock pnpm-lock.yaml npm-shrinkwrap.json bun.lockb poetry.lock pipfile.lock uv.lock pdm.lock "
    "gemfile.lock composer.lock cargo.lock go.sum mix.lock podfile.lock flake.lock packages.lock.json gradle.lockfile"
)
_GENERATED = re.compile(
    r"\.min\.(js|css)$|\.(pb|g|gen|generated)\.[a-z]+$|_pb2(_grpc)?\.pyi?$|\.snap$|\.map$", re.IGNORECASE
)
_TEST_FILE = re.compile(
    r"(^test_|_test\.|_spec\.|\.(test|spec|stories|cy|e2e)\.|Tests?\.(java|kt|cs|swift|scala)$|^conftest\.py$)"
)
_INNER_SUFFIX = re.compile(r"\.(test|spec|stories|story|cy|e2e|module|styles?|types|d|mock)$", re.IGNORECASE)
_TEST_AFFIX = re.compile(r"^test_(?=.)|(?<=.)_(test|spec)$|(?<=[a-z0-9])Tests?$")
_VERSION = re.compile(r"v\d+", re.IGNORECASE)
_ROUTE_PART = re.compile(r"[(\[{@].*")

_FILE_WEIGHTS = {  # in hundredths of a vote
    "code": 100,
    "test": 30,
    "docs": 20,
    "ci": 15,
    "settings": 15,
    "dependencies": 2,
    "generated": 2,
    "vendored": 2,
}
_OWN_NAME = frozenset({"docs", "ci", "dependencies", "generated", "vendored"})


@dataclass(frozen=True, slots=True)
class _ComponentName:
    """A name within the package, the weight of a vote for it, and the number of folders above the area."""

    name: str
    worth: int
    depth: int


def components(files: Sequence[ChangedFile]) -> tuple[str, ...]:
    """At most ten names, strongest first; empty if no path yields a name. The order of `files` does not matter."""
    votes: Counter[str] = Counter()
    for path in {file.path for file in files}:
        name, weight = _vote(path)
        if name:
            votes[name] += weight
    return tuple(sorted(votes, key=lambda name: (-votes[name], name))[:MOST_COMPONENTS])


def _vote(path: str) -> tuple[str, int]:
    segments = [segment for segment in path.split("/") if segment not in ("", ".", "..")]
    if not segments:
        return "", 0
    kind = _kind(segments)
    weight = _FILE_WEIGHTS[kind]
    if kind in _OWN_NAME:
        return kind, 4 * weight
    package, inner_segments = _package(segments)
    if kind == "settings" and len(inner_segments) == 1:
        return package or kind, 4 * weight
    inner_segments = _without_test_folders(inner_segments)
    candidate = (
        _next_route(inner_segments)
        or _area(inner_segments, _AREAS, 1000)
        or _area(inner_segments, _VAGUE_AREAS, 700)
        or _folders(inner_segments, package)
    )
    name = f"{package}: {candidate.name}" if package and candidate.name else package or candidate.name
    return name, max(1, candidate.worth * 4 * weight // (100 * (4 + candidate.depth)))


def _kind(parts: Sequence[str]) -> str:
    """The kind of file, a key of _FILE_WEIGHTS."""
    folders = {segment.lower() for segment in parts[:-1]}
    name = parts[-1]
    lower = name.lower()
    if lower in _SETTINGS_FILES:
        return "settings"
    if folders & _VENDORED_FOLDERS:
        return "vendored"
    if lower in _LOCK_FILES:
        return "dependencies"
    if folders & _GENERATED_FOLDERS or _GENERATED.search(name):
        return "generated"
    if parts[0].lower() in _CI_FOLDERS or lower in _CI_FILES:
        return "ci"
    if lower.endswith(_DOC_SUFFIXES) or (parts[0].lower() in _DOC_FOLDERS and len(parts) > 1):
        return "docs"
    if folders & _TEST_FOLDERS or _TEST_FILE.search(name):
        return "test"
    is_settings = name.startswith(".") or (len(parts) <= 3 and lower.endswith(_SETTINGS_SUFFIXES))
    return "settings" if is_settings else "code"


def _package(parts: Sequence[str]) -> tuple[str, list[str]]:
    """The package of a path ("" if none) and the path within it."""
    top = parts[0].lower()
    inner_segments = list(parts)
    if top in _WORKSPACES and len(parts) >= (4 if top in _AREAS else 3):
        inner_segments = inner_segments[1:]
        if inner_segments[0].startswith("@") and len(inner_segments) > 2:
            inner_segments = inner_segments[1:]
        return inner_segments[0], inner_segments[1:]
    if top in _SIDES and len(parts) >= 3:
        return inner_segments[0], inner_segments[1:]
    return "", inner_segments


def _without_test_folders(parts: Sequence[str]) -> list[str]:
    """The path of the code under test: `tests/api/test_orders.py` mirrors `api/orders.py`."""
    folders = [segment for segment in parts[:-1] if segment.lower() not in _TEST_FOLDERS]
    return [*folders, parts[-1]] if folders else list(parts)


def _next_route(parts: Sequence[str]) -> _ComponentName | None:
    """Next.js app router (`app/(shop)/checkout/page.tsx`), where folders are pages; `pages/api` is an API."""
    lower = [segment.lower() for segment in parts]
    if "app" in lower[:-1] and _bare(parts[-1]) in _NEXT_STEMS:
        start = lower.index("app")
        inside = [segment for segment in parts[start + 1 : -1] if not _ROUTE_PART.fullmatch(segment)]
        if inside and inside[0].lower() == "api":
            return _named("api", inside[1:], parts[-1], start)
        return _named("pages", inside, parts[-1], start)
    if "pages" in lower[:-2] and lower[lower.index("pages") + 1] == "api":
        start = lower.index("pages")
        return _named("api", parts[start + 2 : -1], parts[-1], start)
    return None


def _named(area: str, folders: Sequence[str], file: str, depth: int) -> _ComponentName:
    feature = _thing(area, [*folders, file])
    return _ComponentName(f"{area}/{feature}" if feature else area, 1000, max(depth - 1, 0))


def _area(parts: Sequence[str], areas: frozenset[str], worth: int) -> _ComponentName | None:
    """The outermost folder in `areas`, with the item below it."""
    for index, segment in enumerate(parts[:-1]):
        area = segment.lower()
        if area not in areas:
            continue
        feature = _thing(area, parts[index + 1 :])
        if not feature and worth < 1000 and index + 2 < len(parts):
            continue
        return _ComponentName(f"{area}/{feature}" if feature else area, worth, len(_below_source_root(parts[:index])))
    return None


def _thing(area: str, inside: Sequence[str]) -> str:
    """The first folder, otherwise the file, with a meaningful name."""
    if area in _WHOLE_AREAS:
        return ""
    *folders, file = inside
    for folder in folders:
        if not (_VERSION.fullmatch(folder) or _ROUTE_PART.fullmatch(folder) or folder.lower() in _GROUPING):
            return folder
    stem = _without_area_word(area, _stem(file))
    return "" if stem.lower() in _INDEX_STEMS or stem.lower() in _NEXT_STEMS or _ROUTE_PART.fullmatch(stem) else stem


def _folders(parts: Sequence[str], package: str) -> _ComponentName:
    """Up to two folders below the source root; a file directly in the root gives its own name."""
    folders = _below_source_root(parts[:-1])
    if folders:
        return _ComponentName("/".join(folders[:2]), 400, 0)
    ambiguous = [segment for segment in parts[:-1] if segment.lower() in _AMBIGUOUS]
    if ambiguous and not package:
        stem = _stem(parts[-1])
        return _ComponentName(ambiguous[-1] if stem.lower() in _INDEX_STEMS else f"{ambiguous[-1]}/{stem}", 400, 0)
    stem = _stem(parts[-1])
    nearest = parts[-2] if stem.lower() in _INDEX_STEMS and len(parts) > 1 else stem
    return _ComponentName("" if package else nearest, 400, 0)


def _below_source_root(folders: Sequence[str]) -> list[str]:
    """The folders without a prefix such as `src/main/java/com/acme`."""
    inner_folders = list(folders)
    while inner_folders and inner_folders[0].lower() in _SOURCE_ROOTS:
        inner_folders = inner_folders[1:]
    if len(inner_folders) > 1 and inner_folders[0].lower() in _REVERSED_DOMAINS:
        inner_folders = inner_folders[2:]
    return inner_folders


def _stem(file: str) -> str:
    """The stem shared with the code under test: `Cart.test.tsx` is `Cart`, `test_cart.py` is `cart`."""
    stem = _bare(file)
    while _INNER_SUFFIX.search(stem):
        stem = _INNER_SUFFIX.sub("", stem)
    return _TEST_AFFIX.sub("", stem) or stem


def _bare(file: str) -> str:
    """A file name without its last extension; `.env` stays as it is."""
    head, dot, _ = file.rpartition(".")
    return head if dot and head else file


def _without_area_word(area: str, stem: str) -> str:
    """The stem without the area's own word: `orders_controller` or `OrdersController` in `controllers` is `orders`."""
    area_words = {area, area.removesuffix("s"), area[:-3] + "y" if area.endswith("ies") else area}
    for word in sorted(area_words, key=lambda each: (-len(each), each)):
        if not stem.lower().endswith(word) or len(stem) <= len(word):
            continue
        head = stem[: -len(word)]
        if head[-1] in "_-." and head[:-1]:
            return head[:-1]
        if stem[-len(word)].isupper():
            return head
    return stem
