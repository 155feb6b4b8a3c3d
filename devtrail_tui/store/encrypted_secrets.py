"""Secrets in the database, encrypted under a key stored elsewhere. Encryption and SQLAlchemy are imported only on use."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.errors import NotPossible
from devtrail_tui.core.typed_paths import typed_path
from devtrail_tui.store.private_files import why_not_private

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

    from devtrail_tui.store.database import Database

KEY_VARIABLE = "DEVTRAIL_SECRET_KEY"
KEY_FILE_VARIABLE = "DEVTRAIL_SECRET_KEY_FILE"


class SecretKey:
    """The encryption key: from the environment, or from a file outside the data folders."""

    def __init__(self, environ: Mapping[str, str], key_file: str | None, data_folders: tuple[Path, ...]) -> None:
        self._given = environ.get(KEY_VARIABLE, "").strip()
        self._file = typed_path(key_file) if key_file else None
        self._data_folders = data_folders

    @property
    def named(self) -> bool:
        """Whether a key is configured."""
        return bool(self._given or self._file)

    @property
    def where(self) -> str:
        """The source of the key: the variable, or the file."""
        return KEY_VARIABLE if self._given else f"key file {self._file}"

    def value(self) -> bytes:
        """The key, 32 bytes in URL-safe base64. Raises NotPossible with what to do."""
        if self._given:
            return self._given.encode()
        if self._file is None:
            raise NotPossible(f"No key is set in {KEY_VARIABLE} or {KEY_FILE_VARIABLE}.")
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
                f"The key file {path} is not used, because {weakness}; restrict it to yourself: chmod 600 {path}"
            )
        return text.strip().encode()

    def cipher(self) -> Fernet:
        """The cipher of the key. Raises NotPossible with what to do."""
        from cryptography.fernet import Fernet

        try:
            return Fernet(self.value())
        except ValueError:
            raise NotPossible(
                f"The {self.where} has no key: it must be 32 random bytes in base64. "
                "Make one with: devtrail-tui auth new-key FILE"
            ) from None

    def problem(self) -> str:
        """Why nothing can be encrypted with it; empty if it can."""
        try:
            self.cipher()
        except NotPossible as error:
            return str(error)
        return ""

    def refusal_of_place(self, path: Path) -> str:
        """Why a key must not be stored at this path; empty if it may."""
        resolved = path.resolve()
        if any(folder.resolve() in resolved.parents for folder in self._data_folders):
            return (
                f"The key file {path} is beside the data it encrypts, so a copy of the folder has both; move it, best to "
                "another disk."
            )
        return ""


def new_key() -> str:
    """A new random key."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


class EncryptedTable:
    """Rows of the table `secrets`, encrypted; the plaintext includes the row's name, so rows cannot be swapped."""

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
            return None  # reported by `locked`
        matches = isinstance(content, dict) and content.get("name") == entry
        return str(content["value"]) if matches and content.get("value") else None

    def locked(self, entry: str) -> bool:
        """Whether there is a row that the current key does not decrypt."""
        return self._row(entry) is not None and self.read(entry) is None

    def keep(self, entry: str, value: str) -> None:
        from devtrail_tui.store.sqlite.upsert import upsert
        from devtrail_tui.store.tables import secrets

        if problem := self.problem():
            raise NotPossible(problem)
        content = json.dumps({"name": entry, "value": value}).encode()
        now = self._clock.now()
        row = {"name": entry, "location": self.kind, "created_at": now, "updated_at": now}
        row["ciphertext"] = self._key.cipher().encrypt(content).decode()
        database = self._database()
        assert database is not None  # noqa: S101 - checked by `problem`
        statement = upsert(secrets, "location", "ciphertext", "updated_at")
        database.write(lambda connection: connection.execute(statement, row).rowcount).result()

    def remove(self, entry: str) -> bool:
        from sqlalchemy import delete

        from devtrail_tui.store.tables import secrets

        database = self._database()
        statement = delete(secrets).where(secrets.c.name == entry)
        return database is not None and database.write(lambda c: c.execute(statement).rowcount > 0).result()

    def _row(self, entry: str) -> str | None:
        database = self._database()
        if database is None:
            return None
        from sqlalchemy import select

        from devtrail_tui.store.tables import secrets

        with database.read() as connection:
            statement = select(secrets.c.ciphertext).where(secrets.c.name == entry)
            return connection.execute(statement).scalar_one_or_none()
