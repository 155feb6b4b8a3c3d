"""Themes of engineering work with typical word stems, in pull requests and in criteria."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class Theme:
    """`names` are stems in a criterion's name, `signs` stems in a pull request with this theme."""

    names: re.Pattern[str]
    signs: re.Pattern[str]
    is_reviewing: bool
    """Whether the theme is reviewing; it never counts for the author of a pull request, who cannot review it."""


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(words) + ")", re.IGNORECASE)


THEMES: Sequence[Theme] = [
    Theme(_pattern(theme["names"]), _pattern(theme["signs"]), is_reviewing="review" in theme["names"])
    for theme in tomllib.loads(resources.files("devtrail_tui.demo").joinpath("themes.toml").read_text("utf-8"))[
        "themes"
    ]
]
