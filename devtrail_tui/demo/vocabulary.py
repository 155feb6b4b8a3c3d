"""The vocabulary of generated pull requests: areas of the four repositories, and changes to them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Literal


@dataclass(frozen=True, slots=True)
class Area:
    """A part of a repository: its names and files. `has_money`: it computes amounts."""

    repository: str
    noun: str
    paths: Sequence[str]
    labels: Sequence[str] = ()
    has_money: bool = False

    @property
    def has_screen(self) -> bool:
        return any(path.endswith(".tsx") for path in self.paths)


@dataclass(frozen=True, slots=True)
class Change:
    """A kind of change. `size` is the maximum of lines added to a file; `needs` says which areas it fits."""

    prefix: str
    title: str
    why: Sequence[str]
    how: Sequence[str]
    checks: Sequence[str]
    size: int = 60
    needs: Literal["", "screen", "money"] = ""

    def fits(self, area: Area) -> bool:
        return area.has_screen if self.needs == "screen" else area.has_money if self.needs == "money" else True


_WORDS = tomllib.loads(resources.files("devtrail_tui.demo").joinpath("vocabulary.toml").read_text("utf-8"))

AREAS: Sequence[Area] = [Area(**area) for area in _WORDS["areas"]]
CHANGES: Sequence[Change] = [Change(**change) for change in _WORDS["changes"]]
ANYWHERE: Sequence[str] = _WORDS["anywhere"]
ON_SCREENS: Sequence[str] = _WORDS["on_screens"]
BEHIND: Sequence[str] = _WORDS["behind"]
VERDICTS: Mapping[str, Sequence[str]] = _WORDS["verdicts"]
"""Texts of reviewers, by the sign of their review."""
REMARKS: Sequence[str] = _WORDS["remarks"]
ASIDES: Sequence[str] = _WORDS["asides"]
