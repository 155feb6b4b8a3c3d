"""The shape of a repository, by which its components get names that are neither too coarse nor too fine.

It is made from the paths of all its files. A level (package, area, folder) that holds much of the code is divided into the next
one; a level that holds little is not named by itself. Sizes are shares of all code files, so the size of the repository does not
matter, and a change gets the same name whatever else is stored.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

from devtrail_tui.core.component_names import AREA_WORTH, ComponentPath, component_path, is_area
from devtrail_tui.core.path_kinds import kind_of

LARGE = 0.08
"""A level with a larger share of the code is divided."""
WORTH_A_NAME = 0.02
"""A level with this share of the code gets a name where the level above is divided."""
LARGEST_REST = 0.18
"""Where more than this share of the code would stay without a name of its own in a divided level, smaller levels get names too,
the largest first."""
NEARLY_ALL = 0.9
_SEPARATOR = "/"


@dataclass(frozen=True, slots=True)
class RepositoryLayout:
    """Levels, joined and in lower case: `large` ones are divided, `named` ones below them get a name; `skipped` ones hold nearly
    all of the level above, so that their name tells nothing; `first` are all first ones, `main` is the one of them that holds
    most of the code ("" if none does)."""

    first: frozenset[str]
    large: frozenset[str]
    named: frozenset[str]
    skipped: frozenset[str] = frozenset()
    main: str = ""

    @classmethod
    def of(cls, paths: Iterable[str]) -> RepositoryLayout:
        """The layout of a repository with these files. Pure."""
        sizes: Counter[str] = Counter()
        children: defaultdict[str, set[str]] = defaultdict(set)
        files = 0
        for path in paths:
            segments = [segment for segment in path.split("/") if segment not in ("", ".", "..")]
            if not segments or kind_of(segments) != "code":
                continue
            files += 1
            keys = _keys(component_path(segments).levels)
            sizes.update(keys)
            for above, below in pairwise(keys):
                children[above].add(below)
        first = frozenset(level for level in sizes if _SEPARATOR not in level)
        large = frozenset(level for level in children if sizes[level] > LARGE * files)
        named = [name for level in large for name in _named(level, children[level], sizes, files)]
        main = next((level for level in sorted(first & large) if 2 * sizes[level] > files), "")
        skipped = frozenset(
            below
            for above in large
            for below in children[above]
            if below in children and sizes[below] >= NEARLY_ALL * sizes[above] and not is_area(_last(below))
        )
        return cls(first, large, frozenset(named), skipped, main)

    def to_json(self) -> dict[str, Any]:
        """The layout as plain JSON values."""
        levels = {name: sorted(getattr(self, name)) for name in ("first", "large", "named", "skipped")}
        return {**levels, "main": self.main}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RepositoryLayout:
        """The inverse of `to_json`."""
        first, large, named, skipped = (frozenset(data[name]) for name in ("first", "large", "named", "skipped"))
        return cls(first, large, named, skipped, data["main"])

    def name(self, path: ComponentPath, *, is_test: bool = False) -> str:
        """The name of a component, with as many levels as this repository needs. Tests of nothing that exists are "tests"."""
        keys = _keys(path.levels)
        if not keys:
            return path.name()
        if is_test and keys[0] not in self.first:
            below_main = f"{self.main}{_SEPARATOR}{keys[0]}"
            return f"{self.main}: {path.levels[0]}" if below_main in self.named else "tests"
        items = path.usual + bool(path.package) if path.worth == AREA_WORTH else 0
        shown = [path.levels[0]]
        for place in range(1, len(keys)):
            if keys[place] in self.skipped:
                continue
            if not (keys[place] in self.named or (place < items and keys[place - 1] in self.large)):
                break
            shown.append(path.levels[place])
        if keys[0] == self.main and len(shown) == 2 and not path.package:
            return ": ".join(shown)  # the main folder stands like a package: `github: PullRequest`
        return path.name(shown)


def _named(level: str, children: Iterable[str], sizes: Mapping[str, int], files: int) -> list[str]:
    """The levels below a large one that get a name."""
    ranked = sorted(children, key=lambda child: (-sizes[child], child))
    rest = sizes[level]
    named: list[str] = []
    for child in ranked:
        is_worth = sizes[child] >= WORTH_A_NAME * files or rest > LARGEST_REST * files
        if not is_worth and not (named and sizes[child] == sizes[named[-1]]):  # equal ones are treated alike
            break
        named.append(child)
        rest -= sizes[child]
    return named


def _last(level: str) -> str:
    return level.rpartition(_SEPARATOR)[2]


def _keys(levels: Iterable[str]) -> list[str]:
    """Each level joined with those above it."""
    return list(accumulate((level.lower() for level in levels), lambda above, level: f"{above}{_SEPARATOR}{level}"))
