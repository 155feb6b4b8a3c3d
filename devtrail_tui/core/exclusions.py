"""Patterns of repositories and paths that are neither fetched nor sent.

A pattern is a case-insensitive shell glob in which `*` also matches `/`. A repository pattern is compared with owner/name. A
path pattern without `/` also matches a name in any folder; one that ends in `/` matches everything below that folder. When in
doubt a pattern matches, because excluded content must not leave the machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from functools import cache


@dataclass(frozen=True, slots=True)
class Exclusions:
    """The patterns of exclude_repositories and exclude_paths in config.toml."""

    repositories: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    def repository(self, name: str) -> bool:
        """Whether a repository (owner/name) is excluded."""
        return any(_fits(pattern, name.strip()) for pattern in self.repositories)

    def path(self, path: str) -> bool:
        """Whether a file is excluded."""
        return any(_path_fits(pattern, path) for pattern in self.paths)


NOTHING_EXCLUDED = Exclusions()


def _path_fits(pattern: str, path: str) -> bool:
    pattern = pattern.removeprefix("./").lstrip("/")
    if pattern.endswith("/"):
        pattern += "*"
    if _fits(pattern, path) or _fits(pattern, f"/{path}"):
        return True
    if "/" not in pattern:
        return any(_fits(pattern, segment) for segment in path.split("/"))
    return _fits(f"{pattern}/*", path)  # a folder named without its slash


def _fits(pattern: str, text: str) -> bool:
    return _compiled(pattern.casefold()).match(text.casefold()) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))
