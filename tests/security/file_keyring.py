"""A system keyring for tests: a JSON file, named by FILE_KEYRING, outside the home, so that a subprocess has one too."""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError


class FileKeyring(KeyringBackend):
    """Chosen by PYTHON_KEYRING_BACKEND=file_keyring.FileKeyring with this folder on PYTHONPATH."""

    name = "Test keyring"
    priority = 0.1

    def get_password(self, service: str, username: str) -> str | None:
        """What was stored."""
        return self._content().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Store it."""
        self._path.write_text(json.dumps({**self._content(), f"{service}/{username}": password}))

    def delete_password(self, service: str, username: str) -> None:
        """Forget it."""
        content = self._content()
        if content.pop(f"{service}/{username}", None) is None:
            raise PasswordDeleteError("not found")
        self._path.write_text(json.dumps(content))

    @property
    def _path(self) -> Path:
        return Path(os.environ["FILE_KEYRING"])

    def _content(self) -> dict[str, str]:
        if (
            "FILE_KEYRING" not in os.environ
        ):  # imported by another test of this process, and then found by keyring itself
            return {}
        content: dict[str, str] = json.loads(self._path.read_text()) if self._path.exists() else {}
        return content
