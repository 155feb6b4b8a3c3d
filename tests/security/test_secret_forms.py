"""What is masked before anything is stored or sent: usual forms of secrets, in usual encodings; and what is left alone."""

from __future__ import annotations

import codecs
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from devtrail_tui.clients.claude import answers, excerpt
from devtrail_tui.core import program_text, quotable, quotes, redaction, text
from devtrail_tui.core.redaction import mask_patterns
from devtrail_tui.core.secret_patterns import PATTERNS
from devtrail_tui.core.secret_shapes import Pattern
from devtrail_tui.demo.world import World
from devtrail_tui.reports import exports, markdown_text
from devtrail_tui.store import column_types
from tests.house.program import CHECKOUT
from tests.security.secret_forms import ENCODINGS, all_forms, remains

LEAST_MASKED = 0.95
ORDINARY = (
    "token = get_token()",
    "token = next(tokens[1:20])",
    "password: string",
    "password = None",
    'password = os.environ["PASSWORD"]',
    "key=lambda pair: pair[1]",
    "token: ${{ secrets.GITHUB_TOKEN }}",
    "DB_PASSWORD=${DB_PASSWORD}",
    "TOKEN=$(cat token.txt)",
    "max_tokens=4096, top_k=40",
    "token_count: 12345678",
    'secret_name="github"',
    '"password": "********"',
    "The password is wrong.",
    "The token was revoked on 2026-03-04.",
    "docker run -u 1000:1000 image",
    "bypass=12345678",
    "tests passed: 1234567",
    "0123456789abcdef0123456789abcdef01234567",
    "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    'integrity="sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="',
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ",
    "https://github.com/acme/shop/issues?q=is%3Apr+author%3A%40me+merged%3A2026",
    "GET /search?page=2&q=password+reset",
    "Sign in with your user name and password; tokens expire after 30 days.",
    "primary_key=id_12345678",
    "src/main.py:120:15: E501 line too long",
    "def signature(self, key: str, value: int = 12345678) -> bytes:",
)


def test_usual_forms_in_usual_encodings_are_masked() -> None:
    left = [
        f"{name} in {encoding}"
        for name, (plain, secret) in all_forms().items()
        for encoding, encode in ENCODINGS.items()
        if remains(secret, mask_patterns(encode(plain)), encode)
    ]
    total = len(all_forms()) * len(ENCODINGS)
    assert total >= 120 * 7
    assert len(left) <= (1 - LEAST_MASKED) * total, left


@pytest.mark.parametrize("seed", [2, 3])
def test_other_secrets_of_the_same_forms_are_masked_as_often(seed: int) -> None:
    forms = all_forms(seed)
    left = [
        name for name, (plain, secret) in forms.items() if remains(secret, mask_patterns(plain), ENCODINGS["plain"])
    ]
    assert len(left) <= (1 - LEAST_MASKED) * len(forms), left


def foreign_forms() -> dict[str, list[Any]]:
    """Texts with made-up secrets, and harmless ones, by authors who did not know the rules. The file is in ROT13, so that no
    scanner takes them for real secrets."""
    content = (Path(__file__).parent / "foreign_forms.json").read_text()
    forms: dict[str, list[Any]] = json.loads(content)
    return {
        "secrets": [[codecs.decode(each, "rot13") for each in pair] for pair in forms["secrets"]],
        "harmless": [codecs.decode(text, "rot13") for text in forms["harmless"]],
    }


def test_forms_of_authors_who_did_not_know_the_rules() -> None:
    forms = foreign_forms()
    left = [text for text, secret in forms["secrets"] if secret in mask_patterns(text)]
    assert len(forms["secrets"]) >= 600
    assert len(left) <= (1 - LEAST_MASKED) * len(forms["secrets"]), left
    assert [text for text in forms["harmless"] if mask_patterns(text) != text] == []


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert mask_patterns(text) == text


