"""`devtrail-tui auth`: log in to GitHub and Claude, show logins, log out. A secret is typed or piped, never an argument."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from devtrail_tui.actions import secrets
from devtrail_tui.cli.output import json_option, print_result, report
from devtrail_tui.cli.session import opened, prepared
from devtrail_tui.core.errors import UsageError

if TYPE_CHECKING:
    from devtrail_tui.actions import Services


@click.group(short_help="Log in to GitHub and Claude, show logins, log out.")
def auth() -> None:
    """The GitHub token and the Claude key. They are looked up in this order: environment, system keyring (or its
    replacement), `gh auth token`."""


def _service_argument(command: Any) -> Any:
    return click.argument("service", type=click.Choice(tuple(secrets.SECRETS)))(command)


@auth.command()
@_service_argument
@click.argument("extra", nargs=-1, metavar="")
@click.option("--with-token", is_flag=True, help="Read the token or key from stdin.")
@json_option
def login(*, service: str, extra: tuple[str, ...], with_token: bool, as_json: bool) -> int:
    """Ask for the GitHub token or the Claude key, verify it with one free call, and store it: in the system keyring, or
    encrypted in the database if DEVTRAIL_SECRET_KEY_FILE names a key."""
    if extra:
        raise UsageError(
            "A token or key must not be an argument: the shell's history and process lists would show it. Type it when asked, "
            "or pipe it in with --with-token. Revoke the one that was an argument now."
        )
    with opened() as services:
        secret = _from_stdin(service) if with_token else _from_terminal(services, service)
        outcome = secrets.use_gh(services) if secret is None else secrets.log_in(services, service, secret)
        return report(outcome, as_json=as_json)


@auth.command()
@click.option("--offline", is_flag=True, help="Do not contact GitHub or Claude.")
@json_option
def status(*, offline: bool, as_json: bool) -> int:
    """Show which token and key are used, where they are stored, and whether they work. The check is free; no secret is
    printed. The exit code is 0 if a GitHub token exists and works."""
    with opened() as services:
        states = secrets.secret_states(services, offline=offline)
    details = {service: state.to_json() for service, state in states.items()}
    print_result(details, [state.sentence for state in states.values()], as_json=as_json)
    return states["github"].exit_code


@auth.command()
@_service_argument
@click.option("--from-backups", is_flag=True, help="Delete it, encrypted, from the backups of the database too.")
@json_option
def logout(*, service: str, from_backups: bool, as_json: bool) -> int:
    """Delete what `auth login` stored. The environment and `gh` are not changed."""
    with opened() as services:
        return report(secrets.log_out(services, service, from_backups=from_backups), as_json=as_json)


@auth.command("new-key")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def new_key(*, file: Path, as_json: bool) -> int:
    """Create a key for machines without a keyring, in a new FILE that only you can read. FILE must not be in the data
    folder: use another disk, best a removable one."""
    with prepared() as services:
        return report(secrets.make_key_file(services, file), as_json=as_json)


def _from_stdin(service: str) -> str:
    if sys.stdin.isatty():
        label = secrets.label(service)
        raise UsageError(f"--with-token reads the {label} from stdin; pipe it in, or omit --with-token to be asked.")
    return secrets.check_secret(service, sys.stdin.buffer.read(secrets.SECRET_BYTES + 1))


def _from_terminal(services: Services, service: str) -> str | None:
    """The typed secret; None if the person chooses the login of `gh`."""
    label = secrets.label(service)
    if not sys.stdin.isatty():
        raise UsageError(f"There is no terminal for input; pipe the {label} in with --with-token.")
    offer = "gh is logged in on this machine. Use its token and store none?"
    if secrets.gh_has_token(services, service) and click.confirm(offer, default=True, err=True):
        return None
    typed = click.prompt(f"{label} (not shown)", hide_input=True, err=True)
    return secrets.check_secret(service, str(typed).encode("utf-8", "surrogateescape"))
