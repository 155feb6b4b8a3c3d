"""The redactor: values in every form libraries repeat them in, known tokens, and ordinary text left alone."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtrail_tui.core.redaction import Redactor, mask_patterns

VALUE = 'Zq8!v/+x k~%Ω"\\_7'
TOKENS = {
    "classic": "ghp_" + "a1B2" * 9,
    "oauth": "gho_" + "a1B2" * 9,
    "user": "ghu_" + "a1B2" * 9,
    "server": "ghs_" + "a1B2" * 9,
    "refresh": "ghr_" + "a1B2" * 9,
    "fine-grained": "github_pat_" + "a1B2_" * 12,
    "anthropic": "sk-ant-api03-" + "a1-B2_" * 10,
    "openai": "sk-proj-" + "a1B2" * 8,
    "aws": "AKIA" + "A1B2" * 4,
    "gitlab": "glpat-" + "a1B2" * 5,
    "slack": "xoxb-" + "1234567890-abc",
    "google": "AIza" + "a1B2" * 9,
    "stripe": "sk_live_" + "a1B2" * 5,
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0abc.c2lnbmF0dXJl",
}


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
@pytest.mark.parametrize(
    "around", ["{}", "x {} y", '{{"token": "{}"}}', "({})", "a={}&b", "https://h/{}/x", "line\n{}\nline"]
)
def test_a_known_token_goes_wherever_it_stands(token: str, around: str) -> None:
    masked = mask_patterns(around.format(token))
    assert token not in masked
    assert "[secret]" in masked
    assert masked.replace("[secret]", token) == around.format(token)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Authorization: Bearer abc123def456", "Authorization: Bearer [secret]"),
        ("{'authorization': 'Bearer abc123def456'}", "{'authorization': 'Bearer [secret]'}"),
        ("(b'authorization', b'Basic dXNlcjoxMjM0NQ==')", "(b'authorization', b'Basic [secret]')"),
        ("x-api-key: abc123def456", "x-api-key: [secret]"),
        ("https://me:pass@host/x", "https://[secret]@host/x"),
        ("https://onlytoken@host/x", "https://[secret]@host/x"),
        ("postgres://user:p4ss@db/x", "postgres://user:[secret]@db/x"),
        ("GET /x?access_token=abc&page=2", "GET /x?access_token=[secret]&page=2"),
        ("GET /x?page=2&api_key=abcd#top", "GET /x?page=2&api_key=[secret]#top"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE+/=\nabc\n-----END RSA PRIVATE KEY-----\nafter", "[secret]\nafter"),
        ('"-----BEGIN PRIVATE KEY-----\\nMIIE\\nab"', '"[secret]"'),
    ],
)
def test_headers_urls_and_keys(text: str, masked: str) -> None:
    assert mask_patterns(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "bearer authentication is what we use",
        "authorization: required",
        "git@github.com:acme/shop.git",
        "ssh://git@github.com/acme/shop",
        "https://github.com/acme/shop/pull/12?diff=split&w=1",
        "the task-runner-of-the-month and sk-learn-for-everyone-in-the-team",
        "ghp_ is the prefix of a token",
        "commit 3f2a9c1d4e5b6a7c8d9e0f1a2b3c4d5e6f7a8b9c",
        "PUBLIC KEY-----",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert mask_patterns(text) == text


@pytest.mark.parametrize("before", ["", "a", "ab", "user:"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_value_goes_out_of_any_base64(before: str, encode: object) -> None:
    assert callable(encode)
    text = encode(f"{before}{VALUE}:rest".encode()).decode()
    core = base64.b64encode(VALUE.encode())[4:-4].decode()
    masked = Redactor([VALUE])(text)
    assert "[secret]" in masked
    assert core not in masked


@pytest.mark.parametrize(
    "form",
    [VALUE, quote(VALUE, safe=""), quote_plus(VALUE), json.dumps(VALUE), json.dumps({"k": [VALUE]}), repr(VALUE)],
)
def test_a_value_goes_in_every_plain_form(form: str) -> None:
    masked = Redactor([VALUE])(f"before {form} after")
    assert form.strip("\"'") not in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")


def test_the_beginning_of_a_value_before_an_ellipsis_goes_too() -> None:
    redact = Redactor(["correct-horse-battery"])
    assert redact("it said correct-horse… and more") == "it said [secret]… and more"
    assert redact("it is correct… yes") == "it is [secret]… yes"
    assert redact("cor… is short") == "cor… is short"


def test_longer_values_go_first_and_short_ones_are_words() -> None:
    redact = Redactor(["abcdef", "abcdefgh", "abc"])
    assert redact("abcdefgh and abcdef and abc") == "[secret] and [secret] and abc"


def test_json_is_redacted_in_keys_and_values_and_stays_json() -> None:
    redact = Redactor(["topsecret"])
    data = {"a": ["x topsecret", 1, None, True], "topsecret": {"b": 1.5}}
    assert redact.json(data) == {"a": ["x [secret]", 1, None, True], "[secret]": {"b": 1.5}}


def test_many_lines_are_the_same_as_one_by_one() -> None:
    redact = Redactor(["topsecret"])
    clean = ["one", "two"]
    assert redact.lines(clean) is clean
    assert list(redact.lines(["one", "a topsecret", "two"])) == ["one", "a [secret]", "two"]


@given(
    st.text(min_size=6, max_size=30).filter(lambda value: "secret" not in value and "…" not in value),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_no_value_survives_and_twice_is_once(value: str, before: str, after: str) -> None:
    redact = Redactor([value])
    masked = redact(before + value + after)
    assert value not in masked.replace("[secret]", "\0")
    assert redact(masked) == masked


@given(st.text(max_size=300))
def test_masking_patterns_twice_is_once(text: str) -> None:
    once = mask_patterns(text)
    assert mask_patterns(once) == once


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_what_was_json_stays_json(value: object) -> None:
    """Exports are masked as whole documents, so nothing that holds their form together may go."""
    document = json.dumps(["https://u:p@h/?token=abc", "ghp_" + "a1" * 20, "-----BEGIN PRIVATE KEY-----\nabc", value])
    masked = json.loads(mask_patterns(document))
    assert len(masked) == 4
    assert masked[1] == "[secret]"
