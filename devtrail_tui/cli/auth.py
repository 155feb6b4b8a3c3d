"""`devtrail-tui auth`: log in to GitHub and Claude, see what is used, log out. A secret is typed or piped, never an argument."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from devtrail_tui.cli.output import json_option, narrate, print_json, say
from devtrail_tui.cli.session import opened
from devtrail_tui.cli.verify import Verified, verify
from devtrail_tui.core.errors import DevTrailError, NotPossible, SecretMissing, UsageError
from devtrail_tui.services import Services, new_secret_key, write_private
from devtrail_tui.settings import load_settings

_MOST_BYTES = 10_000
"""No token is longer; whatever is, is a file that was piped by mistake."""


@dataclass(frozen=True, slots=True)
class Service:
    """What a person logs in to: the secret's name, what to call it, how a login reads."""

    secret: str
    title: str
    noun: str


SERVICES = {"github": Service("github", "GitHub", "token"), "claude": Service("anthropic", "Claude", "key")}


@click.group(short_help="Log in to GitHub and Claude, see what is used, log out.")
def auth() -> None:
    """Where the GitHub token and the Claude key come from. In this order: the environment, the system's keyring (or what
    stands in for one), `gh auth token`."""


def _service_argument(command: Any) -> Any:
    return click.argument("service", type=click.Choice(tuple(SERVICES)))(command)


@auth.command()
@_service_argument
@click.argument("extra", nargs=-1, metavar="")
@click.option("--with-token", is_flag=True, help="Read the token or key from stdin.")
@json_option
def login(*, service: str, extra: tuple[str, ...], with_token: bool, as_json: bool) -> int:
    """Ask for the GitHub token or the Claude key, prove it with one free call, and keep it: in the system's keyring, or encrypted
    in the database where DEVTRAIL_SECRET_KEY_FILE names a key."""
    if extra:
        raise UsageError(
            "A token or key is never an argument: the shell's history and every process list would show it. Leave it out and "
            "type it when asked, or pipe it in with --with-token. One that stood here should be revoked."
        )
    wanted = SERVICES[service]
    with opened() as services:
        value = _from_stdin(wanted) if with_token else _asked_for(services, wanted)
        if value is None:
            return _use_gh(services, as_json=as_json)
        services.secrets.redact.learn(value)
        proved = asyncio.run(verify(services, wanted.secret, value))
        kept = services.secrets.log_in(wanted.secret, value)
        first = services.secrets.find(wanted.secret)
        if as_json:
            print_json({"service": service, "where": kept.where, **proved.as_json()})
        else:
            say(f"{wanted.title}: {proved.words}. Kept in: {kept.where}.")
        if kept.where.startswith("unencrypted"):
            narrate(
                "It is NOT encrypted there: whoever reads this disk or a backup of it has it. plain_secrets asked for that."
            )
        if first is not None and first.reference != kept.reference:
            narrate(f"But {first.where} comes first here and is what will be used.")
    return 0


@auth.command()
@click.option("--offline", is_flag=True, help="Ask neither GitHub nor Claude.")
@json_option
def status(*, offline: bool, as_json: bool) -> int:
    """Say which token and key are used, where they are, and whether they work. Asking is free; no secret is printed. The exit
    code is 0 where a GitHub token is there and works."""
    with opened() as services:
        states = [_state(services, name, offline=offline) for name in SERVICES]
    if as_json:
        print_json({name: state.as_json() for name, state in zip(SERVICES, states, strict=True)})
    else:
        for name, state in zip(SERVICES, states, strict=True):
            say(f"{SERVICES[name].title}: {state.words}")
    return states[0].exit_code


@auth.command()
@_service_argument
@json_option
def logout(*, service: str, as_json: bool) -> int:
    """Forget what `auth login` kept. The environment and `gh` are left as they are."""
    wanted = SERVICES[service]
    with opened() as services:
        gone = services.secrets.log_out(wanted.secret)
        left = services.secrets.find(wanted.secret)
    if as_json:
        print_json({"service": service, "removedFrom": gone, "stillFound": left.where if left else None})
    else:
        say(f"Forgotten: {', '.join(gone)}." if gone else f"No {wanted.title} {wanted.noun} was kept.")
        if left is not None:
            narrate(f"One is still found: {left.where}.")
    return 0


