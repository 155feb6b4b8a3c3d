"""The GitHub token and the Claude key: log in, show, log out, create a key file. Secrets are verified with a free call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from devtrail_tui.actions import Outcome
from devtrail_tui.core.errors import DevTrailError, NotPossible, TemporaryError, UsageError
from devtrail_tui.core.pull_request_source import GITHUB
from devtrail_tui.core.typed_paths import typed_path
from devtrail_tui.core.wording import count_of
from devtrail_tui.store.private_files import write_private
from devtrail_tui.store.secrets import LABEL

if TYPE_CHECKING:
    from devtrail_tui.actions import Services

SECRET_BYTES = 10_000
"""Maximum length of a token; longer input is a file piped by mistake."""
ANSWER_TIMEOUT_S = 20.0
"""Time limit for a service's answer; rate limits are not waited out here."""
_UNENCRYPTED = (
    "It is NOT encrypted there: anyone who reads this disk or a backup of it can use it (plain_secrets is on)."
)

SECRETS = {"github": "github", "claude": "anthropic"}
"""The secret's name for each service with a login."""


def label(service: str) -> str:
    """The display name of a service's secret: "GitHub token"."""
    return LABEL[SECRETS[service]]


def _title(name: str) -> str:
    return LABEL[name].partition(" ")[0]


def describe_scopes(names: Sequence[str]) -> str:
    """The scopes of a GitHub token, and what a missing scope hides."""
    reach = "" if "repo" in names or not names else "; without repo it sees public repositories only"
    return f"scopes: {', '.join(names) or 'a fine-grained token, which lists none'}{reach}"


def check_secret(service: str, typed: bytes) -> str:
    """A token or key without surrounding white space. Raises UsageError, which does not repeat it."""
    try:
        secret = typed.decode("ascii").strip()
    except UnicodeDecodeError:
        secret = ""
    if not secret or len(secret) > SECRET_BYTES or not all("!" <= character <= "~" for character in secret):
        raise UsageError(f"This is not a {label(service)}: it must be one word without spaces. Copy it again.")
    return secret


def missing_secrets(services: Services) -> list[str]:
    """For each secret that is not found, what to do, a line each."""
    lines = {
        "github": "✗ No GitHub token. Set GITHUB_TOKEN, or: devtrail-tui auth login github",
        "anthropic": "○ No Claude key. Set ANTHROPIC_API_KEY, or: devtrail-tui auth login claude",
    }
    return [line for name, line in lines.items() if services.secrets.find(name) is None]


def gh_has_token(services: Services, service: str) -> bool:
    """Whether `gh` is logged in on this machine and has a token for the service."""
    return service == "github" and services.secrets.gh_login() is not None


def log_in(services: Services, service: str, secret: str) -> Outcome:
    """Verify a token or key and store it. Raises AuthenticationError, PermanentError, TemporaryError, NotPossible."""
    name = SECRETS[service]
    services.secrets.redact.learn(secret)
    proof = asyncio.run(verify(services, name, secret))
    stored = services.secrets.log_in(name, secret)
    used = services.secrets.find(name)
    notices = [_UNENCRYPTED] if stored.where.startswith("unencrypted") else []
    if used is not None and used.reference != stored.reference:
        notices.append(f"But {used.where} takes precedence and will be used.")
    return Outcome(
        f"{_title(name)}: {proof.sentence}. Stored in: {stored.where}.",
        {"service": service, "where": stored.where, **proof.details},
        tuple(notices),
    )


def use_gh(services: Services) -> Outcome:
    """Verify the token of `gh`, without storing it. Raises NotPossible, and as `log_in`."""
    source = services.secrets.gh_login()
    if source is None:
        raise NotPossible("gh no longer returns a token; log in with: gh auth login")
    proof = asyncio.run(verify(services, "github", services.secrets.resolve("github", source.reference)))
    return Outcome(
        f"GitHub: {proof.sentence}. The token is read from gh when needed and not stored.",
        {"service": "github", "where": source.where, **proof.details},
    )


