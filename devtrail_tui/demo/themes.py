"""Themes of engineering work and the beginnings of words that give them away, in pull requests and in criteria alike.

`names` are words by which a criterion is called; `signs` are what a pull request says when the theme is in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Theme:
    """Both patterns match at the beginning of a word, in any case of letters."""

    names: re.Pattern[str]
    signs: re.Pattern[str]


def _words(*words: str) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(words) + ")", re.IGNORECASE)


def _theme(names: str, *signs: str) -> Theme:
    return Theme(_words(*names.split()), _words(*signs))


REVIEWING = _theme(
    "review",
    *("not blocking", "block", "one question", "two (?:findings|edge|things)", "three things", "approved", "almost"),
    *("my worry", "worries me", "please", "should not", "checked", "what happens", "both", "measured", "rehearsed"),
)
"""What a reviewer says; an author is not their own reviewer."""

THEMES: Sequence[Theme] = (
    _theme(
        "debug root fault diagnos troubleshoot",
        *("root cause", "reproduc", "traced", "diagnos", "turned out", "walked back", "sampler", "why .{0,20} stall"),
        *("came in when", "the cause", "three causes", "off by", "a day off"),
    ),
    _theme(
        "incident on-call oncall emergenc",
        *("incident", "outage", "on-call", "on call", "post-mortem", "woke", "mitigat", "drill", "runbook"),
    ),
    _theme(
        "performance scal speed efficien",
        *("p9[59]", "latency", r"\d+(?:\.\d+)? (?:s|ms|min)\b", "faster", "first load", "largest paint", "index"),
        *("budget for each", "requests to one", "halve"),
    ),
    _theme(
        "resilien reliab robust fault-toler",
        *("retr(?:y|ies)", "idempoten", "timeout", "circuit breaker", "jitter", "dead letter", "at least once"),
        *("fallback", "degrad", "falls back", "budget", "killed it", "killing"),
    ),
    _theme(
        "test quality verif",
        *("tests?\\b", "tested", "property.test", "flaky", "fixture", "contract test", "side by side", "replayed"),
    ),
    _theme(
        "secur privacy threat",
        *("secur", "password", "token", "encrypt", "personal data", "consent", "constant time", "attack", "stolen"),
        *("permission", "another's", "mask", "signatures?"),
    ),
    _theme(
        "user customer accessib ux inclusi",
        *(
            "accessib",
            "screen reader",
            "nvda",
            "voiceover",
            "keyboard",
            "contrast",
            "a customer",
            "customers? (?:ask|wr)",
        ),
        *(
            "people asked",
            "support asked",
            "editors",
            "five people",
            "visitors?",
            "umlauts",
            "readers?\\b",
            "error texts?",
        ),
    ),
    _theme(
        "mentor coach teach grow",
        *(
            "pair",
            "learn",
            "first feature",
            "your first",
            "walk you through",
            "newcomer",
            "explanation",
            "for learning",
        ),
        *("welcome", "you explained"),
    ),
    REVIEWING,
    _theme(
        "feedback",
        *("you are right", "good catch", "right, it did", "fixed", "both added", "added your case", "asked again"),
        *("changed:", "kept, with", "baseline"),
    ),
    _theme(
        "document runbook knowledge",
        *("docs?\\b", "documentation", "runbook", "write down", "wrote down", "readme", "page with", "decision record"),
        *("one page", "explained"),
    ),
    _theme(
        "clear explain writing communicat",
        "why",
        "because",
        "trade-off",
        "the reason",
        "alternatives",
        "before and after",
    ),
    _theme(
        "design architect interface",
        *(
            "outbox",
            "design",
            "boundary",
            "one function",
            "one contract",
            "type\\b",
            "state machine",
            "split",
            "module",
        ),
        *("alternatives",),
    ),
    _theme(
        "data migration schema storage",
        *("migration", "backfill", "schema", "replicat", "concurrently", "postgres", "merge is recorded"),
    ),
    _theme(
        "observab monitor telemetry",
        *("metric", "dashboard", "alert", "trac(?:e|ing)", "logs\\b", "log lines", "panel", "counter"),
    ),
    _theme(
        "rollout release deploy ship",
        *(
            "rolled? (?:out|back)",
            "feature flag",
            "behind a flag",
            "flag\\b",
            "canary",
            "staged?\\b",
            "step",
            "go back",
        ),
    ),
    _theme(
        "breaking scop step increment", "one route at a time", "many small", "one at a time", "stages?\\b", "first step"
    ),
    _theme(
        "finish complet done", "follow-up", "edge case", "error message", "existing visitors", "cleanup", "half-way"
    ),
    _theme(
        "cross team collaborat partner coordinat",
        *(
            "agreed with",
            "each team",
            "other teams?",
            "app team",
            "warehouse team",
            "meetings",
            "legal",
            "from the .{0,12} side",
        ),
        *("finance", "together with", "asked (?:them|everybody|all)", "teams"),
    ),
    _theme(
        "upkeep debt maintain clean refactor",
        *(
            "upgrade",
            "end of life",
            "old search",
            "delet(?:e|ing)",
            "dead flag",
            "lines go",
            "removed?\\b",
            "dependenc",
        ),
        *("postponed",),
    ),
    _theme("readable clarity simpl clean", "340 lines", "branches", "dared", "minor units", "naming", "tidy"),
    _theme(
        "automat tool pipeline productiv",
        *("pipeline", "one command", "by itself", "build (?:took|takes|fails)", "lint", "codemod", "script", "ci\\b"),
    ),
    _theme(
        "standard convention", "lint rule", "convention", "policy", "design system", "shared client", "in the same form"
    ),
    _theme("direction strateg vision decision", "propos", "decision", "plan\\b", "summed up", "section 4", "rfc"),
    _theme(
        "owner responsib initiative accountab", "took over", "i take it", "took it myself", "my own", "honest", "i will"
    ),
    _theme("trade judg", "trade-off", "deliberately", "does not do", "what it costs", "gave up", "risk", "on purpose"),
    _theme(
        "outcome impact business result measur",
        *(r"\d+(?:\.\d+)? %", "euros", "per month", "a month", "conversion", "completion", "bounce", r"from \d+"),
    ),
    _theme("hir onboard recruit", "candidate", "newcomer", "new colleagues", "first week"),
)
