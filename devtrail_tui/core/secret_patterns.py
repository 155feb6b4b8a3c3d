"""Patterns of well-known secrets, for values that the program was not told.

Sources: GitHub, "Token types"; the gitleaks and detect-secrets rule sets for the others; RFC 6750 and 7617 for the headers; RFC
3986, section 3.2.1, for user information in a URL. False negatives are preferred to masked ordinary text: a value without a
known prefix must contain a digit or be long. All repetitions are bounded or possessive, so that the time grows with the length of
the text only.
"""

from __future__ import annotations

from devtrail_tui.core.secret_options import OPTIONS
from devtrail_tui.core.secret_prefixes import PREFIXED
from devtrail_tui.core.secret_shapes import (
    ARGUMENT,
    BARE,
    BEFORE_QUOTE,
    BESIDE,
    HUMAN,
    KEYED,
    LIKELY,
    LONG,
    NAMED,
    PASSWORD,
    PASSWORD_HINTS,
    QUERY_NAMES,
    QUOTE,
    QUOTED,
    RANDOM,
    SIGN,
    UPPER_CASE,
    Pattern,
    prefixed_token,
    words_before,
)

SECRET_VARIABLES = (
    *("GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"),
    *("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "DEVTRAIL_SECRET_KEY"),
)
"""Environment variables whose values are secrets."""

PATTERNS: tuple[Pattern, ...] = (
    Pattern(
        "private key",
        ("private key",),
        # A truncated block ends with its last line of base64. `\n` may be written as two characters, as in JSON; each line may
        # be quoted, added in a diff, or a row of a table.
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:\\[nr]|[A-Za-z0-9+/=:,.\s>|*#-]|[\"']\s?[+.]?\n\s{0,20}[\"'])*?"
        r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|(?![A-Za-z0-9+/=:,.\s>|*#-]|\\[nr]|[\"']\s?[+.]?\n)|\Z)",
    ),
    *(prefixed_token(hint, (hint,), expression) for hint, expression in PREFIXED),
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
    Pattern("bearer", ("bearer",), rf"(?i)\b(bearer[\s:=]{{1,4}}[\"']?){LIKELY}(?:%[0-9A-Fa-f]{{2}}[\w%.-]{{0,500}})?"),
    words_before(
        "header",
        ("authorization", "key", "token", "secret"),
        rf"\b(?:authorization|(?:x-)?[a-z-]{{0,30}}[-](?:key|token|secret|api))(?:{QUOTE})?\s{{0,4}}[:=,]\s{{0,4}}(?:b?{QUOTE})?"
        r"(?:(?:basic|bearer|token|ssws|apikey|key|digest|bot)[\s=]{1,4})?",
        LIKELY,
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
        rf"(?i)([?&;](?:{QUERY_NAMES}|code(?==[^&#\s]{{30}}))=)[^&#\s\"'<>\\;]{{3,2000}}+",
    ),
    words_before("quoted value", PASSWORD_HINTS, rf"{NAMED}{SIGN}[a-z]?{QUOTE}", QUOTED),
    words_before("quoted value", PASSWORD_HINTS, rf"{NAMED}{BEFORE_QUOTE}{QUOTE}", QUOTED),
    words_before("bare value", PASSWORD_HINTS, rf"{NAMED}(?:{SIGN}|{BESIDE}{QUOTE}?)", BARE),
    words_before("long value", ("key", "salt", "login"), rf"{KEYED}(?:{SIGN}|{BESIDE}|{BEFORE_QUOTE}){QUOTE}?", LONG),
    Pattern(
        "environment variable",
        ("pass", "pwd", "secret", "token", "key", "pat", "dsn"),
        r"((?<![A-Za-z0-9_])[A-Z0-9_]{0,40}(?:PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|TOKEN|_KEY|_PAT)(?!_(?:COUNT|MIN|MAX|LEN|URL|FILE"
        r"|PATH|NAME|TYPE|EXP|TTL|HEADER|FIELD|POLICY|LIMIT|REQUIRED|ENABLED))(?:_[A-Z0-9]{1,15}){0,3}+=)" + UPPER_CASE,
    ),
    Pattern(
        "environment variable",
        ("env ", "arg ", "set"),
        r"((?<![\w-])(?:ENV|ARG|setx|set -g?x|export)\s{1,3}[A-Z0-9_]{0,40}(?:PASSWORD|PASSPHRASE|PWD|SECRET|TOKEN|_KEY|_PAT)"
        rf"[A-Z0-9_]{{0,20}}\s{{1,3}}{QUOTE}?)" + BARE,
    ),
    words_before(
        "option",
        ("-",),
        rf"(?<![\w-])--?(?:[a-z][a-z0-9]{{0,15}}[_-]){{0,2}}{NAMED}[\w-]{{0,20}}[\s=]{{1,3}}(?:{QUOTE})?",
        BARE,
    ),
    *(
        words_before("option", (program,), rf"\b{expression}{QUOTE}?", rf"(?![$<-]){ARGUMENT}{{3,200}}+")
        for program, expression in OPTIONS
    ),
    words_before(
        "sentence",
        PASSWORD_HINTS,
        rf"{NAMED}(?:\s(?:for|of|to|in|the|\w{{1,12}})){{0,5}}?\s(?:is|was|lautet|ist|es|est)[\s:]{{1,2}}{QUOTE}?",
        rf"(?![0-9.,-]{{1,20}}\W)(?:{BARE}|\w{{2,30}}-\w{{2,30}}-[\w-]{{2,60}}+)",
    ),
    words_before(
        "sentence",
        PASSWORD_HINTS,
        r"\b(?:token|password|secret|api[\s_-]?key)\s",
        r"(?=[A-Za-z_-]{0,30}[0-9])(?=[0-9_-]{0,30}[A-Za-z])[\w-]{24,200}+",
    ),
    words_before(
        "sentence",
        PASSWORD_HINTS,
        rf"(?:{PASSWORD}|credentials?|\bcreds|\blogin|account|sign in)[^\0|]{{0,60}}?(?<![\w/.-])",
        HUMAN,
    ),
    *(
        words_before(
            "table",
            ("pass", "secret", "token", "key"),
            rf"\|[^\n|]{{0,30}}(?:{PASSWORD}|secret|token|api.?key)[^\n|]{{0,20}}\|[^\n]{{0,200}}\n[\s>|:-]{{3,200}}\n"
            rf"(?:[^\n]{{0,400}}\n){{{row}}}[^\n]{{0,200}}?\|\s{{0,3}}`?",
            rf"(?:{HUMAN}|{RANDOM})",
        )
        for row in range(4)
    ),
    Pattern(
        "sentence",
        ("key", "token", "secret"),
        rf"((?i:(?<![a-z])(?:access|secret|session)?[\s_-]?(?:key|token|secret)s?\b)(?:->|[\s:(>`\"']){{1,10}}){RANDOM}",
    ),
    words_before(
        "heading",
        ("#",),
        r"#\s[^\n]{0,30}(?:secret|token|key|password)s?\s{0,3}\n{1,3}```\w{0,10}\n",
        r"[^\s`]{12,2000}+",
    ),
    words_before("npm", ("_auth",), r"_authToken[\s=]{1,3}", r"[\w.-]{16,200}+"),
    words_before(
        "PowerShell", ("securestring",), r"ConvertTo-SecureString\s{1,3}(?:-String\s{1,3})?[\"']", r"[^\"'\n$]{4,200}+"
    ),
    Pattern("JDBC", ("jdbc:oracle",), r"(?i)(jdbc:oracle:\w{1,8}:[\w.$-]{1,60}/)[^\s@\"']{3,100}(?=@)"),
    words_before(
        "sentence",
        ("cred", "login"),
        rf"\b(?:credentials?|creds|login)\b[^\n:]{{0,40}}:\s{{1,3}}{QUOTE}?[\w.@-]{{1,40}}{QUOTE}?\s?/\s?{QUOTE}?",
        BARE,
    ),
    Pattern("PIN", ("pin",), r"(\bPIN\b[^\n0-9]{1,40})[0-9]{4,10}(?!\.?[0-9])"),
    words_before(
        "seed",
        ("mnemonic", "phrase"),
        r"\b(?:mnemonic|(?:seed|recovery|backup)[\s_-]?phrase)[\s:=\"'`(]{1,5}",
        r"(?:[a-z]{3,8}[\s,]{1,2}){11,23}[a-z]{3,8}",
    ),
    words_before(
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
    words_before(
        "pair",
        ("auth",),
        rf"(?:\bauth\s?=\s?\(|basic_?auth\()\s{{0,3}}{QUOTE}[^\"'\n\\]{{1,80}}{QUOTE}\s{{0,3}},\s{{0,3}}{QUOTE}",
        r"[^\"'\n\\]{4,200}+(?=\\?[\"'])",
    ),
    Pattern(
        "pipe",
        ("echo",),
        r"(?i)(\becho\s{1,3}(?:-n\s)?[\"']?)(?!\$)[^\s\"'$|]{4,200}+"
        r"(?=[\"']?\s{0,3}\|\s{0,3}(?:sudo -S|passwd|chpasswd|[^\n|]{1,80}--password-stdin))",
    ),
    words_before("plan", ("secret_string",), rf"\bsecret_string\s{{0,3}}[=:]\s{{0,3}}{QUOTE}", QUOTED),
    words_before(
        "SQL", ("identified by", "password '"), r"(?:identified\s{1,3}by|password)\s{1,3}'", r"[^'\"\n\\]{4,200}+(?=')"
    ),
    words_before(
        "XML", ("</",), r"<[\w:.-]{0,30}(?:password|passwd|secret|token|api-?key)[\w.-]{0,10}>", r"[^<\s]{4,500}+(?=<)"
    ),
    words_before("XML", ("value=",), rf"{NAMED}{QUOTE}\s{{1,3}}value={QUOTE}", r"[^\"'\s\\]{4,500}+"),
    words_before("call", ("pass",), rf"password\(\s{{0,3}}{QUOTE}", r"[^\"'\n\\]{4,200}+(?=\\?[\"'])"),
    words_before(
        "netrc",
        ("login",),
        rf"\blogin\s{{1,3}}{ARGUMENT}{{1,100}}\s{{1,3}}password\s{{1,3}}",
        rf"{ARGUMENT}{{3,200}}+",
    ),
    words_before(
        "pgpass",
        (":",),
        r"(?<![\w.:/-])[\w.*-]{1,100}:[0-9]{4,5}:[\w*-]{1,60}:[\w.*-]{1,60}:",
        rf"{ARGUMENT}{{3,200}}+",
    ),
)
