"""The parts of the rules for secrets: a rule, the names beside a value, what joins them, and the shapes of values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

MASK = "[secret]"
"""The replacement of a secret."""

NUMBER_OF_JSON = r"(?!-?[0-9.]{1,30}(?:[eE][+-]?[0-9]{1,4})?\s{0,3}[,}\]])"
LIKELY = rf"{NUMBER_OF_JSON}(?:(?=[A-Za-z._~+/=-]{{0,64}}[0-9])[A-Za-z0-9._~+/=-]{{12,2000}}+|[A-Za-z0-9._~+/=-]{{32,2000}}+)"
"""A value where ordinary words can occur too: it has a digit, or is too long for a word."""
QUERY_NAMES = (
    r"(?:access|refresh|id|auth|session)?[_-]?token|api[_-]?key|key|(?:client[_-]?)?secret|passw(?:or)?d|pwd|sig(?:nature)?"
    r"|x-(?:amz|goog)-(?:signature|credential|security-token)"
)
WORDS_OF_OTHER_LANGUAGES = (
    r"passwort|kennwort|contraseña|mot\sde\spasse|senha|şifre(?:si)?|пароль|密码|密碼|パスワード|비밀번호"
    r"|hasło|wachtwoord|lösenord"
)
PASSWORD = rf"(?:passw(?:or)?d|passphrase|(?<![a-z])(?:pass|psk|pw)|pwd|{WORDS_OF_OTHER_LANGUAGES})"
SUFFIX = r"(?:[_-]?(?:access|key|base|id|value|data|hash|prod|dev|test|live|b64|string|bedrock|v?[0-9]{1,3})){0,3}"
NAMED = (
    rf"(?:{PASSWORD}|secret|token|(?<=[_-])pat|credentials?|_auth|github-oauth|mnemonic|(?:php)?sess(?:ion)?_?id|sig(?:nature)?"
    r"|(?:api|access|secret|private|signing|encryption|auth|account|master|client|session|storage)[\s_-]?key)" + SUFFIX
)
"""The end of the name of a setting whose value is a secret."""
KEYED = (
    r"(?<!primary)(?<!foreign)(?<!partition)(?<!public)(?<!cache)(?<!sort)(?<!index)(?<!idempotency)(?<!translation)"
    r"(?<=[a-z])(?:[_-]key|[_-]salt|\.login)" + SUFFIX
)
"""The end of the name of any other key; its value must be long."""
QUOTE = r"(?:\\?[\"'`]|&quot;|&#39;)"
OUR_REFERENCE = r"(?!(?:memory|keyring|encrypted|plain|env|gh)[:@])"
"""What a job stores instead of a secret: `secret:keyring:github`."""
NO_PLACEHOLDER = r"(?![$*%&<{-]|your[_-]|x{4}|[\w-]{0,12}\.\.\.)"
BARE = (
    NUMBER_OF_JSON
    + OUR_REFERENCE
    + NO_PLACEHOLDER
    + r"(?=[^\s\"'`<>(){}\[\],;|\\]{0,64}[0-9])[^\s\"'`<>(){}\[\],;|\\&]{6,2000}+(?![(\[{])"
)
"""A value without quotes. It has a digit, so that words and calls such as `token = next(tokens)` stay."""
QUOTED = (
    rf"{NO_PLACEHOLDER}(?:(?=[^\s\"'`\\]{{0,64}}[0-9!#%+/=]|\w{{2,30}}-\w{{2,30}}-)(?:[^\s\"'`\\<>&]|&(?!quot;|#39;)){{4,2000}}+"
    rf"|(?=[^\"'`\\\n]{{0,64}}[0-9])[^\"'`\\<>\n]{{10,80}}+)(?={QUOTE})"
)
LONG = r"(?=[A-Za-z_+/=-]{0,64}[0-9])(?=[0-9_+/=-]{0,64}[A-Za-z])[^\s\"'`<>(){}\[\],;\\]{20,2000}+"
"""A value behind a name that ordinary values have too."""
LINE = r"(?:\n|\\n)[\s>+|*-]{0,20}"
SIGN = (
    rf"(?:{QUOTE}|\*\*)?\s{{0,3}}(?:=>|->|:=|={{1,2}}|[:：](?!:)(?:\s?[A-Za-z.]{{2,20}}\s?=)?)\s{{0,3}}(?:\*\*\s{{0,2}})?"
    r"(?:base64:|(?:(?:Some|String::from|bytes|str|SecretStr|Buffer\.from|Encoding\.UTF8\.GetBytes)\(){1,2})?"
)
"""What joins a name and its value in a setting."""
BESIDE = (
    rf"(?::-|[:=]\s?[|>][+-]?\s{{0,2}}{LINE}|{QUOTE}?,?\s{{0,4}}(?:{LINE})?{QUOTE}?value{QUOTE}?\s?[:=]\s{{0,3}}"
    rf"|\t{{1,3}}|(?:{QUOTE})?\s{{0,3}}\|\s{{0,3}})"
)
"""What joins them in a shell's default, a YAML block, a list of names and values, a table."""
BEFORE_QUOTE = (
    rf"(?:{QUOTE}\s{{0,2}},\s{{0,2}}|{QUOTE}?\)?\s{{0,2}}(?:\|\||\?\?|or)\s{{0,2}}|\s(?:was\s)?"
    rf"|{QUOTE}\s?\{{(?:{LINE}[^\n]{{0,80}}){{0,3}}?{LINE}default\s{{0,3}}=\s{{0,3}}"
    rf"|{QUOTE}\s?:\s?\{{(?:{LINE})?\s{{0,8}}{QUOTE}[\w.-]{{1,60}}{QUOTE}\s?:\s?)"
)
"""What joins them before a value in quotes: in a call, an alternative, a sentence, Terraform."""
HUMAN = (
    r"(?=[A-Za-z@$][A-Za-z0-9@$]{2,39}[0-9])(?![A-Za-z]{0,12}(?:hmac|sha|rsa|aes|curve|ed|pbkdf|argon|utf|iso|rfc|oauth|base|python|node|java|issue|version|sprint"
    r"|port)-?[0-9])(?=[^\s|]{8,40})[A-Za-z@$][A-Za-z0-9@$]{2,30}(?:[0-9]{3,8}[!#$%*?+&]?|[0-9]{1,8}[!#$%*?+&])(?![\w/.-])"
)
"""A password as people make them: a word, then digits."""
RANDOM = (
    r"(?=[^\s]{0,40}[0-9])(?=[^\s]{0,40}[A-Z])(?=[^\s]{0,40}[a-z])(?![A-Za-z0-9_-]{0,40}[0-9a-f]{40})"
    r"[A-Za-z0-9+/_-]{24,2000}+={0,2}(?![\w./])"
)
"""A token as machines make them."""
ARGUMENT = r"[^\s\"'`\\,;{}\[\]]"
"""A character of an argument without quotes; what closes a value of JSON is none."""
UPPER_CASE = (
    r"(?!your[_-]|[\w-]{0,12}\.\.\.|https?:|[0-9.]{1,20}(?:\s|$)|/)[^\s\"'`<>(){}\[\],;|\\$*%]{6,2000}+(?![(\[{])"
)
"""A value of an environment variable; a word of letters is a password too."""


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


def prefixed_token(name: str, hints: tuple[str, ...], expression: str) -> Pattern:
    """A token with a known prefix; it must start at a word boundary."""
    return Pattern(name, hints, rf"(?<![A-Za-z0-9])(?:{expression})")


PASSWORD_HINTS = (
    *(
        "pass",
        "pwd",
        "pw",
        "psk",
        "secret",
        "token",
        "cred",
        "account",
        "sign in",
        "key",
        "auth",
        "sign",
        "sig=",
        "mnemonic",
    ),
    *(
        "sess",
        "salt",
        "login",
        "_pat",
        "-pat",
        "kennwort",
        "contrase",
        "senha",
        "пароль",
        "密",
        "パスワード",
        "비밀번호",
    ),
    *("hasł", "wachtwoord", "senord", "ifre"),
)


def words_before(name: str, hints: tuple[str, ...], kept: str, value: str) -> Pattern:
    """A rule that keeps what stands before the value, whatever the letter case."""
    return Pattern(name, hints, rf"(?i)({kept}){value}")
