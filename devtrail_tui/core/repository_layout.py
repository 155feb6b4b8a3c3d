"""The shape of a repository, by which its components get names that are neither too coarse nor too fine.

It is made from the paths of all its files. A level (package, area, folder) that holds much of the code is divided into the next
one; a level that holds little is not named by itself. Sizes are shares of all code files, so the size of the repository does not
matter, and a change gets the same name whatever else is stored.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

from devtrail_tui.core.component_names import ComponentPath, component_path, is_area
from devtrail_tui.core.path_kinds import kind_of

LARGE = 0.08
"""A level with a larger share of the code is divided."""
WORTH_A_NAME = 0.02
"""A level with this share of the code gets a name where the level above is divided."""
LARGEST_REST = 0.18
"""Where more than this share of the code would stay without a name of its own in a divided level, smaller levels get names too,
the largest first."""
NEARLY_ALL = 0.9
MOST_USED_ONCE = 0.2
LARGEST_NAME = 0.28
CHANGES_OF_A_YEAR = 150
LEAST_SHARES = (0.003, 0.006, 0.012, 0.025, 0.05)
"""Least shares of the code for the name of an item or a package, tried in this order."""
_SEPARATOR = "/"
_SETS = ("first", "named", "skipped", "grouped")


@dataclass(frozen=True, slots=True)
class RepositoryLayout:
    """Levels, joined and in lower case: `named` ones get a name; `skipped` ones hold nearly all of the level above, so that their
    name tells nothing; `first` are all first ones, `main` is the one of them that holds most of the code ("" if none does).
    `grouped` are packages too small for a name of their own: they get the name of the folder that holds the packages.
    `all_items`: each item of a conventional area gets a name."""

    first: frozenset[str]
    named: frozenset[str]
    skipped: frozenset[str] = frozenset()
    main: str = ""
    grouped: frozenset[str] = frozenset()
    all_items: bool = True

    @classmethod
    def of(cls, paths: Iterable[str]) -> RepositoryLayout:
        """The layout of a repository with these files. Pure."""
        return _Tree(paths).layout()

    def to_json(self) -> dict[str, Any]:
        """The layout as plain JSON values."""
        levels = {name: sorted(getattr(self, name)) for name in _SETS}
        return {**levels, "main": self.main, "allItems": self.all_items}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RepositoryLayout:
        """The inverse of `to_json`."""
        levels = {name: frozenset(data[name]) for name in _SETS}
        return cls(**levels, main=data["main"], all_items=data["allItems"])

    def name(self, path: ComponentPath, *, is_test: bool = False) -> str:
        """The name of a component, with as many levels as this repository needs. Tests of nothing that exists are "tests"."""
        keys = _keys(path.levels)
        if not keys:
            return path.name()
        if is_test and keys[0] not in self.first:
            below_main = f"{self.main}{_SEPARATOR}{keys[0]}"
            return f"{self.main}: {path.levels[0]}" if below_main in self.named else "tests"
        if keys[0] in self.grouped:
            return path.group
        items = path.items if self.all_items else 0
        shown = [path.levels[0]]
        for place in range(1, len(keys)):
            if keys[place] in self.skipped:
                continue
            if not (keys[place] in self.named or place < items):
                break
            shown.append(path.levels[place])
        if keys[0] == self.main and len(shown) == 2 and not path.package:
            return ": ".join(shown)  # as if the folder were a package: `github: PullRequest`
        return path.name(shown)


class _Tree:
    """The code files of a repository by level."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths: list[ComponentPath] = []
        self._sizes: Counter[str] = Counter()
        self._children: defaultdict[str, set[str]] = defaultdict(set)
        for path in paths:
            segments = [segment for segment in path.split("/") if segment not in ("", ".", "..")]
            if segments and kind_of(segments) == "code":
                self._add(component_path(segments))

    def _add(self, path: ComponentPath) -> None:
        keys = _keys(path.levels)
        self._paths.append(path)
        self._sizes.update(keys)
        for above, below in pairwise(keys):
            self._children[above].add(below)

    def layout(self) -> RepositoryLayout:
        """Every package and item is named if not too many names would be used once; else only the larger ones, as far as no name
        gets too large."""
        best, least = self._layout(0.0), 1.0
        for share in (0.0, *LEAST_SHARES):
            layout = self._layout(share)
            once, largest = self._used_once_and_largest(layout)
            if once <= MOST_USED_ONCE and (not share or largest <= LARGEST_NAME):
                return layout
            if max(once, largest) < least:
                best, least = layout, max(once, largest)
        return best

    def _layout(self, share: float) -> RepositoryLayout:
        """The layout in which packages and items with a smaller share of the code have no name of their own."""
        sizes, files = self._sizes, len(self._paths)
        first = frozenset(level for level in sizes if _SEPARATOR not in level)
        large = [level for level in self._children if sizes[level] > LARGE * files]
        main = next((level for level in sorted(first & set(large)) if 2 * sizes[level] > files), "")
        named = {name for level in large for name in self._named(level)}
        if share:
            named |= {key for path in self._paths for key in _keys(path.levels)[1 : path.items]}
            named = {level for level in named if sizes[level] >= share * files}
        skipped = frozenset(self._skipped(large))
        return RepositoryLayout(first, frozenset(named), skipped, main, self._grouped(share), all_items=not share)

    def _grouped(self, share: float) -> frozenset[str]:
        """The packages that are smaller than a share of the code; of each folder the smallest, as far as they are no large part
        together."""
        files, groups = len(self._paths), defaultdict(set)
        for path in self._paths:
            if path.group and self._sizes[path.package.lower()] < share * files:
                groups[path.group].add(path.package.lower())
        grouped: set[str] = set()
        for packages in groups.values():
            together = 0
            for package in sorted(packages, key=lambda each: (self._sizes[each], each)):
                together += self._sizes[package]
                if together <= LARGEST_NAME * files:
                    grouped.add(package)
        return frozenset(grouped)

    def _named(self, level: str) -> list[str]:
        """The levels below a large one that get a name."""
        sizes, files = self._sizes, len(self._paths)
        ranked = sorted(self._children[level], key=lambda child: (-sizes[child], child))
        rest = sizes[level]
        named: list[str] = []
        for child in ranked:
            is_worth = sizes[child] >= WORTH_A_NAME * files or rest > LARGEST_REST * files
            if not is_worth and not (named and sizes[child] == sizes[named[-1]]):  # equal ones are treated alike
                break
            named.append(child)
            rest -= sizes[child]
        return named

    def _skipped(self, large: Iterable[str]) -> Iterator[str]:
        for above in large:
            for below in self._children[above]:
                holds_most = self._sizes[below] >= NEARLY_ALL * self._sizes[above]
                if holds_most and below in self._children and not is_area(below.rpartition(_SEPARATOR)[2]):
                    yield below

    def _used_once_and_largest(self, layout: RepositoryLayout) -> tuple[float, float]:
        """The share of changes whose name no other has, if so many changes spread evenly over the files, and that of the largest
        name."""
        names = Counter(layout.name(path) for path in self._paths)
        shares = [count / names.total() for count in names.values()] or [0.0]
        return sum(share * (1 - share) ** (CHANGES_OF_A_YEAR - 1) for share in shares), max(shares)


def _keys(levels: Iterable[str]) -> list[str]:
    """Each level joined with those above it."""
    return list(accumulate((level.lower() for level in levels), lambda above, level: f"{above}{_SEPARATOR}{level}"))
