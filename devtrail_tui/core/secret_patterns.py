"""Patterns of well-known secrets, for values that the program was not told.

Sources: GitHub, "Token types"; the gitleaks and detect-secrets rule sets for the others; RFC 6750 and 7617 for the headers; RFC
3986, section 3.2.1, for user information in a URL. False negatives are preferred to masked ordinary text: a value without a
known prefix must contain a digit or be long. All repetitions are bounded or possessive, so that the time grows with the length of
the text only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from devtrail_tui.core.secret_options import OPTIONS
from devtrail_tui.core.secret_prefixes import PREFIXED

MASK = "[secret]"
"""The replacement of a secret."""

SECRET_VARIABLES = (
    *("GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"),
    *("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "DEVTRAIL_SECRET_KEY"),
)
"""Environment variables whose values are secrets."""

_NUMBER_OF_JSON = r"(?!-?[0-9.]{1,30}(?:[eE][+-]?[0-9]{1,4})?\s{0,3}[,}\]])"
_LIKELY = rf"{_NUMBER_OF_JSON}(?:(?=[A-Za-z._~+/=-]{{0,64}}[0-9])[A-Za-z0-9._~+/=-]{{12,2000}}+|[A-Za-z0-9._~+/=-]{{32,2000}}+)"
"""A value where ordinary words can occur too: it has a digit, or is too long for a word."""
_QUERY_NAMES = (
    r"(?:access|refresh|id|auth|session)?[_-]?token|api[_-]?key|key|(?:client[_-]?)?secret|passw(?:or)?d|pwd|sig(?:nature)?"
    r"|x-(?:amz|goog)-(?:signature|credential|security-token)"
)
_WORDS_OF_OTHER_LANGUAGES = (
    r"passwort|kennwort|contraseña|mot\sde\spasse|senha|şifre(?:si)?|пароль|密码|密碼|パスワード|비밀번호"
    r"|hasło|wachtwoord|lösenord"
)
_PASSWORD = rf"(?:passw(?:or)?d|passphrase|(?<![a-z])(?:pass|psk|pw)|pwd|{_WORDS_OF_OTHER_LANGUAGES})"
_SUFFIX = r"(?:[_-]?(?:access|key|base|id|value|data|hash|prod|dev|test|live|b64|string|bedrock|v?[0-9]{1,3})){0,3}"
_NAMED = (
    rf"(?:{_PASSWORD}|secret|token|(?<=[_-])pat|credentials?|_auth|github-oauth|mnemonic|(?:php)?sess(?:ion)?_?id|sig(?:nature)?"
    r"|(?:api|access|secret|private|signing|encryption|auth|account|master|client|session|storage)[\s_-]?key)" + _SUFFIX
)
"""The end of the name of a setting whose value is a secret."""
_KEYED = (
    r"(?<!primary)(?<!foreign)(?<!partition)(?<!public)(?<!cache)(?<!sort)(?<!index)(?<!idempotency)(?<!translation)"
    r"(?<=[a-z])(?:[_-]key|[_-]salt|\.login)" + _SUFFIX
)
"""The end of the name of any other key; its value must be long."""
_QUOTE = r"(?:\\?[\"'`]|&quot;|&#39;)"
_OUR_REFERENCE = r"(?!(?:memory|keyring|encrypted|plain|env|gh)[:@])"
"""What a job stores instead of a secret: `secret:keyring:github`."""
_NO_PLACEHOLDER = r"(?![$*%&<{-]|your[_-]|x{4}|[\w-]{0,12}\.\.\.)"
_BARE = (
    _NUMBER_OF_JSON
    + _OUR_REFERENCE
    + _NO_PLACEHOLDER
    + r"(?=[^\s\"'`<>(){}\[\],;|\\]{0,64}[0-9])[^\s\"'`<>(){}\[\],;|\\&]{6,2000}+(?![(\[{])"
)
"""A value without quotes. It has a digit, so that words and calls such as `token = next(tokens)` stay."""
_QUOTED = (
    rf"{_NO_PLACEHOLDER}(?:(?=[^\s\"'`\\]{{0,64}}[0-9!#%+/=]|\w{{2,30}}-\w{{2,30}}-)(?:[^\s\"'`\\<>&]|&(?!quot;|#39;)){{4,2000}}+"
    rf"|(?=[^\"'`\\\n]{{0,64}}[0-9])[^\"'`\\<>\n]{{10,80}}+)(?={_QUOTE})"
)
_LONG = r"(?=[A-Za-z_+/=-]{0,64}[0-9])(?=[0-9_+/=-]{0,64}[A-Za-z])[^\s\"'`<>(){}\[\],;\\]{20,2000}+"
"""A value behind a name that ordinary values have too."""
_LINE = r"(?:\n|\\n)[\s>+|*-]{0,20}"
_SIGN = (
    rf"(?:{_QUOTE}|\*\*)?\s{{0,3}}(?:=>|->|:=|={{1,2}}|[:：](?!:)(?:\s?[A-Za-z.]{{2,20}}\s?=)?)\s{{0,3}}(?:\*\*\s{{0,2}})?"
    r"(?:base64:|(?:(?:Some|String::from|bytes|str|SecretStr|Buffer\.from|Encoding\.UTF8\.GetBytes)\(){1,2})?"
)
"""What joins a name and its value in a setting."""
_BESIDE = (
    rf"(?::-|[:=]\s?[|>][+-]?\s{{0,2}}{_LINE}|{_QUOTE}?,?\s{{0,4}}(?:{_LINE})?{_QUOTE}?value{_QUOTE}?\s?[:=]\s{{0,3}}"
    rf"|\t{{1,3}}|(?:{_QUOTE})?\s{{0,3}}\|\s{{0,3}})"
)
"""What joins them in a shell's default, a YAML block, a list of names and values, a table."""
_BEFORE_QUOTE = (
    rf"(?:{_QUOTE}\s{{0,2}},\s{{0,2}}|{_QUOTE}?\)?\s{{0,2}}(?:\|\||\?\?|or)\s{{0,2}}|\s(?:was\s)?"
    rf"|{_QUOTE}\s?\{{(?:{_LINE}[^\n]{{0,80}}){{0,3}}?{_LINE}default\s{{0,3}}=\s{{0,3}}"
    rf"|{_QUOTE}\s?:\s?\{{(?:{_LINE})?\s{{0,8}}{_QUOTE}[\w.-]{{1,60}}{_QUOTE}\s?:\s?)"
)
"""What joins them before a value in quotes: in a call, an alternative, a sentence, Terraform."""
_HUMAN = (
    r"(?=[A-Za-z@$][A-Za-z0-9@$]{2,39}[0-9])(?![A-Za-z]{0,12}(?:hmac|sha|rsa|aes|curve|ed|pbkdf|argon|utf|iso|rfc|oauth|base|python|node|java|issue|version|sprint"
    r"|port)-?[0-9])(?=[^\s|]{8,40})[A-Za-z@$][A-Za-z0-9@$]{2,30}(?:[0-9]{3,8}[!#$%*?+&]?|[0-9]{1,8}[!#$%*?+&])(?![\w/.-])"
)
"""A password as people make them: a word, then digits."""
_RANDOM = (
    r"(?=[^\s]{0,40}[0-9])(?=[^\s]{0,40}[A-Z])(?=[^\s]{0,40}[a-z])(?![A-Za-z0-9_-]{0,40}[0-9a-f]{40})"
    r"[A-Za-z0-9+/_-]{24,2000}+={0,2}(?![\w./])"
)
"""A token as machines make them."""
_ARGUMENT = r"[^\s\"'`\\,;{}\[\]]"
"""A character of an argument without quotes; what closes a value of JSON is none."""
_UPPER_CASE = (
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


def _token(name: str, hints: tuple[str, ...], expression: str) -> Pattern:
    """A token with a known prefix; it must start at a word boundary."""
    return Pattern(name, hints, rf"(?<![A-Za-z0-9])(?:{expression})")


_PASSWORD_HINTS = (
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


def _words(name: str, hints: tuple[str, ...], kept: str, value: str) -> Pattern:
    """A rule that keeps what stands before the value, whatever the letter case."""
    return Pattern(name, hints, rf"(?i)({kept}){value}")


PATTERNS: tuple[Pattern, ...] = (
    Pattern(
        "private key",
        ("private key",),
        # A truncated block ends with its last line of base64. `\n` may be written as two characters, as in JSON; each line may
        # be quoted, added in a diff, or a row of a table.
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:\\[nr]|[A-Za-z0-9+/=:,.\s>|*#-]|[\"']\s?[+.]?\n\s{0,20}[\"'])*?"
        r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|(?![A-Za-z0-9+/=:,.\s>|*#-]|\\[nr]|[\"']\s?[+.]?\n)|\Z)",
    ),
    *(_token(hint, (hint,), expression) for hint, expression in PREFIXED),
    Pattern(
        "hook",
        ("hooks.slack.com", "/api/webhooks/", "webhook.office.com"),
        r"(?i)(https://(?:hooks\.slack\.com/(?:services|workflows|triggers)|(?:\w{1,20}\.)?discord(?:app)?\.com/api/webhooks"
        r"|[\w-]{1,60}\.webhook\.office\.com)/)[\w/@.-]{20,400}+",
    ),
    Pattern(
        "secret in an address",
        ("api.telegram.org/bot", "infura.io/v3/", "alchemy.com/v2/"),
        r"(?i)((?:api\.telegram\.org/bot|infura\.io/v3/|alchemy\.com/v2/))[\w:-]{20,100}+",
    ),
    Pattern(
        "bearer", ("bearer",), rf"(?i)\b(bearer[\s:=]{{1,4}}[\"']?){_LIKELY}(?:%[0-9A-Fa-f]{{2}}[\w%.-]{{0,500}})?"
    ),
    _words(
        "header",
        ("authorization", "key", "token", "secret"),
        rf"\b(?:authorization|(?:x-)?[a-z-]{{0,30}}[-](?:key|token|secret|api))(?:{_QUOTE})?\s{{0,4}}[:=,]\s{{0,4}}(?:b?{_QUOTE})?"
        r"(?:(?:basic|bearer|token|ssws|apikey|key|digest|bot)[\s=]{1,4})?",
        _LIKELY,
    ),
    Pattern(
        "cookie", ("cookie",), r"(?i)\b((?:set-)?cookie:\s{0,3})(?=[^\n\"'\\]{0,400}=[^;\s\"'\\]{8})[^\n\"'\\]{8,4000}+"
    ),
    Pattern(
        "password in a URL",
        ("://",),
        (
            r"(?i)(?:\b(https?://)[^\s/?#@\"'<>\\]{1,300}"
            r"|\b([a-z][a-z0-9+.-]{0,20}://[^\s/?#:\"'<>\\]{0,100}:)(?!\$)[^\s/?@\"'<>\\]{1,300})(?=@)"
        ),
    ),
    Pattern(
        "secret in a query",
        ("?", "&"),
        rf"(?i)([?&;](?:{_QUERY_NAMES}|code(?==[^&#\s]{{30}}))=)[^&#\s\"'<>\\;]{{3,2000}}+",
    ),
    _words("quoted value", _PASSWORD_HINTS, rf"{_NAMED}{_SIGN}[a-z]?{_QUOTE}", _QUOTED),
    _words("quoted value", _PASSWORD_HINTS, rf"{_NAMED}{_BEFORE_QUOTE}{_QUOTE}", _QUOTED),
    _words("bare value", _PASSWORD_HINTS, rf"{_NAMED}(?:{_SIGN}|{_BESIDE}{_QUOTE}?)", _BARE),
    _words("long value", ("key", "salt", "login"), rf"{_KEYED}(?:{_SIGN}|{_BESIDE}|{_BEFORE_QUOTE}){_QUOTE}?", _LONG),
    Pattern(
        "environment variable",
        ("pass", "pwd", "secret", "token", "key", "pat", "dsn"),
        r"((?<![A-Za-z0-9_])[A-Z0-9_]{0,40}(?:PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|TOKEN|_KEY|_PAT)(?!_(?:COUNT|MIN|MAX|LEN|URL|FILE"
        r"|PATH|NAME|TYPE|EXP|TTL|HEADER|FIELD|POLICY|LIMIT|REQUIRED|ENABLED))(?:_[A-Z0-9]{1,15}){0,3}+=)"
        + _UPPER_CASE,
    ),
    Pattern(
        "environment variable",
        ("env ", "arg ", "set"),
        r"((?<![\w-])(?:ENV|ARG|setx|set -g?x|export)\s{1,3}[A-Z0-9_]{0,40}(?:PASSWORD|PASSPHRASE|PWD|SECRET|TOKEN|_KEY|_PAT)"
        rf"[A-Z0-9_]{{0,20}}\s{{1,3}}{_QUOTE}?)" + _BARE,
    ),
    _words(
        "option",
        ("-",),
        rf"(?<![\w-])--?(?:[a-z][a-z0-9]{{0,15}}[_-]){{0,2}}{_NAMED}[\w-]{{0,20}}[\s=]{{1,3}}(?:{_QUOTE})?",
        _BARE,
    ),
    *(
        _words("option", (program,), rf"\b{expression}{_QUOTE}?", rf"(?![$<-]){_ARGUMENT}{{3,200}}+")
        for program, expression in OPTIONS
    ),
    _words(
        "sentence",
        _PASSWORD_HINTS,
        rf"{_NAMED}(?:\s(?:for|of|to|in|the|\w{{1,12}})){{0,5}}?\s(?:is|was|lautet|ist|es|est)[\s:]{{1,2}}{_QUOTE}?",
        rf"(?![0-9.,-]{{1,20}}\W)(?:{_BARE}|\w{{2,30}}-\w{{2,30}}-[\w-]{{2,60}}+)",
    ),
    _words(
        "sentence",
        _PASSWORD_HINTS,
        r"\b(?:token|password|secret|api[\s_-]?key)\s",
        r"(?=[A-Za-z_-]{0,30}[0-9])(?=[0-9_-]{0,30}[A-Za-z])[\w-]{24,200}+",
    ),
    _words(
        "sentence",
        _PASSWORD_HINTS,
        rf"(?:{_PASSWORD}|credentials?|\bcreds|\blogin|account|sign in)[^\0|]{{0,60}}?(?<![\w/.-])",
        _HUMAN,
    ),
    *(
        _words(
            "table",
            ("pass", "secret", "token", "key"),
            rf"\|[^\n|]{{0,30}}(?:{_PASSWORD}|secret|token|api.?key)[^\n|]{{0,20}}\|[^\n]{{0,200}}\n[\s>|:-]{{3,200}}\n"
            rf"(?:[^\n]{{0,400}}\n){{{row}}}[^\n]{{0,200}}?\|\s{{0,3}}`?",
            rf"(?:{_HUMAN}|{_RANDOM})",
        )
        for row in range(4)
    ),
    Pattern(
        "sentence",
        ("key", "token", "secret"),
        rf"((?i:(?<![a-z])(?:access|secret|session)?[\s_-]?(?:key|token|secret)s?\b)(?:->|[\s:(>`\"']){{1,10}}){_RANDOM}",
    ),
    _words(
        "heading",
        ("#",),
        r"#\s[^\n]{0,30}(?:secret|token|key|password)s?\s{0,3}\n{1,3}```\w{0,10}\n",
        r"[^\s`]{12,2000}+",
    ),
    _words("npm", ("_auth",), r"_authToken[\s=]{1,3}", r"[\w.-]{16,200}+"),
    _words(
        "PowerShell", ("securestring",), r"ConvertTo-SecureString\s{1,3}(?:-String\s{1,3})?[\"']", r"[^\"'\n$]{4,200}+"
    ),
    Pattern("JDBC", ("jdbc:oracle",), r"(?i)(jdbc:oracle:\w{1,8}:[\w.$-]{1,60}/)[^\s@\"']{3,100}(?=@)"),
    _words(
        "sentence",
        ("cred", "login"),
        rf"\b(?:credentials?|creds|login)\b[^\n:]{{0,40}}:\s{{1,3}}{_QUOTE}?[\w.@-]{{1,40}}{_QUOTE}?\s?/\s?{_QUOTE}?",
        _BARE,
    ),
    Pattern("PIN", ("pin",), r"(\bPIN\b[^\n0-9]{1,40})[0-9]{4,10}(?!\.?[0-9])"),
    _words(
        "seed",
        ("mnemonic", "phrase"),
        r"\b(?:mnemonic|(?:seed|recovery|backup)[\s_-]?phrase)[\s:=\"'`(]{1,5}",
        r"(?:[a-z]{3,8}[\s,]{1,2}){11,23}[a-z]{3,8}",
    ),
    _words(
        "unseal key",
        ("unseal", "recovery", "root token"),
        r"\b(?:unseal key|recovery key|root token)[^\n:]{0,10}:\s{1,5}",
        r"[A-Za-z0-9+/=._-]{20,100}+",
    ),
    Pattern(
        "PuTTY key",
        ("private-lines",),
        r"(Private-Lines: [0-9]{1,3})(?:(?:\n|\\n)[\s>+|]{0,6}[A-Za-z0-9+/=]{4,80}){1,200}",
    ),
    Pattern(
        "Kubernetes secret",
        ("kind: secret",),
        r"(kind: Secret\b[^\0]{0,600}?(?:\n|\\n)[\s>+|]{0,4}(?:stringData|data):)"
        r"(?:(?:\n|\\n)[\s>+|]{1,12}[\w.-]{1,80}: [^\n\\]{1,8000}){1,50}",
    ),
    Pattern("JSON web key", ('"kty',), r"(\\?\"(?:d|p|q|dp|dq|qi|k)\\?\"\s?:\s?\\?\")[A-Za-z0-9_-]{20,2000}+"),
    Pattern("docker config", ('"auth',), r"(\\?\"auth\\?\"\s?:\s?\\?\")[A-Za-z0-9+/=]{12,2000}+"),
    _words(
        "pair",
        ("auth",),
        rf"(?:\bauth\s?=\s?\(|basic_?auth\()\s{{0,3}}{_QUOTE}[^\"'\n\\]{{1,80}}{_QUOTE}\s{{0,3}},\s{{0,3}}{_QUOTE}",
        r"[^\"'\n\\]{4,200}+(?=\\?[\"'])",
    ),
    Pattern(
        "pipe",
        ("echo",),
        r"(?i)(\becho\s{1,3}(?:-n\s)?[\"']?)(?!\$)[^\s\"'$|]{4,200}+"
        r"(?=[\"']?\s{0,3}\|\s{0,3}(?:sudo -S|passwd|chpasswd|[^\n|]{1,80}--password-stdin))",
    ),
    _words("plan", ("secret_string",), rf"\bsecret_string\s{{0,3}}[=:]\s{{0,3}}{_QUOTE}", _QUOTED),
    _words(
        "SQL", ("identified by", "password '"), r"(?:identified\s{1,3}by|password)\s{1,3}'", r"[^'\"\n\\]{4,200}+(?=')"
    ),
    _words(
        "XML", ("</",), r"<[\w:.-]{0,30}(?:password|passwd|secret|token|api-?key)[\w.-]{0,10}>", r"[^<\s]{4,500}+(?=<)"
    ),
    _words("XML", ("value=",), rf"{_NAMED}{_QUOTE}\s{{1,3}}value={_QUOTE}", r"[^\"'\s\\]{4,500}+"),
    _words("call", ("pass",), rf"password\(\s{{0,3}}{_QUOTE}", r"[^\"'\n\\]{4,200}+(?=\\?[\"'])"),
    _words(
        "netrc",
        ("login",),
        rf"\blogin\s{{1,3}}{_ARGUMENT}{{1,100}}\s{{1,3}}password\s{{1,3}}",
        rf"{_ARGUMENT}{{3,200}}+",
    ),
    _words(
        "pgpass",
        (":",),
        r"(?<![\w.:/-])[\w.*-]{1,100}:[0-9]{4,5}:[\w*-]{1,60}:[\w.*-]{1,60}:",
        rf"{_ARGUMENT}{{3,200}}+",
    ),
)
