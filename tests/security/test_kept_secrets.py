"""Where a login is kept on a machine without a keyring: encrypted, or plainly only when asked for."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from keyring.backends.null import Keyring as NullKeyring
from sqlalchemy import text

from devtrail_tui.actions.secrets import log_out
from devtrail_tui.core.errors import NotPossible, SecretMissing, UsageError
from devtrail_tui.services import Services
from devtrail_tui.settings import load_settings
from devtrail_tui.store.encrypted_secrets import SecretKey
from devtrail_tui.store.secret_places import SystemKeyring
from devtrail_tui.store.secrets import ABSENT_S, REMEMBERED_S, Secrets

VALUE = "a-value-of-nobodys"
KEY = Fernet.generate_key().decode()
Open = Callable[..., Services]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Services on one home without a keyring; further environment variables and settings as given."""
    made: list[Services] = []

    def open_one(environ: dict[str, str] | None = None, **settings: object) -> Services:
        given = {"DEVTRAIL_HOME": str(tmp_path / "home"), "PATH": "", **(environ or {})}
        services = Services(load_settings(given, **settings), environ=given)
        services.secrets.keyring._keyring = NullKeyring()  # type: ignore[no-untyped-call]  # keyring's own
        services.open()
        made.append(services)
        return services

    yield open_one
    for services in made:
        services.close()


def test_it_is_kept_encrypted_under_a_key_that_is_not_in_the_database(opened: Open, tmp_path: Path) -> None:
    services = opened({"DEVTRAIL_SECRET_KEY": KEY})
    kept = services.secrets.log_in("github", VALUE)
    assert kept.reference == "secret:encrypted:github"
    services.close()
    for path in (tmp_path / "home").rglob("*"):
        assert not path.is_file() or VALUE.encode() not in path.read_bytes()
        assert not path.is_file() or KEY.encode() not in path.read_bytes()

    again = opened({"DEVTRAIL_SECRET_KEY": KEY})
    assert again.secrets.resolve("github", "") == VALUE
    assert again.secrets.resolve("github", kept.reference) == VALUE
    assert VALUE not in again.secrets.redact(f"it is {VALUE}")


@pytest.mark.parametrize("key", [None, Fernet.generate_key().decode(), "no-key"], ids=["none", "another", "bad"])
def test_another_key_or_none_opens_nothing_and_says_so(opened: Open, key: str | None) -> None:
    opened({"DEVTRAIL_SECRET_KEY": KEY}).secrets.log_in("github", VALUE)
    services = opened({"DEVTRAIL_SECRET_KEY": key} if key else {})
    with pytest.raises(SecretMissing, match="stored encrypted and cannot be decrypted"):
        services.secrets.resolve("github", "")
    with pytest.raises(SecretMissing, match="DEVTRAIL_SECRET_KEY"):
        services.secrets.resolve("github", "secret:encrypted:github")


def test_two_rows_cannot_be_exchanged(opened: Open, tmp_path: Path) -> None:
    services = opened({"DEVTRAIL_SECRET_KEY": KEY})
    services.secrets.log_in("anthropic", VALUE)
    services.close()
    with sqlite3.connect(tmp_path / "home" / "data" / "devtrail.db") as connection:
        connection.execute("UPDATE secrets SET name = 'github'")
    connection.close()
    assert opened({"DEVTRAIL_SECRET_KEY": KEY}).secrets.find("github") is None


def test_a_key_file_serves_where_it_is_the_persons_alone(opened: Open, tmp_path: Path) -> None:
    key_file = tmp_path / "elsewhere" / "key"
    key_file.parent.mkdir()
    key_file.write_text(KEY + "\n")
    key_file.chmod(0o600)
    services = opened({"DEVTRAIL_SECRET_KEY_FILE": str(key_file)})
    services.secrets.log_in("github", VALUE)
    assert services.secrets.resolve("github", "") == VALUE
    key_file.chmod(0o644)
    with pytest.raises(NotPossible, match=r"others may read it .* chmod 600"):
        services.secrets.log_in("github", VALUE)


def test_a_key_beside_the_data_is_refused(opened: Open, tmp_path: Path) -> None:
    key_file = tmp_path / "home" / "data" / "key"
    key_file.parent.mkdir(parents=True)
    key_file.write_text(KEY)
    key_file.chmod(0o600)
    with pytest.raises(NotPossible, match="beside the data"):
        opened({"DEVTRAIL_SECRET_KEY_FILE": str(key_file)}).secrets.log_in("github", VALUE)


def test_without_keyring_and_key_it_is_refused_with_what_to_do(opened: Open, tmp_path: Path) -> None:
    services = opened()
    with pytest.raises(NotPossible, match=r"no keyring.* auth new-key .* GITHUB_TOKEN .* plain_secrets") as refused:
        services.secrets.log_in("github", VALUE)
    assert VALUE not in str(refused.value)
    services.close()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and VALUE.encode() in path.read_bytes()]


