"""Stores for the secrets of logins: the system keyring, encrypted rows (`encrypted_secrets`), or, only if the settings allow it,
a plain file.

An entry is `github` or `anthropic`, with the suffix `@HOST` for a host other than the service's own: the token of one host is
never sent to another.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from devtrail_tui.core.errors import NotPossible
from devtrail_tui.core.text import safe_line
from devtrail_tui.store.private_files import why_not_private, write_private

KEYRING_SERVICE = "devtrail-tui"

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
    """The operating system's keyring through the `keyring` package, which is imported on first use."""

    kind = "keyring"
    where = "system keyring"

    def __init__(self, keyring: Keyring | None = None) -> None:
        self._keyring: Any = keyring

    def describe(self) -> str:
        """The name of the keyring, such as `Keychain (keyring.backends.macOS)`."""
        backend = self._backend()
        name = type(backend)
        return f"{getattr(backend, 'name', '') or name.__name__}"

    def problem(self) -> str:
        from keyring.backends import chainer, fail, null

        backend = self._backend()
        if isinstance(backend, fail.Keyring | null.Keyring) or (
            isinstance(backend, chainer.ChainerBackend) and not backend.backends
        ):
            return "This machine has no keyring."
        if type(backend).__module__.startswith("keyrings.alt"):
            return f"The keyring of this machine ({self.describe()}) is not safe for secrets."
        return ""

    def read(self, entry: str) -> str | None:
        from keyring.errors import KeyringError

        try:
            return self._package().get_password(KEYRING_SERVICE, entry) or None
        except (KeyringError, OSError, RuntimeError) as error:  # RuntimeError: no desktop bus
            _LOG.info("the system keyring cannot be read: %s", type(error).__name__)
            return None

    def keep(self, entry: str, value: str) -> None:
        from keyring.errors import KeyringError

        try:
            self._package().set_password(KEYRING_SERVICE, entry, value)
        except (KeyringError, OSError, RuntimeError) as error:
            raise NotPossible(
                f"The system keyring did not store the secret ({type(error).__name__}); unlock the keyring and try again."
            ) from None
        if self.read(entry) != value:
            raise NotPossible(
                "The system keyring stored the secret but does not return it; unlock the keyring and try again."
            )

    def remove(self, entry: str) -> bool:
        from keyring.errors import KeyringError

        if self.read(entry) is None:
            return False
        try:
            self._package().delete_password(KEYRING_SERVICE, entry)
        except (KeyringError, OSError, RuntimeError) as error:
            raise NotPossible(
                f"The system keyring did not delete the secret ({type(error).__name__}); unlock the keyring and try again."
            ) from None
        return True

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
