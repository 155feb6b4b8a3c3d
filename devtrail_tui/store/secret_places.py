"""Stores for the secrets of logins: the system keyring, encrypted rows (`encrypted_secrets`), or, only if the settings allow it,
a plain file.

An entry is `github` or `anthropic`, with the suffix `@HOST` for a host other than the service's own: the token of one host is
never sent to another.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Protocol, TypeVar

from devtrail_tui.core.errors import NotPossible
from devtrail_tui.core.text import safe_line
from devtrail_tui.store.private_files import why_not_private, write_private

KEYRING_SERVICE = "devtrail-tui"
READ_S = 5.0
"""How long a read from the keyring may take; it may have to ask the person to unlock it."""
CHANGE_S = 60.0
"""How long the person has to allow a change."""
T = TypeVar("T")

_LOG = logging.getLogger(__name__)


class SecretPlace(Protocol):
    """A store for secrets. `kind` is used in references, `where` is the display name."""

    kind: str

    @property
    def where(self) -> str: ...

    def problem(self) -> str:
        """Why the store cannot be used, a sentence with what to do; empty if it can."""
        ...

    def read(self, entry: str) -> str | None:
        """The value, or None if there is none that can be read."""
        ...

    def keep(self, entry: str, value: str) -> None:
        """Store a value, replacing an earlier one. Raises NotPossible."""
        ...

    def remove(self, entry: str) -> bool:
        """Delete a value; False if there was none. Raises NotPossible."""
        ...


class Keyring(Protocol):
    """The methods of the `keyring` package needed for reading; the package itself also stores and deletes."""

    def get_password(self, service: str, name: str) -> str | None: ...


class SystemKeyring:
    """The operating system's keyring through the `keyring` package, which is imported on first use.

    It is a program of others that may ask the person, hang or fail in its own ways: each call has a time limit, `read_s` or
    `change_s`, and after a failure it is not asked again.
    """

    kind = "keyring"
    where = "system keyring"

    def __init__(self, keyring: Keyring | None = None, *, read_s: float = READ_S, change_s: float = CHANGE_S) -> None:
        self._keyring: Any = keyring
        self._read_s = read_s
        self._change_s = change_s
        self._failure = ""

    def describe(self) -> str:
        """The name of the keyring, such as `Keychain (keyring.backends.macOS)`."""
        backend = self._asked(self._backend, seconds=self._read_s)
        name = type(backend)
        return f"{getattr(backend, 'name', '') or name.__name__}" if backend is not None else "system keyring"

    def problem(self) -> str:
        from keyring.backends import chainer, fail, null

        backend = self._asked(self._backend, seconds=self._read_s)
        if self._failure:
            return self._failure
        if isinstance(backend, fail.Keyring | null.Keyring) or (
            isinstance(backend, chainer.ChainerBackend) and not backend.backends
        ):
            return "This machine has no keyring."
        if type(backend).__module__.startswith("keyrings.alt"):
            return f"The keyring of this machine ({self.describe()}) is not safe for secrets."
        self.read("probe")
        return self._failure

    def read(self, entry: str) -> str | None:
        secret = self._asked(lambda: self._package().get_password(KEYRING_SERVICE, entry), seconds=self._read_s)
        return secret if isinstance(secret, str) and secret else None

    def keep(self, entry: str, value: str) -> None:
        self._asked(lambda: self._package().set_password(KEYRING_SERVICE, entry, value), seconds=self._change_s)
        if self._failure or self.read(entry) != value:
            reason = self._failure or "The system keyring stored the secret but does not return it."
            raise NotPossible(f"{reason} Unlock the keyring and try again.")

    def remove(self, entry: str) -> bool:
        if self.read(entry) is None:
            return False
        self._asked(lambda: self._package().delete_password(KEYRING_SERVICE, entry), seconds=self._change_s)
        if self._failure:
            raise NotPossible(f"{self._failure} Unlock the keyring and try again.")
        return True

    def _asked(self, ask: Callable[[], T], *, seconds: float) -> T | None:
        """The answer of the keyring; None, from now on, if it fails or does not answer in time."""
        if self._failure:
            return None
        answer: Future[T] = Future()

        def run() -> None:
            try:
                answer.set_result(ask())
            except BaseException as error:  # noqa: BLE001 - a backend raises errors of its own, the desktop bus too
                answer.set_exception(error)

        threading.Thread(target=run, name="keyring", daemon=True).start()
        try:
            error = answer.exception(seconds)
        except TimeoutError:
            self._failure = f"The system keyring did not answer within {seconds:g} s."
        else:
            if error is None:
                return answer.result()
            self._failure = f"The system keyring cannot be used ({type(error).__name__})."
        _LOG.warning(self._failure)
        return None

    def _package(self) -> Any:
        if self._keyring is None:
            import keyring

            self._keyring = keyring
        return self._keyring

    def _backend(self) -> Any:
        keyring = self._package()
        return keyring.get_keyring() if hasattr(keyring, "get_keyring") else keyring


class PlainFile:
    """An unencrypted file that only its owner may read: access to the disk or a backup exposes the secrets."""

    kind = "plain"

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def where(self) -> str:
        return f"unencrypted file {self.path}"

    def problem(self) -> str:
        try:
            weakness = why_not_private(self.path)
        except FileNotFoundError:
            return ""
        except OSError as error:
            return f"{self.path} cannot be read ({error.strerror})."
        return f"{self.path} is not used, because {weakness}; delete it and log in again." if weakness else ""

    def read(self, entry: str) -> str | None:
        return self._content().get(entry) if not self.problem() else None

    def keep(self, entry: str, value: str) -> None:
        if problem := self.problem():
            raise NotPossible(problem)
        self._write({**self._content(), entry: value})

    def remove(self, entry: str) -> bool:
        content = self._content()
        if content.pop(entry, None) is None:
            return False
        if content:
            self._write(content)
        else:
            self.path.unlink(missing_ok=True)
        return True

    def _content(self) -> dict[str, str]:
        try:
            content = json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return (
            {str(name): secret for name, secret in content.items() if isinstance(secret, str)}
            if isinstance(content, dict)
            else {}
        )

    def _write(self, content: Mapping[str, str]) -> None:
        try:
            write_private(self.path, json.dumps(content, indent=1))
        except OSError as error:
            raise NotPossible(f"{safe_line(os.fspath(self.path))} cannot be written ({error.strerror}).") from None
