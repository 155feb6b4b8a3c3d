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
_PASSWORD = r"(?:passw(?:or)?d|passphrase|(?<![a-z])pass|pwd)"  # noqa: S105 - a name, no password
_NAMED = (
    rf"(?:{_PASSWORD}|secret|token|credentials?|_auth|sig(?:nature)?"
    r"|(?:api|access|secret|private|signing|encryption|auth|account|master|client|session|storage)[_-]?key)"
    r"(?:[_-]?(?:access|key|base|id|value|data|hash|prod|dev|test|live|[0-9]{1,3})){0,3}"
)
"""The end of the name of a setting whose value is a secret."""
_QUOTE = r"\\?[\"'`]"
_OUR_REFERENCE = r"(?!(?:memory|keyring|encrypted|plain|env|gh)[:@])"
"""What a job stores instead of a secret: `secret:keyring:github`."""
_BARE = (
    _NUMBER_OF_JSON
    + _OUR_REFERENCE
    + r"(?=[^\s\"'`<>(){}\[\],;|\\]{0,64}[0-9])(?![$*%&-])[^\s\"'`<>(){}\[\],;|\\]{6,2000}+(?![(\[{])"
)
"""A value without quotes. It has a digit, so that words and calls such as `token = next(tokens)` stay."""
_QUOTED = rf"(?=[^\s\"'`\\]{{0,64}}[0-9!#%+/=])[^\s\"'`\\${{}}<>]{{4,2000}}+(?={_QUOTE})"
_ARGUMENT = r"[^\s\"'`\\,;{}\[\]]"
"""A character of an argument without quotes; what closes a value of JSON is none."""
_UPPER_CASE = r"[^\s\"'`<>(){}\[\],;|\\$*%]{6,2000}+(?![(\[{])"
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


