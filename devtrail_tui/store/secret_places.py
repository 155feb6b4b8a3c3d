"""Where a secret that a person logs in with is kept: the system's keyring, encrypted rows in the database, or, only when the
person has asked for it, a plain file.

An entry is `github` or `anthropic`, with `@HOST` behind it for another host than the service's own: a token kept for one host is
never sent to another.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.errors import NotPossible
from devtrail_tui.core.text import safe_line
from devtrail_tui.store.private_files import why_not_private, write_private

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

    from devtrail_tui.store.engine import Database

KEYRING_SERVICE = "devtrail-tui"
KEY_VARIABLE = "DEVTRAIL_SECRET_KEY"
KEY_FILE_VARIABLE = "DEVTRAIL_SECRET_KEY_FILE"

_LOG = logging.getLogger(__name__)


class Place(Protocol):
    """One place. `kind` stands in references, `where` is for people."""

    kind: str

    @property
    def where(self) -> str: ...

    def problem(self) -> str:
        """Why nothing can be kept or found here, a sentence with what to do; empty when all is well."""
        ...

    def read(self, entry: str) -> str | None:
        """The value, or None where there is none that can be read."""
        ...

    def keep(self, entry: str, value: str) -> None:
        """Store a value over an earlier one. Raises NotPossible."""
        ...

    def remove(self, entry: str) -> bool:
        """Forget a value; False where there was none. Raises NotPossible."""
        ...


class Keyring(Protocol):
    """The part of the `keyring` package that reading needs; the package itself also stores and deletes."""

    def get_password(self, service: str, name: str) -> str | None: ...


class SystemKeyring:
    """The operating system's own place for secrets, through the `keyring` package, which is imported when first asked."""

    kind = "keyring"
    where = "system keyring"

    def __init__(self, keyring: Keyring | None = None) -> None:
        self._keyring: Any = keyring

    def describe(self) -> str:
        """Which keyring this is, such as `Keychain (keyring.backends.macOS)`."""
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
            return f"The keyring of this machine ({self.describe()}) is no safe place for a secret."
        return ""

    def read(self, entry: str) -> str | None:
        from keyring.errors import KeyringError

        try:
            return self._asked().get_password(KEYRING_SERVICE, entry) or None
        except (KeyringError, OSError, RuntimeError) as error:  # RuntimeError: a desktop bus that is not there
            _LOG.info("the system keyring gives nothing: %s", type(error).__name__)
            return None

    def keep(self, entry: str, value: str) -> None:
        from keyring.errors import KeyringError

        try:
            self._asked().set_password(KEYRING_SERVICE, entry, value)
        except (KeyringError, OSError, RuntimeError) as error:
            raise NotPossible(
                f"The system keyring did not take it ({type(error).__name__}); unlock it and try again."
            ) from None
        if self.read(entry) != value:
            raise NotPossible("The system keyring took it and does not give it back; unlock it and try again.")

    def remove(self, entry: str) -> bool:
        from keyring.errors import KeyringError

        if self.read(entry) is None:
            return False
        try:
            self._asked().delete_password(KEYRING_SERVICE, entry)
        except (KeyringError, OSError, RuntimeError) as error:
            raise NotPossible(
                f"The system keyring did not let go of it ({type(error).__name__}); unlock it and try again."
            ) from None
        return True

    def _asked(self) -> Any:
        if self._keyring is None:
            import keyring

            self._keyring = keyring
        return self._keyring

    def _backend(self) -> Any:
        asked = self._asked()
        return asked.get_keyring() if hasattr(asked, "get_keyring") else asked


