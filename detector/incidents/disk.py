"""Tells a full disk from other trouble of the database."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from sqlalchemy.exc import DBAPIError

from detector.types import DiskFull

_POSTGRES_DISK_FULL: Final = "53100"
_TOO_LITTLE_BYTES: Final = 1 << 20


def disk_full(error: DBAPIError, file: Path | None, where: str) -> DiskFull | None:
    """The clear error for a full disk, or None where it is another trouble.

    `file` is SQLite's database file, None for a server.
    """
    if not _means_full(error, file):
        return None
    return DiskFull(
        f"no space left for the database {where}: free some there; what this step would have "
        "written was undone, and it works again once there is room"
    )


def _means_full(error: DBAPIError, file: Path | None) -> bool:
    if getattr(error.orig, "sqlstate", None) == _POSTGRES_DISK_FULL:
        return True
    text = str(error.orig).lower()
    if "disk is full" in text:
        return True
    # SQLite names a failed growth of the -shm or -wal file an I/O error.
    return "disk i/o error" in text and file is not None and _is_full(file.parent)


def _is_full(folder: Path) -> bool:
    return folder.exists() and shutil.disk_usage(folder).free < _TOO_LITTLE_BYTES
