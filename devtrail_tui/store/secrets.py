"""Where secrets are found. A job holds a reference such as `secret:env:GITHUB_TOKEN`, never a value.

Order of the standard sources: environment, the system's keyring, the `gh` program's own login. A value that a person typed and
that is in none of them stays in this program's memory, and only this process may run the job.
"""

from __future__ import annotations

import secrets as randomness
import shutil
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from devtrail_tui.core.errors import SecretMissing, UsageError
from devtrail_tui.core.text import safe_line

PREFIX = "secret:"
KEYRING_SERVICE = "devtrail-tui"

_ENVIRONMENT: Mapping[str, tuple[str, ...]] = {
    "github": ("GITHUB_TOKEN", "GH_TOKEN"),
    "anthropic": ("ANTHROPIC_API_KEY",),
}
_NEXT_STEP: Mapping[str, str] = {
    "github": "Set GITHUB_TOKEN, or log in with `gh auth login`",
    "anthropic": "Set ANTHROPIC_API_KEY",
}
_LABEL: Mapping[str, str] = {"github": "GitHub token", "anthropic": "Claude key"}


@dataclass(frozen=True, slots=True)
class FoundSecret:
    """A secret that a source holds. `where` is for people; `reference` is what a job stores. The value is asked for apart."""

    name: str
    where: str
    reference: str


class Keyring(Protocol):
    """The part of the `keyring` package that is used."""

    def get_password(self, service: str, name: str) -> str | None: ...


class Secrets:
    """Finds secrets by name ("github", "anthropic") and resolves references. Every call may start a program or ask the
    keyring, so none belongs on a UI thread. What a source said is remembered for this process; `forget` asks anew."""

    def __init__(
        self, environ: Mapping[str, str], *, github_host: str = "github.com", keyring: Keyring | None = None
    ) -> None:
        self._environ = environ
        self._github_host = github_host
        self._keyring = keyring
        self._memory: dict[str, str] = {}
        self._asked: dict[str, str | None] = {}
        self._lock = threading.Lock()

    def find(self, name: str) -> FoundSecret | None:
        """The first standard source that holds the secret."""
        for reference, where in self._sources(name):
            if self._look(reference):
                return FoundSecret(name, where, PREFIX + reference)
        return None

    def resolve(self, name: str, reference: str) -> str:
        """The value behind a stored reference; an empty one means the standard sources.

        Raises SecretMissing with a sentence that says what to do.
        """
        if not reference:
            found = self.find(name)
            reference = found.reference if found else ""
        source = reference.removeprefix(PREFIX)
        if source and not source.startswith("memory:") and source not in dict(self._sources(name)):
            raise UsageError(f"“{safe_line(reference, limit=60)}” is no place for the {_LABEL[name]}.")
        value = self._look(source) if source else None
        if not value:
            raise SecretMissing(self._missing(name, reference), name=name)
        return value

    def keep(self, name: str, value: str) -> str:
        """A reference to a value that a person gave: its standard source if that holds the very same, else this memory."""
        for reference, _where in self._sources(name):
            if self._look(reference) == value:
                return PREFIX + reference
        handle = f"memory:{randomness.token_hex(8)}"
        with self._lock:
            self._memory[handle] = value
        return PREFIX + handle

    def in_use(self) -> frozenset[str]:
        """Every value seen so far, for whoever must keep them out of a text."""
        named = (variable for variables in _ENVIRONMENT.values() for variable in variables)
        environment = [self._environ.get(variable) for variable in named]
        with self._lock:
            return frozenset(filter(None, (*environment, *self._memory.values(), *self._asked.values())))

    def forget(self) -> None:
        """Ask the sources anew next time; what was typed stays."""
        with self._lock:
            self._asked.clear()

    def _sources(self, name: str) -> list[tuple[str, str]]:
        if name not in _ENVIRONMENT:
            raise UsageError(f"There is no secret called {safe_line(name, limit=40)}.")
        found = [(f"env:{variable}", f"environment ({variable})") for variable in _ENVIRONMENT[name]]
        found.append((f"keyring:{name}", "system keyring"))
        if name == "github":
            found.append((f"gh:{self._github_host}", "gh auth token"))
        return found

    def _look(self, reference: str) -> str | None:
        kind, _, rest = reference.partition(":")
        if kind == "env":
            return self._environ.get(rest) or None
        with self._lock:
            if kind == "memory":
                return self._memory.get(reference)
            if reference in self._asked:
                return self._asked[reference]
        value = self._from_gh(rest) if kind == "gh" else self._from_keyring(rest)
        with self._lock:
            self._asked[reference] = value
        return value

    def _from_gh(self, host: str) -> str | None:
        program = shutil.which("gh", path=self._environ.get("PATH"))
        if program is None:
            return None
        try:
            done = subprocess.run(  # noqa: S603 - the person's own gh, with a fixed argument list
                [program, "auth", "token", "--hostname", host],
                capture_output=True,
                text=True,
                timeout=5,
                check=False,
                stdin=subprocess.DEVNULL,
                env=dict(self._environ),
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() or None if done.returncode == 0 else None

    def _from_keyring(self, name: str) -> str | None:
        from keyring.errors import KeyringError

        if self._keyring is None:
            import keyring

            self._keyring = keyring
        try:
            return self._keyring.get_password(KEYRING_SERVICE, name) or None
        except (KeyringError, OSError, RuntimeError):  # RuntimeError: a desktop bus that is not there
            return None

    def _missing(self, name: str, reference: str) -> str:
        label, step = _LABEL[name], _NEXT_STEP[name]
        kind, _, rest = reference.removeprefix(PREFIX).partition(":")
        if kind == "memory":
            return f"The {label} was typed into a program that has ended. {step}, then start the job anew."
        if kind == "env":
            return f"The {label} was in the variable {rest}, which is not set here. Set it and start again."
        if kind:
            return f"The {label} is no longer found ({kind}). {step}."
        return f"No {label} was found. {step}."
