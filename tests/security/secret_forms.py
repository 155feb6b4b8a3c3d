"""Usual forms in which secrets stand in pull requests, logs and configuration, with made-up secrets.

A form is a template with one place `{}` for the secret. The secrets are generated, so that no scanner takes them for real ones.
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Mapping
from urllib.parse import quote

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + string.digits

Make = Callable[[random.Random], str]


def chars(length: int, alphabet: str = ALNUM, prefix: str = "") -> Make:
    return lambda chance: prefix + "".join(chance.choices(alphabet, k=length))


def password(chance: random.Random) -> str:
    word, end = chance.choice(("Tulip", "otter", "Granite", "velvet")), chance.choice(("x9", "Kd", "q7"))
    return f"{word}{chance.randint(10, 99)}{chance.choice('!#%_-')}{end}"


def filled(template: str, *makers: Make) -> Make:
    """A secret of several parts, each in its place `{}`."""
    return lambda chance: template.format(*(make(chance) for make in makers))


def digits(length: int) -> Make:
    return chars(length, string.digits)


def uuid(chance: random.Random) -> str:
    return "-".join("".join(chance.choices(HEX, k=length)) for length in (8, 4, 4, 4, 12))


def jwt(chance: random.Random) -> str:
    def part(data: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

    signature = "".join(chance.choices(ALNUM + "_-", k=43))
    return f"{part({'alg': 'HS256'})}.{part({'sub': chance.randint(1000, 9999), 'iat': 1})}.{signature}"


def key_block(label: str) -> Make:
    def make(chance: random.Random) -> str:
        lines = ("".join(chance.choices(ALNUM + "+/", k=64)) for _ in range(6))
        dashes = "-" * 5
        return "\n".join((f"{dashes}BEGIN {label}{dashes}", *lines, f"{dashes}END {label}{dashes}"))

    return make


PASSWORD_FORMS = (
    "password={}",
    "PASSWORD={}",
    "DB_PASSWORD={}",
    'export PGPASSWORD="{}"',
    "MYSQL_ROOT_PASSWORD: {}",
    "password: {}",
    'password: "{}"',
    "passwd: '{}'",
    "spring.datasource.password={}",
    'db_passwd = "{}"',
    '{"password": "{}"}',
    "{'pwd': '{}'}",
    '"dbPassword": "{}",',
    "<password>{}</password>",
    '<add key="AdminPassword" value="{}" />',
    "Server=db;Database=shop;User Id=sa;Password={};",
    "Driver={SQL Server};UID=sa;PWD={}",
    "mysql -u root -p{}",
    "psql postgresql://shop:{}@db.internal/shop",
    "mongodb+srv://shop:{}@cluster0.example.net/shop",
    "redis://:{}@cache:6379/0",
    "amqp://guest:{}@queue:5672",
    "https://robin:{}@git.example.com/acme/shop.git",
    "curl -u robin:{} https://example.com",
    "curl --user 'robin:{}' https://example.com",
    "sshpass -p '{}' ssh robin@host",
    "--password {}",
    "--password={}",
    "docker run -e POSTGRES_PASSWORD={} postgres",
    "machine api.example.com login robin password {}",
    "db.internal:5432:shop:robin:{}",
    "net use z: \\\\server\\share /user:robin {}",
    "ENV ADMIN_PASSWORD={}",
    "ansible_ssh_pass={}",
    "ansible_become_password: {}",
    "ALTER USER robin WITH PASSWORD '{}';",
    "CREATE USER robin IDENTIFIED BY '{}';",
    "passphrase: {}",
    "KEYSTORE_PASSPHRASE={}",
    "storePassword={}",
    'setPassword("{}")',
    "const password = '{}';",
    'String password = "{}";',
    "smtp_pass = {}",
    "The password is {}.",
)
TOKEN_FORMS = (
    "API_KEY={}",
    'api_key = "{}"',
    "apiKey: '{}',",
    "x-api-key: {}",
    "X-Auth-Token: {}",
    "PRIVATE-TOKEN: {}",
    "Authorization: Bearer {}",
    "Authorization: token {}",
    "Authorization: Basic {}",
    'curl -H "Authorization: Bearer {}" https://example.com',
    "access_token={}",
    '"access_token": "{}"',
    "refresh_token: {}",
    "client_secret={}",
    '"clientSecret": "{}"',
    "CLIENT_SECRET={}",
    "AWS_SECRET_ACCESS_KEY={}",
    "aws_secret_access_key = {}",
    "aws_session_token = {}",
    "SECRET_KEY = '{}'",
    "SECRET_KEY_BASE={}",
    "JWT_SECRET={}",
    "session_secret: {}",
    "encryption_key: {}",
    "signing-key: {}",
    "webhook_secret = {}",
    "//registry.npmjs.org/:_authToken={}",
    "_auth={}",
    "NPM_TOKEN={}",
    "CI_JOB_TOKEN={}",
    "DATADOG_API_KEY={}",
    "AccountKey={};EndpointSuffix=core.windows.net",
    "SharedAccessKeyName=root;SharedAccessKey={}",
    "https://account.blob.core.windows.net/c?sv=2024-01-01&sig={}",
    "https://api.example.com/v1/items?api_key={}&page=2",
    "https://api.example.com/v1/items?token={}",
    "https://{}@o12345.ingest.sentry.io/67",
    "token: {}",
    "--token {}",
    "--api-key={}",
    "VAULT_TOKEN={}",
    "credentials: {}",
    'TF_VAR_db_token = "{}"',
    "client-key-data: {}",
    '"private_key_id": "{}"',
    "Cookie: session={}",
    "Set-Cookie: sid={}; HttpOnly",
)
VENDOR_TOKENS: Mapping[str, Make] = {
    "github classic": chars(36, prefix="gh" + "p_"),
    "github server": chars(36, prefix="gh" + "s_"),
    "github fine-grained": chars(59, prefix="github_" + "pat_11A"),
    "gitlab": chars(20, prefix="gl" + "pat-"),
    "gitlab runner": chars(20, prefix="gl" + "rt-"),
    "gitlab trigger": chars(40, HEX, "gl" + "ptt-"),
    "anthropic": chars(93, prefix="sk-" + "ant-api03-"),
    "openai": chars(48, prefix="sk-" + "proj-a1"),
    "aws id": chars(16, string.ascii_uppercase + "234567", "AK" + "IA"),
    "google": chars(35, prefix="AI" + "za"),
    "google oauth": chars(28, prefix="GOC" + "SPX-"),
    "google refresh": chars(60, prefix="1/" + "/0"),
    "slack bot": filled("xox{}-{}-{}-{}", chars(0, prefix="b"), digits(12), digits(12), chars(24)),
    "slack app": filled("xap{}-1-A{}-{}-{}", chars(0, prefix="p"), chars(10, UPPER), digits(13), chars(64, HEX)),
    "slack hook": filled(
        "https://hooks.slack{}/services/T{}/B{}/{}",
        chars(0, prefix=".com"),
        chars(8, UPPER),
        chars(10, UPPER),
        chars(24),
    ),
    "discord hook": filled("https://discord{}/api/webhooks/{}/{}", chars(0, prefix=".com"), digits(18), chars(68)),
    "discord bot": filled("M{}.{}.{}", chars(23), chars(6), chars(38)),
    "teams hook": filled(
        "https://acme.webhook.office{}/webhookb2/{}@{}/IncomingWebhook/{}/{}",
        chars(0, prefix=".com"),
        uuid,
        uuid,
        chars(32, HEX),
        uuid,
    ),
    "telegram": filled("{}:AA{}", chars(9, "123456789"), chars(33)),
    "stripe": chars(24, prefix="sk_" + "live_"),
    "stripe test": chars(24, prefix="sk_" + "test_"),
    "stripe restricted": chars(24, prefix="rk_" + "live_"),
    "stripe hook": chars(32, prefix="whs" + "ec_"),
    "square": chars(22, prefix="sq0" + "atp-"),
    "shopify": chars(32, HEX, "shp" + "at_"),
    "twilio": chars(32, HEX, "S" + "K"),
    "sendgrid": lambda chance: f"SG.{chars(22)(chance)}.{chars(43)(chance)}",
    "mailgun": chars(32, HEX, "ke" + "y-"),
    "mailchimp": lambda chance: chars(32, HEX)(chance) + "-us14",
    "npm": chars(36, prefix="np" + "m_"),
    "pypi": chars(80, prefix="py" + "pi-AgEIcHlwaS5vcmc"),
    "rubygems": chars(48, HEX, "ruby" + "gems_"),
    "docker hub": chars(27, prefix="dckr_" + "pat_"),
    "digitalocean": chars(64, HEX, "dop" + "_v1_"),
    "heroku": lambda chance: "HRKU-" + uuid(chance),
    "hugging face": chars(34, string.ascii_letters, "h" + "f_"),
    "databricks": chars(32, HEX, "da" + "pi"),
    "linear": chars(40, prefix="lin_" + "api_"),
    "notion": chars(43, prefix="nt" + "n_"),
    "figma": chars(40, prefix="fig" + "d_"),
    "postman": lambda chance: f"PMAK-{chars(24, HEX)(chance)}-{chars(34, HEX)(chance)}",
    "new relic": chars(27, UPPER, "NR" + "AK-"),
    "grafana": lambda chance: "gl" + f"sa_{chars(32)(chance)}_{chars(8, HEX)(chance)}",
    "sentry": lambda chance: "sntr" + f"ys_{chars(60)(chance)}",
    "vault": chars(90, prefix="hv" + "s."),
    "terraform": lambda chance: f"{chars(14)(chance)}.atlasv1.{chars(64)(chance)}",
    "planetscale": chars(43, prefix="pscale_" + "tkn_"),
    "supabase": chars(40, HEX, "sb" + "p_"),
    "doppler": chars(43, prefix="dp." + "pt."),
    "atlassian": chars(180, prefix="ATATT" + "3xFfGF0"),
    "airtable": lambda chance: f"pat{chars(14)(chance)}.{chars(64, HEX)(chance)}",
    "age": chars(58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", "AGE-SECRET-" + "KEY-1"),
    "jwt": jwt,
    "azure": lambda chance: chars(3)(chance) + "7Q~" + chars(33)(chance),
}
BLOCKS: Mapping[str, Make] = {
    kind: key_block(f"{kind} KEY{' BLOCK' if kind.startswith('PGP') else ''}".strip())
    for kind in ("RSA PRIVATE", "EC PRIVATE", "PRIVATE", "OPENSSH PRIVATE", "PGP PRIVATE", "ENCRYPTED PRIVATE")
}


def all_forms(seed: int = 1) -> dict[str, tuple[str, str]]:
    """By name: the text of a form, and the secret in it."""
    chance = random.Random(seed)
    forms: dict[str, tuple[str, str]] = {}
    for template in PASSWORD_FORMS:
        secret = password(chance)
        forms[template] = template.replace("{}", secret), secret
    makers = (chars(40), chars(32, HEX), chars(24), lambda chance: base64.b64encode(chance.randbytes(30)).decode())
    for template in TOKEN_FORMS:
        secret = chance.choice(makers)(chance)
        forms[template] = template.replace("{}", secret), secret
    for name, make in {**VENDOR_TOKENS, **BLOCKS}.items():
        secret = make(chance)
        forms[name] = f"It was {secret} until today.", secret
    return forms


ENCODINGS: Mapping[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "hexadecimal": lambda text: text.encode().hex(),
    "percent": lambda text: quote(text, safe=""),
    "JSON": lambda text: json.dumps({"text": text}),
    "quoted": lambda text: "".join(f"> {line}\n" for line in text.splitlines()),
    "diff": lambda text: "@@ -1,2 +1,3 @@\n" + "".join(f"+{line}\n" for line in text.splitlines()),
    "table": lambda text: "| name | text |\n|---|---|\n" + "".join(f"| x | {line} |\n" for line in text.splitlines()),
}
LONGEST_LEFT = 7
"""A secret of which more characters in a row remain is not masked; what is shorter is part of its prefix."""


def remains(secret: str, masked: str, encode: Callable[[str], str]) -> bool:
    """Whether a part of the secret, without its published prefix, is still in the masked text."""
    body = secret if "\n" not in secret else "\n".join(secret.splitlines()[1:-1])
    windows = {line[-size:] for line in body.splitlines() for size in (min(len(line), 12),)}
    windows |= {
        line[len(line) // 2 :][: LONGEST_LEFT + 1] for line in body.splitlines() if len(line) > 2 * LONGEST_LEFT
    }
    encoded = encode("x")
    if encoded == "78":  # hexadecimal
        windows = {window.encode().hex() for window in windows}
    elif encode("%") == "%25":
        windows = {quote(window, safe="") for window in windows}
    elif encoded.startswith("{"):
        windows = {json.dumps(window)[1:-1] for window in windows}
    return any(window in masked for window in windows)