def secret_states(services: Services, *, offline: bool) -> dict[str, Outcome]:
    """By service: where its secret is found, the source in use first, and whether it works; `offline` skips the check."""
    return {service: _secret_state(services, name, offline=offline) for service, name in SECRETS.items()}


def _secret_state(services: Services, name: str, *, offline: bool) -> Outcome:
    found_in, proof, problem, exit_code = [], Outcome(""), "", 0
    try:
        secret = services.secrets.resolve(name, "")
        found_in = [source.where for source in services.secrets.find_all(name)]
        if not offline:
            proof = asyncio.run(verify(services, name, secret))
    except DevTrailError as error:
        problem, exit_code = str(error), error.exit_code
    sentence = problem
    if found_in:
        state = f"{proof.sentence}. Found in" if proof.sentence else "found in"
        sentence = f"{state}: {found_in[0]}{f', but: {problem}' if problem else '.'}"
        sentence += f" Also found: {', '.join(found_in[1:])}." if found_in[1:] else ""
    details = {
        "found": bool(found_in),
        "where": found_in[0] if found_in else None,
        "also": found_in[1:],
        **proof.details,
    }
    return Outcome(f"{_title(name)}: {sentence}", {**details, "problem": problem}, exit_code=exit_code)


def log_out(services: Services, service: str, *, from_backups: bool = False) -> Outcome:
    """Delete what a login stored, `from_backups` there too; the environment and `gh` are not changed. Raises StoreError."""
    name = SECRETS[service]
    removed = services.secrets.log_out(name)
    if from_backups and (count := services.maintenance.forget_secret_in_backups(name)):
        removed = [*removed, count_of(count, "backup")]
    holding = len(services.maintenance.backups_with_secret(name))
    still = services.secrets.find(name)
    return Outcome(
        f"Deleted from: {', '.join(removed)}." if removed else f"No {LABEL[name]} was stored.",
        {"service": service, "removedFrom": removed, "stillFound": still.where if still else None},
        (
            *([f"A {LABEL[name]} from another source is still in use: {still.where}."] if still else ()),
            *(
                [f"{count_of(holding, 'backup')} of the database still hold it, encrypted; add --from-backups."]
                * bool(holding)
            ),
        ),
    )


def make_key_file(services: Services, path: Path) -> Outcome:
    """Write a new encryption key for secrets to a new file, readable by its owner only. Raises UsageError."""
    from devtrail_tui.store.encrypted_secrets import new_key

    path = typed_path(path).absolute()
    if refusal := services.secret_key.refusal_of_place(path):
        raise UsageError(refusal)
    if path.exists() or path.is_symlink():
        raise UsageError(f"{path} exists; replacing a key makes its secrets unreadable. Name a new file.")
    try:
        write_private(path, new_key() + "\n")
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}).") from None
    sentence = f"A new key is in {path}. Set: export DEVTRAIL_SECRET_KEY_FILE={path}"
    return Outcome(sentence, {"file": str(path)})


async def verify(services: Services, name: str, secret: str | None = None) -> Outcome:
    """Verify this secret (None: the one that jobs use) with one free call; returns what the service reports about it. Raises
    SecretMissing, AuthenticationError, PermanentError, TemporaryError."""
    clients, scope = services.clients, services.clients.outside_jobs(secret)
    if name == "anthropic":
        model = services.settings.model
        async with answer_timeout("Claude"), aclosing(await clients.analyser(scope, model=model)) as claude:
            await claude.check()
        return Outcome(f"the key is valid for {model}", {"model": model})
    async with answer_timeout("GitHub"), aclosing(await clients.source(GITHUB, scope)) as github:
        account = await github.account()
    sentence = f"logged in as {account.login}, {describe_scopes(account.scopes)}"
    return Outcome(sentence, {"login": account.login, "scopes": list(account.scopes)})


@asynccontextmanager
async def answer_timeout(service: str) -> AsyncIterator[None]:
    """Limit the block to ANSWER_TIMEOUT_S. Raises TemporaryError."""
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            yield
    except TimeoutError:
        raise TemporaryError(f"{service} did not answer within {ANSWER_TIMEOUT_S:.0f} s; try again later.") from None
