"""Folders and files are their owner's whatever the umask; what others could change, and network drives, are refused."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from devtrail_tui.core.errors import DatabaseUnusable, NotPossible
from devtrail_tui.services import Services
from devtrail_tui.settings import load_settings
from devtrail_tui.store.private_files import (
    make_private_folder,
    network_file_system,
    why_not_private,
    write_private,
)
from devtrail_tui.store.sqlite import sqlite_file
from tests.house.program import NO_KEYRING


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.usefixtures("processes")
def test_everything_a_program_makes_is_private_under_umask_000(tmp_path: Path) -> None:
    """The whole program, with a warning logged, a fault reported and an export written."""
    home = tmp_path / "a" / "home"
    code = (
        "import os, logging; os.umask(0)\n"
        "from devtrail_tui import cli\n"
        "from devtrail_tui.cli.faults import report_fault\n"
        "from devtrail_tui.cli.session import opened\n"
        "with opened():\n"
        "    logging.getLogger('x').warning('look')\n"
        f"cli.main(['evidence', 'export', '--output', {str(home / 'out.md')!r}])\n"
        f"cli.main(['auth', 'new-key', {str(tmp_path / 'keys' / 'key')!r}])\n"
        "report_fault(RuntimeError('x'), as_json=False)\n"
    )
    environ = {**os.environ, "DEVTRAIL_HOME": str(home), "PYTHON_KEYRING_BACKEND": NO_KEYRING}
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=environ, timeout=60)
    found = [tmp_path / "a", tmp_path / "keys", *(tmp_path / "a").rglob("*"), *(tmp_path / "keys").rglob("*")]
    names = {path.name.partition("-")[0] for path in found}
    assert {"devtrail.db", "devtrail.log", "crash", "out.md", "key"} <= names
    wrong = {str(path): oct(mode(path)) for path in found if mode(path) != (0o700 if path.is_dir() else 0o600)}
    assert not wrong


def test_our_own_open_folders_are_closed(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o777)
    environ = {"DEVTRAIL_HOME": str(tmp_path), "PATH": ""}
    services = Services(load_settings(environ), environ=environ)
    services.open()
    services.close()
    assert mode(tmp_path / "data") == 0o700


def test_an_open_database_file_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.touch()
    path.chmod(0o666)
    sqlite_file.prepare_file(path)
    assert mode(path) == 0o600


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(real)
    with pytest.raises(DatabaseUnusable, match=r"symbolic link.*DEVTRAIL_HOME"):
        sqlite_file.prepare_file(tmp_path / "link" / "x.db")
    (real / "elsewhere.db").touch()
    (real / "x.db").symlink_to(real / "elsewhere.db")
    with pytest.raises(DatabaseUnusable, match="symbolic link"):
        sqlite_file.prepare_file(real / "x.db")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(DatabaseUnusable, match="symbolic link"):
        sqlite_file.prepare_file(tmp_path / "dangling" / "x.db")


def test_somebody_elses_folder_or_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.db").touch(mode=0o600)
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    with pytest.raises(DatabaseUnusable, match="belongs to another user"):
        sqlite_file.prepare_file(tmp_path / "x.db")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_a_file_given_away_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.touch(mode=0o600)
    os.chown(path, 65534, 65534)
    with pytest.raises(DatabaseUnusable, match="belongs to another user"):
        sqlite_file.prepare_file(path)


def test_a_folder_that_others_may_write_into_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(DatabaseUnusable, match="others may write into it"):
        sqlite_file.prepare_file(tmp_path / "x.db")


def mount(monkeypatch: pytest.MonkeyPatch, mounts: list[tuple[str, str]]) -> None:
    partitions = [SimpleNamespace(mountpoint=point, fstype=kind) for point, kind in mounts]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_named: partitions)


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse.rclone", "ceph", "vboxsf"])
def test_a_network_drive_is_refused(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mount(monkeypatch, [("/", "ext4"), (str(tmp_path.resolve()), kind)])
    with pytest.raises(DatabaseUnusable, match=r"network drive.*local disk"):
        sqlite_file.prepare_file(tmp_path / "data" / "x.db")


@pytest.mark.parametrize(
    ("mounts", "kind"),
    [
        ([("/", "nfs4"), ("/home", "ext4")], ""),
        ([("/", "ext4"), ("/home/me", "nfs")], "nfs"),
        ([("/", "ext4"), ("/home/mean", "nfs")], ""),
        ([("/home/me", "nfs"), ("/home/me", "ext4")], ""),
        ([("/", "btrfs")], ""),
        ([("/", "tmpfs")], ""),
        ([("/", "fuse.ext4")], ""),
        ([("/", "overlay")], ""),
        ([], ""),
    ],
)
def test_the_innermost_and_latest_mount_holds(
    mounts: list[tuple[str, str]], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mount(monkeypatch, mounts)
    assert network_file_system(Path("/home/me/data")) == kind


def test_this_machines_mounts_can_be_read(tmp_path: Path) -> None:
    assert network_file_system(tmp_path) == ""


def test_a_replaced_file_is_private_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    write_private(path, "one")
    write_private(path, "two")
    assert path.read_text() == "two"
    assert mode(path) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["file"]


def test_a_folder_that_is_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        make_private_folder(tmp_path / "file")


def test_why_not_private(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert why_not_private(tmp_path) == ""
    path = tmp_path / "key"
    path.touch()
    path.chmod(0o640)
    assert "others may read it (mode 640)" in why_not_private(path)


@pytest.mark.parametrize("name", ["config", "logs"])
def test_a_folder_of_settings_or_logs_that_is_not_ours_alone_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"DEVTRAIL_HOME": str(tmp_path), "PATH": ""}
    (tmp_path / name).mkdir(mode=0o755)
    services = Services(load_settings(environ), environ=environ)
    services.open()
    services.close()
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o700, "what is ours is closed to others"
    monkeypatch.setattr("devtrail_tui.store.private_files._own_uid", lambda _: 4711)
    with pytest.raises(NotPossible, match="it belongs to another user"):
        Services(load_settings(environ), environ=environ).open()
