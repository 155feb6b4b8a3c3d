"""The filter of the job list: `state:failed type:sync repo:acme/shop #12 free words`."""

from __future__ import annotations

from dataclasses import dataclass

from devtrail_tui.core.qualifiers import qualified_hint, split_qualifiers, unknown_word
from devtrail_tui.core.status import Status

_STATUS_NAMES = tuple(status.lower() for status in Status)
QUALIFIERS = ("state", "status", "type", "repo", "id")
_LONGEST_NUMBER = 18
"""Maximum digits of a row id."""
_OTHER_WORDS = {
    "waiting": Status.PENDING,
    "queued": Status.PENDING,
    "done": Status.COMPLETED,
    "ok": Status.COMPLETED,
    "canceled": Status.CANCELLED,
    "error": Status.FAILED,
}
"""Synonyms of statuses."""


@dataclass(frozen=True, slots=True)
class JobFilter:
    """The conditions a job must meet. Values of one field are alternatives, all fields must match, the title has every word.

    `types` are prefixes of a type's name or of a word in it, case-folded: "sync" matches GITHUB_SYNC. `repositories` are parts of
    an owner/name. `problems` are sentences about parts that were not understood; the rest of the filter still applies.
    """

    statuses: frozenset[Status] = frozenset()
    types: frozenset[str] = frozenset()
    repositories: frozenset[str] = frozenset()
    ids: frozenset[int] = frozenset()
    words: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        """What was probably meant by a word that is a state; empty without such a word."""
        return qualified_hint(self.words, "state", _STATUS_NAMES)

    def has_type(self, type_name: str) -> bool:
        """Whether a job type matches."""
        type_words = (type_name.casefold(), *type_name.casefold().split("_"))
        return not self.types or any(word.startswith(prefix) for prefix in self.types for word in type_words)


def parse(text: str) -> JobFilter:
    """Parse a filter. Unknown parts become sentences in `problems` instead of errors, because it is parsed while being typed."""
    taken = split_qualifiers(text, QUALIFIERS)
    problems = list(taken.problems)
    statuses: set[Status] = set()
    ids: set[int] = set()
    fields: dict[str, set[str]] = {"type": set(), "repo": set(), "": set()}
    for token in taken.pieces:
        if token.name in ("state", "status"):
            found = _statuses(token.value)
            statuses |= found
            if not found:
                problems.append(unknown_word(token.value, "a state", _STATUS_NAMES))
        elif token.name == "id":
            number = token.value.removeprefix("#")
            if number.isascii() and number.isdecimal() and len(number) <= _LONGEST_NUMBER:
                ids.add(int(number))
            else:
                problems.append(f"“{token.value}” is not a job number.")
        else:
            fields[token.name].add(token.value)
    return JobFilter(
        statuses=frozenset(statuses),
        types=frozenset(fields["type"]),
        repositories=frozenset(fields["repo"]),
        ids=frozenset(ids),
        words=frozenset(fields[""]),
        problems=tuple(problems),
    )


def _statuses(value: str) -> set[Status]:
    by_name = {status for status in Status if status.lower().startswith(value)}
    return by_name | {status for word, status in _OTHER_WORDS.items() if word.startswith(value)}