class SecretKey:
    """The key of the encrypted rows: in the environment, or in a file that is not beside the data."""

    def __init__(self, environ: Mapping[str, str], key_file: str | None, data_folders: tuple[Path, ...]) -> None:
        self._given = environ.get(KEY_VARIABLE, "").strip()
        self._file = Path(key_file).expanduser() if key_file else None
        self._data_folders = data_folders

    @property
    def named(self) -> bool:
        """Whether there is any word of a key."""
        return bool(self._given or self._file)

    @property
    def where(self) -> str:
        """What to say of it: the variable, or the file."""
        return KEY_VARIABLE if self._given else f"key file {self._file}"

    def value(self) -> bytes:
        """The key, 32 bytes in URL-safe base64. Raises NotPossible with what to do."""
        if self._given:
            return self._given.encode()
        if self._file is None:
            raise NotPossible(f"No key is given in {KEY_VARIABLE} or {KEY_FILE_VARIABLE}.")
        path = self._file
        if refusal := self.refusal_of_place(path):
            raise NotPossible(refusal)
        try:
            weakness = why_not_private(path)
            text = path.read_text("ascii")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not text"
            raise NotPossible(
                f"The key file {path} cannot be read ({reason}); make one with: devtrail-tui auth new-key {path}"
            ) from None
        if weakness:
            raise NotPossible(
                f"The key file {path} is not used, because {weakness}; make it yours alone: chmod 600 {path}"
            )
        return text.strip().encode()

    def cipher(self) -> Fernet:
        """What encrypts with it. Raises NotPossible with what to do."""
        from cryptography.fernet import Fernet

        try:
            return Fernet(self.value())
        except ValueError:
            raise NotPossible(
                f"The {self.where} holds no key: it is 32 random bytes in base64. "
                "Make one with: devtrail-tui auth new-key FILE"
            ) from None

    def problem(self) -> str:
        """Why nothing can be encrypted with it; empty when all is well."""
        try:
            self.cipher()
        except NotPossible as error:
            return str(error)
        return ""

    def refusal_of_place(self, path: Path) -> str:
        """Why a key may not lie there; empty where it may."""
        whole = path.resolve()
        if any(folder.resolve() in whole.parents for folder in self._data_folders):
            return (
                f"The key file {path} lies beside the data it locks, so whoever copies one has both; keep it elsewhere, "
                "best on another disk."
            )
        return ""


def new_key() -> str:
    """A fresh random key."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


class EncryptedTable:
    """Rows of the table `secrets`, each encrypted with its own name inside, so that no two can be exchanged."""

    kind = "encrypted"

    def __init__(self, key: SecretKey, database: Callable[[], Database | None], clock: Clock) -> None:
        self._key = key
        self._database = database
        self._clock = clock

    @property
    def where(self) -> str:
        return f"database, encrypted ({self._key.where})"

    def problem(self) -> str:
        if problem := self._key.problem():
            return problem
        return "" if self._database() is not None else "The database is not open."

    def read(self, entry: str) -> str | None:
        ciphertext = self._row(entry)
        if ciphertext is None:
            return None
        from cryptography.fernet import InvalidToken

        try:
            content = json.loads(self._key.cipher().decrypt(ciphertext.encode()))
        except (NotPossible, InvalidToken, ValueError):
            return None  # `locked` says so
        held = isinstance(content, dict) and content.get("name") == entry
        return str(content["value"]) if held and content.get("value") else None

    def locked(self, entry: str) -> bool:
        """Whether there is a row that the key given does not open."""
        return self._row(entry) is not None and self.read(entry) is None

    def keep(self, entry: str, value: str) -> None:
        from devtrail_tui.store.secret_rows import put

        if problem := self.problem():
            raise NotPossible(problem)
        content = json.dumps({"name": entry, "value": value}).encode()
        ciphertext = self._key.cipher().encrypt(content).decode()
        database = self._database()
        assert database is not None  # noqa: S101 - `problem` asked
        database.write(lambda connection: put(connection, entry, ciphertext, self._clock.now())).result()

    def remove(self, entry: str) -> bool:
        from devtrail_tui.store.secret_rows import drop

        database = self._database()
        return database is not None and database.write(lambda connection: drop(connection, entry)).result()

    def _row(self, entry: str) -> str | None:
        database = self._database()
        if database is None:
            return None
        from devtrail_tui.store.secret_rows import ciphertext_of

        with database.read() as connection:
            return ciphertext_of(connection, entry)


class PlainFile:
    """A file that only its owner may read, and nothing more: whoever gets at the disk or a backup of it has the secrets."""

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
            {str(name): value for name, value in content.items() if isinstance(value, str)}
            if isinstance(content, dict)
            else {}
        )

    def _write(self, content: Mapping[str, str]) -> None:
        try:
            write_private(self.path, json.dumps(content, indent=1))
        except OSError as error:
            raise NotPossible(f"{safe_line(os.fspath(self.path))} cannot be written ({error.strerror}).") from None
