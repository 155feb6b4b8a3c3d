"""Folders and files that only their owner may enter or read, whatever the umask, and places no database can be trusted to."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

_NETWORK_TYPES = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb",
        "smb2",
        "smb3",
        "smbfs",
        "afpfs",
        "webdav",
        "davfs",
        "9p",
        "afs",
        "ceph",
        "lustre",
        "gpfs",
    }
    | {"glusterfs", "ncpfs", "coda", "ocfs2", "gfs2", "beegfs", "vboxsf", "prl_fs", "vmhgfs", "macfuse", "osxfuse"}
)
_LOCAL_FUSE = frozenset(
    {"fuse.ext4", "fuse.ntfs-3g", "fuse.lowntfs-3g", "fuse.exfat", "fuse.fuse-overlayfs", "fuse.gocryptfs"}
)
"""What lies behind FUSE is on another machine (sshfs, rclone, s3fs, gvfs) unless it is known to be here."""


def make_private_folder(folder: Path) -> None:
    """Make a folder and what is missing above it, each 0700 even under umask 000. Raises OSError."""
    missing = []
    for each in (folder, *folder.parents):
        if each.exists() or each.is_symlink():
            break
        missing.append(each)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "it is no folder", os.fspath(folder))
    for each in reversed(missing):
        try:
            each.mkdir(mode=0o700)
            each.chmod(0o700)  # a umask may take more away than it should, a default access list add some
        except FileExistsError:
            continue  # another start of the program made it meanwhile


def close_to_others(folder: Path) -> None:
    """Take everybody else's rights to one of our own folders away; nothing happens where it is not there or not ours."""
    _tighten(folder, stat.S_ISDIR, 0o700)


def close_file_to_others(path: Path) -> None:
    """The same for a file."""
    _tighten(path, stat.S_ISREG, 0o600)


def _tighten(path: Path, right_kind: Callable[[int], bool], mode: int) -> None:
    try:
        found = path.lstat()
        if right_kind(found.st_mode) and found.st_uid == _me(found) and stat.S_IMODE(found.st_mode) & 0o077:
            path.chmod(stat.S_IMODE(found.st_mode) & mode)
    except OSError:
        return  # what could not be made private is refused by `why_not_private`, or is not there


def write_private(path: Path, text: str) -> None:
    """Replace a file by `text`, whole or not at all, 0600 from its first byte. Raises OSError."""
    make_private_folder(path.parent)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def why_not_private(path: Path) -> str:
    """Why others could read or change what is in a file or folder, as a clause such as “it is a symbolic link”; empty when they
    cannot. A file must be ours alone to read, a folder ours alone to write."""
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        return "it is a symbolic link"
    if found.st_uid != _me(found):
        return "it belongs to another user"
    if os.name != "posix":
        return ""
    mode = stat.S_IMODE(found.st_mode)
    if stat.S_ISDIR(found.st_mode):
        return f"others may write into it (mode {mode:o})" if mode & 0o022 else ""
    return f"others may read it (mode {mode:o})" if mode & 0o077 else ""


def _me(found: os.stat_result) -> int:
    return os.geteuid() if hasattr(os, "geteuid") else found.st_uid


def network_file_system(path: Path) -> str:
    """The type of the network file system a path lies on, such as nfs4; empty for a local disk, or where it cannot be told."""
    return network_type(path.resolve(), _mounts())


def network_type(path: Path, mounts: Iterable[tuple[Path, str]]) -> str:
    """The same over a list of mount points and their types; the last mount of the longest fitting point holds."""
    longest, kind = -1, ""
    for point, type_name in mounts:
        if (path == point or point in path.parents) and len(point.parts) >= longest:
            longest, kind = len(point.parts), type_name.lower()
    foreign = kind in _NETWORK_TYPES or (kind.startswith("fuse.") and kind not in _LOCAL_FUSE)
    return kind if foreign else ""


def _mounts() -> Iterator[tuple[Path, str]]:
    if sys.platform == "darwin":
        yield from _darwin_mounts()
        return
    try:
        lines = Path("/proc/self/mounts").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return
    for line in lines:
        fields = line.split(" ")
        if len(fields) > 2:  # device, point, type
            yield Path(_unescaped(fields[1])), fields[2]


def _unescaped(point: str) -> str:
    """Space, tab, newline and backslash stand as octal numbers (proc(5), fstab(5))."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(code, character)
    return point


def _darwin_mounts() -> Iterator[tuple[Path, str]]:
    """Lines such as `//me@host/share on /Volumes/share (smbfs, nodev)`."""
    try:
        done = subprocess.run(["/sbin/mount"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return
    for line in done.stdout.splitlines():
        _device, separator, rest = line.partition(" on ")
        point, _, options = rest.rpartition(" (")
        if separator and point:
            yield Path(point), options.split(",")[0].strip(") ")
