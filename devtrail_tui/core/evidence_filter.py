"""The filter of the evidence list: `repo:shop criterion:DEBUG-1 role:reviewer state:failed free words`."""

from __future__ import annotations

from dataclasses import dataclass

from devtrail_tui.core.evidence import AnalysisState, Role
from devtrail_tui.core.qualifiers import qualified_hint, split_qualifiers, unknown_word

QUALIFIERS = ("repo", "criterion", "role", "state")


@dataclass(frozen=True, slots=True)
class EvidenceFilter:
    """The conditions an entry must meet. Values of one field are alternatives, all fields must match, every word must occur in
    title, repository or description. `repositories` are parts of an owner/name, `criteria` complete ids; both case-folded."""

    words: frozenset[str] = frozenset()
    repositories: frozenset[str] = frozenset()
    criteria: frozenset[str] = frozenset()
    roles: frozenset[Role] = frozenset()
    states: frozenset[AnalysisState] = frozenset()
    problems: tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        """What was probably meant by a word that is a state or a role; empty without such a word."""
        hints = (qualified_hint(self.words, "state", AnalysisState), qualified_hint(self.words, "role", Role))
        return " ".join(filter(None, hints))


def parse(text: str) -> EvidenceFilter:
    """Parse a filter. Unknown parts become sentences in `problems` instead of errors, because it is parsed while being typed."""
    taken = split_qualifiers(text, QUALIFIERS)
    problems = list(taken.problems)
    roles: set[Role] = set()
    states: set[AnalysisState] = set()
    fields: dict[str, set[str]] = {"repo": set(), "criterion": set(), "": set()}
    for token in taken.pieces:
        if token.name == "role":
            found_roles = {role for role in Role if role.startswith(token.value)}
            roles |= found_roles
            if not found_roles:
                problems.append(unknown_word(token.value, "a role", Role))
        elif token.name == "state":
            found_states = {state for state in AnalysisState if state.startswith(token.value)}
            states |= found_states
            if not found_states:
                problems.append(unknown_word(token.value, "a state", AnalysisState))
        else:
            fields[token.name].add(token.value)
    return EvidenceFilter(
        words=frozenset(fields[""]),
        repositories=frozenset(fields["repo"]),
        criteria=frozenset(fields["criterion"]),
        roles=frozenset(roles),
        states=frozenset(states),
        problems=tuple(problems),
    )