_PREFIXED = (  # hint and expression of tokens with a published prefix
    *((f"gh{kind}_", rf"gh{kind}_[A-Za-z0-9_]{{16,255}}+") for kind in "pousr"),
    ("github_pat_", r"github_pat_[A-Za-z0-9_]{16,255}+"),
    ("gl", r"gl(?:pat|rt|ptt|cbt|dt|ft|soat|agent|imt|ffct)-[A-Za-z0-9_.-]{16,300}+"),
    ("glsa_", r"glsa_[A-Za-z0-9_]{20,100}+"),
    ("sk-", r"sk-(?:ant|proj|svcacct|admin|or-v1|lf)-[A-Za-z0-9_-]{8,300}+"),
    ("sk-", r"sk-(?=[A-Za-z_-]{0,30}[0-9])[A-Za-z0-9_-]{20,300}+"),
    ("a", r"A(?:KI|SI|BI|CC|GP|ID|NP|NV|RO)A[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("aiza", r"AIza[A-Za-z0-9_-]{30,60}+"),
    ("gocspx-", r"GOCSPX-[A-Za-z0-9_-]{20,60}+"),
    ("ya29.", r"ya29\.[A-Za-z0-9_-]{20,400}+"),
    ("1//0", r"1//0[A-Za-z0-9_-]{40,150}+"),
    ("xox", r"xox[abeoprs]-[A-Za-z0-9-]{10,300}+"),
    ("xapp-", r"xapp-[0-9]-[A-Za-z0-9-]{20,300}+"),
    ("_live_", r"[rs]k_live_[A-Za-z0-9]{16,250}+"),
    ("_test_", r"[rs]k_test_[A-Za-z0-9]{16,250}+"),
    ("whsec_", r"whsec_[A-Za-z0-9+/=]{16,100}+"),
    ("sq0", r"sq0[a-z]{3}-[A-Za-z0-9_-]{20,60}+"),
    ("shp", r"shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{30,40}+"),
    ("sk", r"SK[0-9a-f]{32}(?![A-Za-z0-9])"),
    ("sg.", r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{30,60}+"),
    ("key-", r"key-[0-9a-f]{32}(?![A-Za-z0-9])"),
    ("-us", r"[0-9a-f]{32}-us[0-9]{1,2}(?![A-Za-z0-9])"),
    ("npm_", r"npm_[A-Za-z0-9]{30,60}+"),
    ("pypi-", r"pypi-[A-Za-z0-9_-]{50,300}+"),
    ("rubygems_", r"rubygems_[A-Fa-f0-9]{40,60}+"),
    ("dckr_", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,60}+"),
    ("do", r"do[oprt]_v1_[a-f0-9]{40,80}+"),
    ("hrku-", r"HRKU-[A-Za-z0-9_-]{30,80}+"),
    ("hf_", r"hf_[A-Za-z0-9]{30,60}+"),
    ("dapi", r"dapi[a-f0-9]{32}(?:-[0-9])?"),
    ("lin_", r"lin_(?:api|oauth)_[A-Za-z0-9]{30,80}+"),
    ("ntn_", r"ntn_[A-Za-z0-9]{30,60}+"),
    ("figd_", r"figd_[A-Za-z0-9_-]{30,60}+"),
    ("pmak-", r"PMAK-[A-Fa-f0-9]{24}-[A-Fa-f0-9]{30,40}+"),
    ("nrak-", r"NRAK-[A-Z0-9]{20,40}+"),
    ("sntry", r"sntry[su]_[A-Za-z0-9+/=_-]{40,300}+"),
    ("hv", r"hv[bsr]\.[A-Za-z0-9_-]{20,300}+"),
    (".atlasv1.", r"[A-Za-z0-9]{10,20}\.atlasv1\.[A-Za-z0-9_-]{40,100}+"),
    ("pscale_", r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.-]{30,80}+"),
    ("sb", r"sb(?:p|_secret)_[A-Za-z0-9_-]{30,60}+"),
    ("dp.", r"dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9]{30,60}+"),
    ("at", r"AT(?:ATT3x|CTT3x|BB)[A-Za-z0-9_=-]{20,300}+"),
    ("pat", r"pat[A-Za-z0-9]{14}\.[a-f0-9]{60,70}+"),
    ("age-secret-key-", r"AGE-SECRET-KEY-1[A-Za-z0-9]{50,70}+"),
    ("q~", r"[A-Za-z0-9]{3}[0-9]Q~[A-Za-z0-9_.~-]{30,40}+"),
    (":aa", r"[0-9]{8,10}:AA[A-Za-z0-9_-]{32,34}+"),
    (".", r"[MNO][A-Za-z0-9_-]{22,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}+"),
    ("eyj", r"eyJ[A-Za-z0-9_-]{10,500}\.eyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{0,1000}+"),
)
_PASSWORD_HINTS = ("pass", "pwd", "secret", "token", "credential", "key", "auth", "sig")


def _words(name: str, hints: tuple[str, ...], kept: str, value: str) -> Pattern:
    """A rule that keeps what stands before the value, whatever the letter case."""
    return Pattern(name, hints, rf"(?i)({kept}){value}")


PATTERNS: tuple[Pattern, ...] = (
    Pattern(
        "private key",
        ("private key",),
        # A truncated block ends with its last line of base64. `\n` may be written as two characters, as in JSON; each line may
        # be quoted, added in a diff, or a row of a table.
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:\\[nr]|[A-Za-z0-9+/=:,.\s>|*#-])*?"
        r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|(?![A-Za-z0-9+/=:,.\s>|*#-]|\\[nr])|\Z)",
    ),
    *(_token(hint, (hint,), expression) for hint, expression in _PREFIXED),
    Pattern(
        "hook",
        ("hooks.slack.com", "/api/webhooks/", "webhook.office.com"),
        r"(?i)(https://(?:hooks\.slack\.com/(?:services|workflows|triggers)|(?:\w{1,20}\.)?discord(?:app)?\.com/api/webhooks"
        r"|[\w-]{1,60}\.webhook\.office\.com)/)[\w/@.-]{20,400}+",
    ),
    Pattern("bearer", ("bearer",), rf"(?i)\b(bearer[\s:=]{{1,4}}[\"']?){_LIKELY}"),
    Pattern(
        "header",
        ("authorization", "x-api-key", "private-token"),
        (
            r"(?i)\b((?:authorization|x-api-key|private-token)(?:\\?[\"'])?\s{0,4}[:=,]\s{0,4}(?:b?\\?[\"'])?"
            rf"(?:(?:basic|bearer|token)\s{{1,4}})?){_LIKELY}"
        ),
    ),
    Pattern("cookie", ("cookie",), r"(?i)\b((?:set-)?cookie:\s{0,3}[\w.-]{1,40}=)[^;\s\"'\\]{8,2000}+"),
    Pattern(
        "password in a URL",
        ("://",),
        (
            r"(?i)(?:\b(https?://)[^\s/?#@\"'<>\\]{1,300}"
            r"|\b([a-z][a-z0-9+.-]{0,20}://[^\s/?#@:\"'<>\\]{0,100}:)[^\s/?@\"'<>\\]{1,300})(?=@)"
        ),
    ),
    Pattern(
        "secret in a query",
        ("?", "&"),
        rf"(?i)([?&;](?:{_QUERY_NAMES})=)[^&#\s\"'<>\\;]{{3,2000}}+",
    ),
    _words(
        "quoted value", _PASSWORD_HINTS, rf"{_NAMED}(?:{_QUOTE})?\s{{0,3}}(?:=>|:=|=|:)\s{{0,3}}[a-z]?{_QUOTE}", _QUOTED
    ),
    _words("bare value", _PASSWORD_HINTS, rf"{_NAMED}(?:{_QUOTE})?\s{{0,3}}(?:=>|:=|=|:)\s{{0,3}}", _BARE),
    Pattern(
        "environment variable",
        ("pass", "pwd", "secret", "token", "key"),
        rf"((?<![A-Za-z0-9_])[A-Z0-9_]{{0,40}}(?:PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|TOKEN|API_KEY|SECRET_KEY)=){_UPPER_CASE}",
    ),
    _words(
        "option",
        ("-",),
        rf"(?<![\w-])--?(?:[a-z][a-z0-9]{{0,15}}[_-]){{0,2}}{_NAMED}[\w-]{{0,20}}[\s=]{{1,3}}(?:{_QUOTE})?",
        _BARE,
    ),
    _words("option", ("mysql",), r"\bmysql(?:dump|admin)?\s[^\n;&|]{0,200}?\s-p", rf"{_ARGUMENT}{{4,200}}+"),
    _words("option", ("sshpass",), r"\bsshpass\s{1,3}-p\s{0,3}[\"']?", rf"{_ARGUMENT}{{3,200}}+"),
    _words(
        "option",
        ("curl", "wget", "http "),
        r"\b(?:curl|wget|http)\s(?:[^\n;|]{0,200}?\s)?(?:-u|--user)[\s=]{1,3}[\"']?[^\s:\"']{1,64}:",
        rf"{_ARGUMENT}{{3,200}}+",
    ),
    _words("option", ("/user:",), r"/user:[\w.@-]{1,64}\s{1,3}", rf"{_ARGUMENT}{{4,200}}+"),
    _words("sentence", ("pass",), rf"\b{_PASSWORD}\s(?:is|was)\s{_QUOTE}?", _BARE),
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