def test_our_own_documents_and_the_demo_are_left_alone(world: World) -> None:
    paths = [CHECKOUT / "README.md", CHECKOUT / "devtrail_tui" / "README.md", *(CHECKOUT / ".github").glob("*.md")]
    texts = [Path(path).read_text() for path in paths]
    for pull in world.pull_requests:
        texts += [pull.detail.title, pull.detail.body, *(comment.body for comment in pull.detail.comments)]
    assert [text for text in texts if mask_patterns(text) != text] == []


def worst_texts(pattern: Pattern, length: int) -> list[str]:
    """Texts that begin to fit again and again, and never do: from the hints, and runs of what a value may consist of."""
    pieces = []
    for hint in pattern.hints[:6]:  # more are words of one alternation
        for joint in ("", "=", ": ", "-", "_", ".", " ", '="', "eyJ", "a", "/", ":a@", "\n> "):
            pieces += [hint + joint, hint.upper() + joint]
    pieces += ["a", "a.", "-", " ", "=", "%4", "%41", "ab", "://", "https://a:", "-----BEGIN PRIVATE KEY-----", "\\n"]
    return [(piece * (length // len(piece) + 1))[:length] + "\x00" for piece in pieces]


def took(pattern: Pattern, text: str) -> float:
    """Seconds of this thread, the best of three."""

    def once() -> float:
        began = time.thread_time()
        pattern.masked(text)
        return time.thread_time() - began

    first = once()
    return first if first < NOTHING_S else min(first, once(), once())


NOTHING_S = 0.002
"""Less cannot be told from noise, and is no danger at any length."""


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: f"{pattern.name}-{pattern.hints[0]}")
def test_the_time_of_a_rule_grows_with_the_length_only(pattern: Pattern) -> None:
    """Four times the text takes about four times as long; a quadratic rule would take sixteen times."""
    for short, long in zip(worst_texts(pattern, 2_000), worst_texts(pattern, 8_000), strict=True):
        if (took_long := took(pattern, long)) > NOTHING_S:
            assert took_long <= 9 * took(pattern, short), long[:40]


def patterns_for_foreign_text() -> list[tuple[str, re.Pattern[str]]]:
    """Every compiled expression of the modules that foreign texts of any length pass through."""
    modules = (text, program_text, quotable, quotes, redaction, column_types, markdown_text, exports, answers, excerpt)
    return [
        (f"{module.__name__.rpartition('.')[2]}{name}", value)
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, re.Pattern)
    ]


PIECES = (
    *(
        " ",
        "\t",
        "\n",
        " \n",
        ">",
        "> ",
        "#",
        "# ",
        "- [",
        "- [ ] ",
        "1",
        "1.",
        "1) ",
        "<!--",
        "<!-- a",
        "-->",
        "<a",
        "`",
        "```",
        "```\n",
    ),
    *(
        "*",
        "**",
        "_",
        "a",
        "a.",
        "a ",
        ".",
        "@",
        "://",
        "www.",
        "http://",
        "[",
        "[x",
        "](",
        "!",
        "\\",
        "~",
        "|",
        "=",
        "-",
        "+1 -1",
    ),
    *(
        "\x1b",
        "\x1b[",
        "\x1b]",
        "\x1bP",
        "\u200d",
        "\u0301",
        "\u202e",
        "\ud800",
        "🙂",
        "generated",
        "summary",
        "coderabbit",
        "%41",
        "4a",
    ),
)


@pytest.mark.parametrize(
    ("name", "pattern"), patterns_for_foreign_text(), ids=lambda each: each if isinstance(each, str) else ""
)
def test_the_time_of_any_other_expression_grows_with_the_length_only(name: str, pattern: re.Pattern[str]) -> None:
    def seconds(piece: str, length: int) -> float:
        repeated = (piece * (length // len(piece) + 1))[:length] + "\x00"

        def once() -> float:
            began = time.thread_time()
            for _ in pattern.finditer(repeated):
                pass
            return time.thread_time() - began

        return min(once() for _ in range(3))

    for piece in PIECES:
        if seconds(piece, 16_000) > 0.002:
            assert seconds(piece, 16_000) <= 9 * seconds(piece, 4_000), piece
