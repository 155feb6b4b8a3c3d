"""Names the part of a product that a file belongs to, from its path.

1. Package: the folder below `packages/`, `apps/`, `libs/`, ... at the top (`packages/@acme/checkout/...` is `checkout`); a top
   folder such as `frontend/`, or one that holds a source root (`tokio/src/...`); a .NET project (`Ordering.API`); the folder
   below `contrib/`, `plugins/` or `extensions/` further down. `roles/nginx` and `charts/api` keep both words.
2. Source roots (`src`, `lib`, `src/main/java/com/acme`) are skipped wherever folders follow, and so is a folder that only repeats
   the package's name.
3. Area: the outermost folder with a conventional meaning in frontends or backends (`components`, `controllers`, ...); if there is
   none, the outermost vague one (`api`, `core`, ...). Item: the folder or file below the area, without extension, test or story
   suffix and the area's own word: `controllers/orders_controller.rb` is `controllers/orders`.
4. A path without an area is named after its first two folders, within a package after the first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from devtrail_tui.core.path_kinds import without_test_folders, words

_FRONTEND = words(
    "components component pages screens views features containers layouts hooks composables widgets modals dialogs forms "
    "styles themes contexts providers stores store reducers slices sagas templates partials ui"
)
_BACKEND = words(
    "controllers controller routes routers models model services service handlers handler endpoints resolvers migrations jobs "
    "workers tasks queues consumers producers listeners subscribers events commands middleware middlewares repositories entities "
    "serializers validators schemas policies mailers presenters queries interactors usecases domain adapters gateways vendor"
)
_AREAS = _FRONTEND | _BACKEND
_VAGUE_AREAS = words("api core lib utils helpers modules module common shared clients db database scripts")
_WORKSPACES = words("packages apps libs modules projects plugins crates workspaces services extensions")
_INNER_WORKSPACES = words("contrib plugins extensions addons")
_NAMED_WORKSPACES = words("roles charts")
_DEEPEST_SERVICE = 4
"""Folders among which a role, a chart or a .NET project is looked for."""
_SIDES = words("frontend backend client server web mobile ios android infra infrastructure")
_SOURCE_ROOTS = words("src source sources app main java kotlin scala python golang lib pkg")
_INNER_ROOTS = words("src source sources lib main java kotlin scala groovy")
"""Skipped further down too."""
_COLLECTIONS = words("samples apps examples demos")
"""Skipped behind a JVM domain: `com/google/samples/apps/...`."""
_JVM_ROOTS = words("java kotlin scala groovy")
_PACKAGE_ROOTS = words("src lib test tests spec source")
"""A top folder with one of these in it is a package."""
_AMBIGUOUS = frozenset({"app", "lib", "pkg"})
"""Source roots that may also serve as a name when no other folder remains."""
_REVERSED_DOMAINS = words("com org net io de co dev")
_INDEX_STEMS = words("index main mod __init__ init lib default")
_NEXT_STEMS = words("page layout route loading error template not-found")
_WHOLE_AREAS = words("migrations ui")
"""Areas in which a single file is not a component."""
_GROUPING = words("_components _lib _internal private public api")
_INNER_SUFFIX = re.compile(r"\.(test|spec|stories|story|cy|e2e|module|styles?|types|d|mock)$", re.IGNORECASE)
_TEST_AFFIX = re.compile(r"^test_(?=.)|(?<=.)_(test|spec)$|(?<=[a-z0-9])Tests?$")
_VERSION = re.compile(r"v\d+", re.IGNORECASE)
_ROUTE_PART = re.compile(r"[(\[{@].*")
_DOTNET = re.compile(r"^[A-Z]\w*(\.[A-Z]\w*)+$")
_NAMESPACE = re.compile(r"^[A-Z][A-Za-z0-9]+$")
AREA_WORTH = 1000
"""The worth of a name from a conventional area: its items are what people name, however small."""
_SHOWN = 3
"""Names of a long component name that are shown, besides the package."""


@dataclass(frozen=True, slots=True)
class ComponentPath:
    """The names of a file's component from coarse to fine; `usual` of them make its name where nothing is known about the
    repository. `worth` and `depth` weigh the file's vote: certainty of the name, folders above the area. `group` is the folder
    that holds the package beside others ("" if none does)."""

    package: str
    names: tuple[str, ...]
    usual: int
    worth: int
    depth: int
    group: str = ""

    @property
    def levels(self) -> tuple[str, ...]:
        """Package and names."""
        return (self.package, *self.names) if self.package else self.names

    @property
    def items(self) -> int:
        """The number of levels that name an item of a conventional area; 0 outside one."""
        return self.usual + bool(self.package) if self.worth == AREA_WORTH else 0

    def name(self, shown: Sequence[str] | None = None) -> str:
        """The name with these of `levels` (None: the usual ones); empty if there are none."""
        usual = self.levels[: self.usual + bool(self.package)]
        names = list(usual if shown is None else shown)
        package = names.pop(0) if self.package and names else ""
        inner = "/".join(names if len(names) <= _SHOWN else (names[0], *names[1 - _SHOWN :]))
        return f"{package}: {inner}" if package and inner else package or inner


def component_path(parts: Sequence[str]) -> ComponentPath:
    """The component of the file with these path segments. Pure."""
    code = without_test_folders(parts)
    package, inner = package_of(code)
    if package and "/" in package:
        return ComponentPath(package, tuple(_folder_names(inner[:-1])), 0, 700, 0, package.partition("/")[0])
    group = code[0] if package and code[0] != package and code[0].lower() in _WORKSPACES else ""
    inner = _without_inner_roots(inner, package)
    for below in range(1, len(inner) - 1):
        if inner[below - 1].lower() in _INNER_WORKSPACES:
            names = (*_folder_names(inner[below + 1 : -1]), _stem(inner[-1]))
            return ComponentPath(inner[below], names, 0, 700, 0, inner[below - 1])
    naming = (
        _next_route(inner)
        or _area(inner, package, _AREAS, AREA_WORTH)
        or _area(inner, package, _VAGUE_AREAS, 700)
        or _folders(inner, package)
    )
    return ComponentPath(package, tuple(naming[0]), *naming[1:], group)


_Naming = tuple[list[str], int, int, int]
"""Names, the usual number of them, worth, depth."""


def package_of(parts: Sequence[str]) -> tuple[str, list[str]]:
    """The package of a path ("" if none) and the path within it."""
    top = parts[0].lower()
    inner = list(parts)
    for place, folder in enumerate(parts[:-1][:_DEEPEST_SERVICE]):
        if folder.lower() in _NAMED_WORKSPACES and place + 2 < len(parts):
            return f"{folder}/{parts[place + 1]}", inner[place + 2 :]
        if _DOTNET.match(folder):
            return folder, inner[place + 1 :]
    if top in _WORKSPACES and len(parts) >= (4 if top in _AREAS else 3):
        inner = inner[1:]
        if inner[0].startswith("@") and len(inner) > 2:
            inner = inner[1:]
        return inner[0], inner[1:]
    if top in _SIDES and len(parts) >= 3:
        return inner[0], inner[1:]
    holds_sources = len(parts) > 2 and parts[1].lower() in _PACKAGE_ROOTS
    if holds_sources and top not in _SOURCE_ROOTS | _AREAS | _VAGUE_AREAS and not top.startswith("."):
        return inner[0], inner[1:]
    if top == "app" and holds_sources and inner[2:3] == ["main"]:  # an Android module
        return inner[0], inner[1:]
    return "", inner


def _without_inner_roots(parts: Sequence[str], package: str) -> list[str]:
    """The path without source roots and JVM domains beside other folders; outside a package the first folder stays."""
    *folders, file = parts
    inner: list[str] = []
    skipped = 0
    for place, folder in enumerate(folders):
        below_root = place > 0 and folders[place - 1].lower() in _JVM_ROOTS
        if below_root and folder.lower() in _REVERSED_DOMAINS and place + 1 < len(folders):
            skipped = 2 + len(list(takewhile(_COLLECTIONS.__contains__, folders[place + 2 :])))
        if skipped:
            skipped -= 1
        elif folder.lower() not in _INNER_ROOTS or (place == 0 and not package):
            inner.append(folder)
    if all(each.lower() in _SOURCE_ROOTS for each in inner):
        return list(parts)
    return [*inner, file]


def _next_route(parts: Sequence[str]) -> _Naming | None:
    """Next.js app router (`app/(shop)/checkout/page.tsx`), where folders are pages; `pages/api` is an API."""
    lower = [segment.lower() for segment in parts]
    if "app" in lower[:-1]:
        start = lower.index("app")
        between = parts[start + 1 : -1]
        if _bare(parts[-1]) in _NEXT_STEMS or any(_ROUTE_PART.fullmatch(segment) for segment in between):
            inside = [segment for segment in between if not _ROUTE_PART.fullmatch(segment)]
            if inside and inside[0].lower() == "api":
                return _named("api", inside[1:], parts[-1], start)
            return _named("pages", inside, parts[-1], start)
    if "pages" in lower[:-2] and lower[lower.index("pages") + 1] == "api":
        start = lower.index("pages")
        return _named("api", parts[start + 2 : -1], parts[-1], start)
    return None


def _named(area: str, folders: Sequence[str], file: str, depth: int) -> _Naming:
    names = [area, *_items(area, [*folders, file])]
    return names, min(len(names), 2), AREA_WORTH, max(depth - 1, 0)


def _area(parts: Sequence[str], package: str, areas: frozenset[str], worth: int) -> _Naming | None:
    """The outermost folder in `areas`, with the item below it."""
    for index, segment in enumerate(parts[:-1]):
        area = segment.lower()
        if area not in areas or _repeats(area, package):
            continue
        items = [] if area == "migrations" else _items(area, parts[index + 1 :])
        if not items and worth < AREA_WORTH and index + 2 < len(parts):
            continue
        usual = 1 if area in _WHOLE_AREAS or _DOTNET.match(package) else min(1 + len(items), 2)
        return [area, *items], usual, worth, len(_below_source_root(parts[:index], package))
    return None


def _items(area: str, inside: Sequence[str]) -> list[str]:
    """The folders below an area with a meaning, then the file."""
    *folders, file = inside
    items = [
        folder
        for folder in folders
        if not (_VERSION.fullmatch(folder) or _ROUTE_PART.fullmatch(folder) or folder.lower() in _GROUPING)
    ]
    stem = _without_area_word(area, _stem(file))
    if not (stem.lower() in _INDEX_STEMS or stem.lower() in _NEXT_STEMS or _ROUTE_PART.fullmatch(stem)):
        items.append(stem)
    return items


def _folders(parts: Sequence[str], package: str) -> _Naming:
    """The folders below the source root, then the file; a file directly in the root gives its own name."""
    folders = _below_source_root(parts[:-1], package)
    stem = _stem(parts[-1])
    if folders:
        one = package or (parts[0] in ("src", "tests") and _is_namespace(folders[0], parts[-1]))
        if len(folders) > 1 and parts[0] == "src" and all(_is_namespace(each, parts[-1]) for each in folders[:2]):
            folders, one = folders[1:], True  # PHP: vendor namespace, then module
        return [*folders, stem], 1 if one else min(len(folders), 2), 400, 0
    if package:
        return ([] if _repeats(stem, package) or stem.lower() in _INDEX_STEMS else [stem]), 0, 400, 0
    ambiguous = [segment for segment in parts[:-1] if segment.lower() in _AMBIGUOUS]
    if ambiguous:
        names = [ambiguous[-1]] if stem.lower() in _INDEX_STEMS else [ambiguous[-1], stem]
        return names, len(names), 400, 0
    nearest = parts[-2] if stem.lower() in _INDEX_STEMS and len(parts) > 1 else stem
    return [nearest], 1, 400, 0


def _is_namespace(folder: str, file: str) -> bool:
    return file.endswith(".php") and _NAMESPACE.match(folder) is not None


def _below_source_root(folders: Sequence[str], package: str = "") -> list[str]:
    """The folders without a prefix such as `src/main/java/com/acme`, and without those that repeat the package."""
    inner = list(folders)
    while inner and inner[0].lower() in _SOURCE_ROOTS:
        inner = inner[1:]
    if len(inner) > 1 and inner[0].lower() in _REVERSED_DOMAINS:
        inner = inner[2:]
    while inner and package and _repeats(inner[0], package):
        inner = inner[1:]
    return inner


def _folder_names(folders: Sequence[str]) -> list[str]:
    return [folder for folder in folders if folder.lower() not in _SOURCE_ROOTS]


def _repeats(name: str, package: str) -> bool:
    """Whether a name only repeats words of the package: `active_record` in `activerecord`, `service` in `payment-service`."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    of_package = re.findall(r"[a-z0-9]+", package.lower())
    return bool(plain) and (plain == "".join(of_package) or plain in of_package)


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


def is_area(name: str) -> bool:
    """Whether a folder has a conventional meaning in frontends or backends."""
    return name.lower() in _AREAS


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
