"""Finds secrets. A job stores a reference such as `secret:env:GITHUB_TOKEN`, never a value.

Order of the standard sources: environment, system keyring and its replacements (encrypted rows under a key stored elsewhere; a
plain file, only if the settings allow it), the login of `gh`. A keyring replacement comes before `gh`, because a person stored
the secret for this program. A typed value that is in none of them stays in this program's memory, and only this process may run
the job.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from devtrail_tui.core.errors import NotPossible, SecretMissing, UsageError
from devtrail_tui.core.redaction import Redactor
from devtrail_tui.core.secret_patterns import SECRET_VARIABLES
from devtrail_tui.core.text import safe_line
from devtrail_tui.store.encrypted_secrets import KEY_FILE_VARIABLE, KEY_VARIABLE, EncryptedTable
from devtrail_tui.store.secret_places import Keyring, SecretPlace, SystemKeyring

PREFIX = "secret:"
MEMORY = "memory:"
"""The start, after the prefix, of a reference to a value that only this process holds."""
REMEMBERED_S = 60.0
"""How long a value from a source is cached."""
ABSENT_S = 2.0
"""How long a missing value is cached; short, because a person may be logging in elsewhere."""

_ENVIRONMENT: Mapping[str, tuple[str, ...]] = {
    "github": ("GITHUB_TOKEN", "GH_TOKEN"),
    "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
}
_ENTERPRISE_SERVER = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
"""Read first for an Enterprise Server, as `gh` does."""
_OWN_HOST: Mapping[str, str] = {"github": "github.com", "anthropic": "api.anthropic.com"}
_NEXT_STEP: Mapping[str, str] = {
    "github": "Set GITHUB_TOKEN, or log in with `gh auth login` or `devtrail-tui auth login github`",
    "anthropic": "Set ANTHROPIC_API_KEY, or log in with `devtrail-tui auth login claude`",
}
LABEL: Mapping[str, str] = {"github": "GitHub token", "anthropic": "Claude key"}


@dataclass(frozen=True, slots=True)
class FoundSecret:
    """A secret in a source. `where` is the display name; a job stores `reference`. The value is read separately."""

    name: str
    where: str
    reference: str


class Secrets:
    """Finds secrets by name ("github", "anthropic") and resolves references. Every call may start a program or ask the keyring:
    call it off the UI thread. Values are cached for a minute; `forget` clears the cache.

    `github_host` and `claude_host` are the hosts in use; secrets of other hosts are ignored. `places` are the replacements of a
    keyring, in order. `redact` learns every value that is read.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        github_host: str = "github.com",
        claude_host: str = "api.anthropic.com",
        keyring: Keyring | None = None,
        places: Sequence[SecretPlace] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._environ = environ
        self._hosts = {"github": github_host, "anthropic": claude_host}
        self.keyring = SystemKeyring(keyring)
        self.places: tuple[SecretPlace, ...] = (self.keyring, *places)
        self._memory: dict[str, str] = {}
        self._asked: dict[str, tuple[str | None, float]] = {}
        self._lock = threading.Lock()
        self._monotonic = monotonic
        self.redact = Redactor(filter(None, (environ.get(variable) for variable in SECRET_VARIABLES)))

    def find(self, name: str) -> FoundSecret | None:
        """The first standard source that has the secret."""
        return next(self._held(name), None)

    def find_all(self, name: str) -> list[FoundSecret]:
        """All standard sources that have it, the one in use first."""
        return list(self._held(name))

    def gh_login(self) -> FoundSecret | None:
        """The token of `gh auth token` for the host in use."""
        reference = f"gh:{self._hosts['github']}"
        return FoundSecret("github", "gh auth token", PREFIX + reference) if self._look(reference) else None

    def resolve(self, name: str, reference: str) -> str:
        """The value behind a stored reference; an empty one means the standard sources.

        Raises SecretMissing with a sentence that says what to do.
        """
        if not reference:
            source_found = self.find(name)
            reference = source_found.reference if source_found else ""
        source = reference.removeprefix(PREFIX)
        if source and not source.startswith(MEMORY) and source not in self._possible(name):
            raise UsageError(f"“{safe_line(reference, limit=60)}” is not a reference to a {LABEL[name]}.")
        secret = self._look(source) if source else None
        if not secret:
            raise SecretMissing(self._missing(name, reference), name=name)
        return secret

    def keep(self, name: str, value: str) -> str:
        """A reference to a given value: its standard source if that has the same value, otherwise this program's memory."""
        self.redact.learn(value)
        for reference, _where in self._sources(name):
            if self._look(reference) == value:
                return PREFIX + reference
        with self._lock:
            for handle, typed in self._memory.items():
                if typed == value:
                    return PREFIX + handle
            handle = f"{MEMORY}{os.urandom(8).hex()}"
            self._memory[handle] = value
        return PREFIX + handle

    def log_in(self, name: str, value: str) -> FoundSecret:
        """Store a value for later runs in the first usable store: keyring, encrypted rows, plain file.

        Raises NotPossible if there is none, with what to do.
        """
        self.redact.learn(value)
        entry = self._entry(name)
        reasons = []
        for store in self.places:
            if problem := store.problem():
                reasons.append(problem)
                continue
            store.keep(entry, value)
            self.forget()
            return FoundSecret(name, store.where, f"{PREFIX}{store.kind}:{entry}")
        variable = self._variables(name)[0]
        raise NotPossible(
            f"The {LABEL[name]} was not stored. {' '.join(reasons)} Create a key for encrypted storage (devtrail-tui auth "
            f"new-key FILE) and set {KEY_FILE_VARIABLE}, or set {variable} each time; plain_secrets = true in config.toml "
            "would store it unencrypted."
        )

    def log_out(self, name: str) -> list[str]:
        """Delete the value from all stores; returns their names. Raises NotPossible."""
        entry = self._entry(name)
        gone = [store.where for store in self.places if store.remove(entry)]
        self.forget()
        return gone

    def locked(self, name: str) -> str:
        """The sentence about an encrypted value that cannot be decrypted now; empty if there is none."""
        for store in self.places:
            if isinstance(store, EncryptedTable) and store.locked(self._entry(name)):
                return f"The {LABEL[name]} is stored encrypted and cannot be decrypted. {self._key_step(store)}"
        return ""

    def forget(self) -> None:
        """Clear the cache of the sources; typed values stay."""
        with self._lock:
            self._asked.clear()

    def _entry(self, name: str) -> str:
        self._check_name(name)
        host = self._hosts[name]
        return name if host == _OWN_HOST[name] else f"{name}@{host}"

    def _variables(self, name: str) -> tuple[str, ...]:
        host = self._hosts[name]
        server = name == "github" and host != _OWN_HOST[name] and not host.endswith(".ghe.com")
        return (*(_ENTERPRISE_SERVER if server else ()), *_ENVIRONMENT[name])

    @staticmethod
    def _check_name(name: str) -> None:
        if name not in _ENVIRONMENT:
            raise UsageError(f"There is no secret called {safe_line(name, limit=40)}.")

    def _held(self, name: str) -> Iterator[FoundSecret]:
        for reference, where in self._sources(name):
            if self._look(reference):
                yield FoundSecret(name, where, PREFIX + reference)

    def _sources(self, name: str) -> list[tuple[str, str]]:
        entry = self._entry(name)
        sources = [(f"env:{variable}", f"environment ({variable})") for variable in self._variables(name)]
        sources += [(f"{store.kind}:{entry}", store.where) for store in self.places]
        if name == "github":
            sources.append((f"gh:{self._hosts[name]}", "gh auth token"))
        return sources

    def _possible(self, name: str) -> set[str]:
        """References that a job of this or an earlier run may have."""
        stored = {f"{kind}:{self._entry(name)}" for kind in ("keyring", "encrypted", "plain")}
        return {reference for reference, _ in self._sources(name)} | stored

    def _look(self, reference: str) -> str | None:
        kind, _, name = reference.partition(":")
        if kind == "env":
            secret = self._environ.get(name) or None
            self.redact.learn(secret)
            return secret
        now = self._monotonic()
        with self._lock:
            if kind == "memory":
                return self._memory.get(reference)
            cached, until = self._asked.get(reference, (None, now))
            if now < until:
                return cached
        secret = self._from_gh(name) if kind == "gh" else self._from_place(kind, name)
        self.redact.learn(secret)
        with self._lock:
            self._asked[reference] = (secret, now + (REMEMBERED_S if secret else ABSENT_S))
        return secret

    def _from_place(self, kind: str, entry: str) -> str | None:
        return next((store.read(entry) for store in self.places if store.kind == kind), None)

    def _from_gh(self, host: str) -> str | None:
        program = shutil.which("gh", path=self._environ.get("PATH"))
        if program is None:
            return None
        try:
            process = subprocess.run(  # noqa: S603 - the person's own gh, with a fixed argument list
                [program, "auth", "token", "--hostname", host],
                capture_output=True,
                text=True,
                timeout=5,
                check=False,
                stdin=subprocess.DEVNULL,
                env={name: variable for name, variable in self._environ.items() if name not in SECRET_VARIABLES},
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return process.stdout.strip() or None if process.returncode == 0 else None

    def _missing(self, name: str, reference: str) -> str:
        label, step = LABEL[name], _NEXT_STEP[name]
        kind, _, variable = reference.removeprefix(PREFIX).partition(":")
        if kind == "memory":
            return f"The {label} was typed into a program that has ended. {step}, then start the job again."
        if kind == "env":
            return f"The {label} was in the variable {variable}, which is not set here. Set it and start again."
        if locked := self.locked(name):
            return locked
        if kind:
            return f"The {label} is no longer found ({kind}). {step}."
        return f"No {label} was found. {step}."

    def _key_step(self, table: EncryptedTable) -> str:
        return table.problem() or f"Set its key in {KEY_VARIABLE} or {KEY_FILE_VARIABLE}."
