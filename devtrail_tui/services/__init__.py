"""The composition root: settings in, everything a front end needs out. Importing it is cheap."""

from devtrail_tui.services.composition import (
    Services,
    job_types,
    settings_problems,
)
from devtrail_tui.services.surroundings import LocalSurroundings, sqlite_has_wal_reset_bug, sqlite_version
from devtrail_tui.store.crash_reports import report_crash
from devtrail_tui.store.encrypted_secrets import new_key as new_secret_key
from devtrail_tui.store.private_files import make_private_folder, write_private

__all__ = [
    "LocalSurroundings",
    "Services",
    "job_types",
    "make_private_folder",
    "new_secret_key",
    "report_crash",
    "settings_problems",
    "sqlite_has_wal_reset_bug",
    "sqlite_version",
    "write_private",
]
