"""Folders and files that only their owner can access, independent of the umask; and file systems unsafe for a database."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

_NETWORK_TYPES = re.compile(
    "nfs4?|cifs|smb[23]?|smbfs|afpfs|webdav|davfs|9p|afs|ceph|lustre|gpfs|glusterfs|ncpfs|coda|ocfs2|gfs2|beegfs|vboxsf|prl_fs|"
    "vmhgfs|macfuse|osxfuse"
)
_LOCAL_FUSE = frozenset(
    {"fuse.ext4", "fuse.ntfs-3g", "fuse.lowntfs-3g", "fuse.exfat", "fuse.fuse-overlayfs", "fuse.gocryptfs"}
)
"""All other FUSE types (sshfs, rclone, s3fs, gvfs) are treated as remote."""


def make_private_folder(folder: Path) -> None:
    """Create a folder and its missing parents, each 0700 even under umask 000. Raises OSError."""
    missing = []
    for ancestor in (folder, *folder.parents):
        if ancestor.exists() or ancestor.is_symlink():
            break
        missing.append(ancestor)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "it is not a folder", os.fspath(folder))
    for ancestor in reversed(missing):
        try:
            ancestor.mkdir(mode=0o700)
            ancestor.chmod(0o700)  # a umask may remove too many bits, a default ACL may add some
        except FileExistsError:
            continue  # created concurrently by another process


def close_to_others(folder: Path) -> None:
    """Remove all permissions of others from one of our own folders; does nothing if it is missing or not ours."""
    _tighten(folder, stat.S_ISDIR, 0o700)


def close_file_to_others(path: Path) -> None:
    """Remove all permissions of others from one of our own files; does nothing if it is missing or not ours."""
    _tighten(path, stat.S_ISREG, 0o600)


def _tighten(path: Path, right_kind: Callable[[int], bool], mode: int) -> None:
    try:
        status = path.lstat()
        if right_kind(status.st_mode) and status.st_uid == _own_uid(status) and stat.S_IMODE(status.st_mode) & 0o077:
            path.chmod(stat.S_IMODE(status.st_mode) & mode)
    except OSError:
        return  # missing, or refused later by `why_not_private`


def write_private(path: Path, text: str) -> None:
    """Replace a file atomically by `text`, 0600 from its creation. Raises OSError."""
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
    """Why others could read or change a file or folder, as a clause such as “it is a symbolic link”; empty if they cannot. Only
    the owner may read a file and write a folder."""
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return "it is a symbolic link"
    if status.st_uid != _own_uid(status):
        return "it belongs to another user"
    if os.name != "posix":
        return ""
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISDIR(status.st_mode):
        return f"others may write into it (mode {mode:o})" if mode & 0o022 else ""
    return f"others may read it (mode {mode:o})" if mode & 0o077 else ""


def _own_uid(status: os.stat_result) -> int:
    return os.geteuid() if hasattr(os, "geteuid") else status.st_uid


def network_file_system(path: Path) -> str:
    """The type of the network file system of a path, such as nfs4; empty for a local disk or if unknown."""
    import psutil  # slow to import, so not before the first frame

    resolved, longest, kind = path.resolve(), -1, ""
    try:
        partitions = psutil.disk_partitions(all=True)
    except (OSError, psutil.Error):
        return ""
    for partition in partitions:  # the last mount of the longest mount point applies
        point = Path(partition.mountpoint)
        if resolved.is_relative_to(point) and len(point.parts) >= longest:
            longest, kind = len(point.parts), partition.fstype.lower()
    remote = _NETWORK_TYPES.fullmatch(kind) or (kind.startswith("fuse.") and kind not in _LOCAL_FUSE)
    return kind if remote else ""
