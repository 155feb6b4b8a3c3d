"""The shape of a repository, by which its components get names that are neither too coarse nor too fine.

It is made from the paths of all its files. A level (package, area, folder) that holds much of the code is divided into the next
one; a level that holds little is not named by itself. Sizes are shares of all code files, so the size of the repository does not
matter, and a change gets the same name whatever else is stored.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
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
CHANGES_OF_A_YEAR = 150
ITEM_SHARES = (0.003, 0.006, 0.012, 0.025, 0.05)
"""Least shares of the code for an item's name, tried in this order."""
_SEPARATOR = "/"


@dataclass(frozen=True, slots=True)
class RepositoryLayout:
    """Levels, joined and in lower case: `named` ones get a name; `skipped` ones hold nearly all of the level above, so that their
    name tells nothing; `first` are all first ones, `main` is the one of them that holds most of the code ("" if none does).
    `all_items`: each item of a conventional area gets a name."""

    first: frozenset[str]
    named: frozenset[str]
    skipped: frozenset[str] = frozenset()
    main: str = ""
    all_items: bool = True

    @classmethod
    def of(cls, paths: Iterable[str]) -> RepositoryLayout:
        """The layout of a repository with these files. Pure."""
        return _Tree(paths).layout()

    def to_json(self) -> dict[str, Any]:
        """The layout as plain JSON values."""
        levels = {name: sorted(getattr(self, name)) for name in ("first", "named", "skipped")}
        return {**levels, "main": self.main, "allItems": self.all_items}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RepositoryLayout:
        """The inverse of `to_json`."""
        first, named, skipped = (frozenset(data[name]) for name in ("first", "named", "skipped"))
        return cls(first, named, skipped, data["main"], data["allItems"])

    def name(self, path: ComponentPath, *, is_test: bool = False) -> str:
        """The name of a component, with as many levels as this repository needs. Tests of nothing that exists are "tests"."""
        keys = _keys(path.levels)
        if not keys:
            return path.name()
        if is_test and keys[0] not in self.first:
            below_main = f"{self.main}{_SEPARATOR}{keys[0]}"
            return f"{self.main}: {path.levels[0]}" if below_main in self.named else "tests"
        items = path.items if self.all_items else 0
        shown = [path.levels[0]]
        for place in range(1, len(keys)):
            if keys[place] in self.skipped:
                continue
            if not (keys[place] in self.named or place < items):
                break
            shown.append(path.levels[place])
        if keys[0] == self.main and len(shown) == 2 and not path.package:
            return ": ".join(shown)  # the main folder stands like a package: `github: PullRequest`
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
        """Every item is named unless too many names would be used once; then only the larger ones."""
        sizes, files = self._sizes, len(self._paths)
        first = frozenset(level for level in sizes if _SEPARATOR not in level)
        large = [level for level in self._children if sizes[level] > LARGE * files]
        named = frozenset(name for level in large for name in self._named(level))
        main = next((level for level in sorted(first & set(large)) if 2 * sizes[level] > files), "")
        layout = RepositoryLayout(first, named, frozenset(self._skipped(large)), main)
        items = Counter(key for path in self._paths for key in _keys(path.levels)[1 : path.items])
        for share in ITEM_SHARES:
            if self._used_once(layout) <= MOST_USED_ONCE:
                break
            larger_items = {item for item in items if sizes[item] >= share * files}
            layout = replace(layout, named=named | larger_items, all_items=False)
        return layout

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

    def _used_once(self, layout: RepositoryLayout) -> float:
        """The share of changes whose name no other has, if so many changes spread evenly over the files."""
        names = Counter(layout.name(path) for path in self._paths)
        shares = [count / max(names.total(), 1) for count in names.values()]
        return sum(share * (1 - share) ** (CHANGES_OF_A_YEAR - 1) for share in shares)


def _keys(levels: Iterable[str]) -> list[str]:
    """Each level joined with those above it."""
    return list(accumulate((level.lower() for level in levels), lambda above, level: f"{above}{_SEPARATOR}{level}"))
