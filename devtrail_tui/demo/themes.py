"""Themes of engineering work and the beginnings of words that give them away, in pull requests and in criteria alike."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class Theme:
    """`names` match what a criterion is called, `signs` what a pull request says when the theme is in it."""

    names: re.Pattern[str]
    signs: re.Pattern[str]
    is_reviewing: bool
    """What a reviewer says; an author is not their own reviewer."""


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(words) + ")", re.IGNORECASE)


THEMES: Sequence[Theme] = [
    Theme(_pattern(theme["names"]), _pattern(theme["signs"]), is_reviewing="review" in theme["names"])
    for theme in tomllib.loads(resources.files("devtrail_tui.demo").joinpath("themes.toml").read_text("utf-8"))[
        "themes"
    ]
]