@auth.command("new-key")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def new_key(*, file: Path, as_json: bool) -> int:
    """Make a key for machines without a keyring, in a new FILE that only you can read. It may not lie beside the data: best on
    another disk or a removable one."""
    services = Services(load_settings(os.environ), environ=os.environ)
    path = file.expanduser().absolute()
    if refusal := services.secret_key.refusal_of_place(path):
        raise UsageError(refusal)
    if path.exists() or path.is_symlink():
        raise UsageError(f"{path} exists; a key that is replaced opens nothing any more. Name a new file.")
    try:
        write_private(path, new_secret_key() + "\n")
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}).") from None
    if as_json:
        print_json({"file": str(path)})
    else:
        say(f"A new key is in {path}. Name it from now on: export DEVTRAIL_SECRET_KEY_FILE={path}")
    return 0


def _from_stdin(wanted: Service) -> str:
    if sys.stdin.isatty():
        raise UsageError(
            f"--with-token reads the {wanted.noun} from stdin; pipe it in, or leave --with-token out to be asked."
        )
    return _checked(sys.stdin.buffer.read(_MOST_BYTES + 1), wanted)


def _asked_for(services: Services, wanted: Service) -> str | None:
    """What the person typed; None where they take the login of `gh` instead."""
    if not sys.stdin.isatty():
        raise UsageError(f"There is no terminal to ask in; pipe the {wanted.noun} in with --with-token.")
    offer = "gh is logged in on this machine. Use its token, and keep none here?"
    is_github = wanted.secret == "github"  # noqa: S105 - the secret's name
    if is_github and services.secrets.gh_login() and click.confirm(offer, default=True, err=True):
        return None
    typed = click.prompt(f"{wanted.title} {wanted.noun} (not shown)", hide_input=True, err=True)
    return _checked(str(typed).encode("utf-8", "surrogateescape"), wanted)


def _checked(data: bytes, wanted: Service) -> str:
    """Raises UsageError, which does not repeat what was typed."""
    try:
        value = data.decode("ascii").strip()
    except UnicodeDecodeError:
        value = ""
    if not value or len(value) > _MOST_BYTES or not all("!" <= character <= "~" for character in value):
        raise UsageError(f"That is no {wanted.title} {wanted.noun}: it is one word without spaces. Copy it again.")
    return value


def _use_gh(services: Services, *, as_json: bool) -> int:
    found = services.secrets.gh_login()
    if found is None:
        raise NotPossible("gh gives its token no more; log in with: gh auth login")
    value = services.secrets.resolve("github", found.reference)
    proved = asyncio.run(verify(services, "github", value))
    if as_json:
        print_json({"service": "github", "where": found.where, **proved.as_json()})
    else:
        say(f"GitHub: {proved.words}. Taken from gh each time it is needed; nothing is kept here.")
    return 0


@dataclass(frozen=True, slots=True)
class _State:
    words: str
    where: str | None = None
    also: tuple[str, ...] = ()
    verified: Verified | None = None
    problem: str = ""
    exit_code: int = 0

    def as_json(self) -> dict[str, Any]:
        proved = self.verified.as_json() if self.verified else {}
        return {
            "found": self.where is not None,
            "where": self.where,
            "also": list(self.also),
            **proved,
            "problem": self.problem,
        }


def _state(services: Services, name: str, *, offline: bool) -> _State:
    secret = SERVICES[name].secret
    try:
        value = services.secrets.resolve(secret, "")
    except SecretMissing as error:
        return _State(str(error), problem=str(error), exit_code=error.exit_code)
    found = services.secrets.find_all(secret)
    first, also = found[0].where, tuple(each.where for each in found[1:])
    tail = f" Also found: {', '.join(also)}." if also else ""
    if offline:
        return _State(f"found in: {first}.{tail}", first, also)
    try:
        proved = asyncio.run(verify(services, secret, value))
    except DevTrailError as error:
        return _State(
            f"found in: {first}, but: {error}{tail}", first, also, problem=str(error), exit_code=error.exit_code
        )
    return _State(f"{proved.words}. Found in: {first}.{tail}", first, also, proved)
