"""Patterns of well-known secrets, for values that the program was not told.

Sources: GitHub, "Token types"; the gitleaks and detect-secrets rule sets for the others; RFC 6750 and 7617 for the headers; RFC
3986, section 3.2.1, for user information in a URL. False negatives are preferred to masked ordinary text: a value without a
known prefix must contain a digit or be long.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

MASK = "[secret]"
"""The replacement of a secret."""

SECRET_VARIABLES = (
    *("GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"),
    *("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "DEVTRAIL_SECRET_KEY"),
)
"""Environment variables whose values are secrets."""

_TOKEN = r"[A-Za-z0-9._~+/=-]"  # noqa: S105 - a character class, no token
_LIKELY = rf"(?:(?={_TOKEN}*[0-9]){_TOKEN}{{12,}}|{_TOKEN}{{32,}})"
"""A value where ordinary words can occur too: it has a digit, or is too long for a word."""
_QUERY_NAMES = (
    r"(?:access|refresh|id|auth|session)?[_-]?token|api[_-]?key|key|(?:client[_-]?)?secret|passw(?:or)?d|pwd|sig(?:nature)?"
    r"|x-(?:amz|goog)-(?:signature|credential|security-token)"
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One kind of secret. If none of `hints` occurs in the lower-case text, `expression` is not tried. The groups of
    `expression` stay; the rest of a match is masked."""

    name: str
    hints: tuple[str, ...]
    expression: str

    def masked(self, text: str) -> str:
        """The text with all secrets of this kind masked."""
        return _compiled(self.expression).sub(_kept_groups, text)


@cache
def _compiled(expression: str) -> re.Pattern[str]:
    """Compiled lazily: most runs need none, and compiling all would add milliseconds to the start."""
    return re.compile(expression)


def _kept_groups(match: re.Match[str]) -> str:
    return "".join(filter(None, match.groups())) + MASK


def _token(name: str, hints: tuple[str, ...], expression: str) -> Pattern:
    """A token with a known prefix; it must start at a word boundary."""
    return Pattern(name, hints, rf"(?<![A-Za-z0-9])(?:{expression})")


PATTERNS: tuple[Pattern, ...] = (
    Pattern(
        "private key",
        ("private key",),
        # A truncated block ends with its last line of base64. `\n` may be written as two characters, as in JSON.
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:\\[nr]|[A-Za-z0-9+/=:,.\s-])*?"
        r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|(?![A-Za-z0-9+/=:,.\s-]|\\[nr])|\Z)",
    ),
    _token("GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"gh[pousr]_[A-Za-z0-9_]{16,}"),
    _token("GitHub fine-grained token", ("github_pat_",), r"github_pat_[A-Za-z0-9_]{16,}"),
    _token("Anthropic key", ("sk-ant-",), r"sk-ant-[A-Za-z0-9_-]{8,}"),
    _token("OpenAI key", ("sk-",), r"sk-(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{20,}"),
    _token("AWS access key", ("akia", "asia"), r"A(?:KI|SI)A[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _token("Google key", ("aiza",), r"AIza[A-Za-z0-9_-]{30,}"),
    _token("GitLab token", ("glpat-",), r"glpat-[A-Za-z0-9_.-]{16,}"),
    _token("Slack token", ("xox",), r"xox[abeoprs]-[A-Za-z0-9-]{10,}"),
    _token("Stripe key", ("k_live_",), r"[rs]k_live_[A-Za-z0-9]{16,}"),
    _token("npm token", ("npm_",), r"npm_[A-Za-z0-9]{30,}"),
    _token("PyPI token", ("pypi-",), r"pypi-[A-Za-z0-9_-]{50,}"),
    _token("Hugging Face token", ("hf_",), r"hf_[A-Za-z0-9]{30,}"),
    _token("JSON web token", ("eyj",), r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*"),
    Pattern("bearer", ("bearer",), rf"(?i)\b(bearer[\s:=]{{1,4}}[\"']?){_LIKELY}"),
    Pattern(
        "header",
        ("authorization", "x-api-key", "private-token"),
        (
            r"(?i)\b((?:authorization|x-api-key|private-token)(?:\\?[\"'])?\s{0,4}[:=,]\s{0,4}(?:b?\\?[\"'])?"
            rf"(?:(?:basic|bearer|token)\s{{1,4}})?){_LIKELY}"
        ),
    ),
    Pattern(
        "password in a URL",
        ("://",),
        (
            r"(?i)(?:\b(https?://)[^\s/?#@\"'<>\\]{1,300}"
            r"|\b([a-z][a-z0-9+.-]{0,20}://[^\s/?#@:\"'<>\\]{0,100}:)[^\s/?#@\"'<>\\]{1,300})(?=@)"
        ),
    ),
    Pattern(
        "secret in a query",
        ("?", "&"),
        rf"(?i)([?&;](?:{_QUERY_NAMES})=)[^&#\s\"'<>\\;]{{3,}}",
    ),
)