def test_plainly_only_when_asked_and_private(opened: Open, tmp_path: Path) -> None:
    services = opened(plain_secrets=True)
    kept = services.secrets.log_in("github", VALUE)
    assert "unencrypted" in kept.where
    (path,) = [path for path in tmp_path.rglob("*") if path.is_file() and VALUE.encode() in path.read_bytes()]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert opened(plain_secrets=True).secrets.resolve("github", kept.reference) == VALUE
    assert opened().secrets.find("github") is None
    path.chmod(0o644)
    assert opened(plain_secrets=True).secrets.find("github") is None


def test_the_key_wins_over_the_plain_file(opened: Open) -> None:
    kept = opened({"DEVTRAIL_SECRET_KEY": KEY}, plain_secrets=True).secrets.log_in("github", VALUE)
    assert kept.reference.startswith("secret:encrypted:")


@pytest.mark.parametrize("how", ["encrypted", "plain"])
def test_logging_out_forgets_it(opened: Open, how: str) -> None:
    services = opened({"DEVTRAIL_SECRET_KEY": KEY} if how == "encrypted" else {}, plain_secrets=how == "plain")
    services.secrets.log_in("github", VALUE)
    assert services.secrets.find("github") is not None
    assert len(services.secrets.log_out("github")) == 1
    assert services.secrets.find("github") is None
    assert services.secrets.log_out("github") == []


def test_what_is_kept_for_one_host_is_not_sent_to_another(opened: Open) -> None:
    opened({"DEVTRAIL_SECRET_KEY": KEY}).secrets.log_in("github", VALUE)
    elsewhere = {"DEVTRAIL_SECRET_KEY": KEY, "DEVTRAIL_GITHUB_URL": "https://git.example/api/v3"}
    services = opened(elsewhere)
    assert services.secrets.find("github") is None
    with pytest.raises(UsageError, match="not a reference to"):
        services.secrets.resolve("github", "secret:encrypted:github")
    assert services.secrets.log_in("github", "other-value").reference == "secret:encrypted:github@git.example"


class Ring:
    """A keyring that counts."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}
        self.asked = 0

    def get_password(self, service: str, name: str) -> str | None:
        self.asked += 1
        return self.held.get(name)


def test_a_login_elsewhere_is_noticed_and_a_logout_too() -> None:
    now, ring = [0.0], Ring()
    secrets = Secrets({"PATH": ""}, keyring=ring, monotonic=lambda: now[0])
    assert secrets.find("anthropic") is None
    ring.held["anthropic"] = VALUE
    now[0] += ABSENT_S
    assert secrets.resolve("anthropic", "") == VALUE
    del ring.held["anthropic"]
    now[0] += REMEMBERED_S - 1
    assert secrets.resolve("anthropic", "") == VALUE
    now[0] += 1
    with pytest.raises(SecretMissing):
        secrets.resolve("anthropic", "secret:keyring:anthropic")


def test_a_keyring_that_keeps_nothing_is_none() -> None:
    assert "no keyring" in SystemKeyring(NullKeyring()).problem()  # type: ignore[no-untyped-call]  # keyring's own


def test_every_way_a_key_can_be_wrong(tmp_path: Path) -> None:
    assert "No key" in SecretKey({}, None, ()).problem()
    assert "has no key" in SecretKey({"DEVTRAIL_SECRET_KEY": "short"}, None, ()).problem()
    assert "cannot be read" in SecretKey({}, str(tmp_path / "absent"), ()).problem()
    assert SecretKey({"DEVTRAIL_SECRET_KEY": KEY}, None, ()).problem() == ""


def test_the_key_itself_is_redacted(opened: Open) -> None:
    assert KEY not in opened({"DEVTRAIL_SECRET_KEY": KEY}).secrets.redact(f"key {KEY}")


def test_a_logout_names_backups_that_keep_it_and_can_remove_it_from_them(opened: Open) -> None:
    services = opened({"DEVTRAIL_SECRET_KEY": KEY})
    services.secrets.log_in("github", VALUE)
    with services.database.read() as connection:
        (ciphertext,) = connection.execute(text("SELECT ciphertext FROM secrets")).one()
    backup, _ = services.maintenance.back_up()
    assert ciphertext.encode() in backup.path.read_bytes()
    said = log_out(services, "github")
    assert "1 backup of the database still hold it, encrypted; add --from-backups." in said.notices
    said = log_out(services, "github", from_backups=True)
    assert said.notices == ()
    assert "1 backup" in said.sentence
    assert ciphertext.encode() not in backup.path.read_bytes()
    assert services.maintenance.check() == []
