"""Evidence in a folder."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

from detector.evidence.key import checked_key
from detector.types import DiskFull

_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_INCOMING: Final = ".incoming"  # a key cannot begin with a dot
_ABANDONED_AFTER_S: Final = 3600.0


class FileStoreConfig(BaseModel):
    """Where evidence lies."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path
    min_free_bytes: int = Field(default=256 * 1024**2, ge=0)
    """Space that evidence leaves free: the database beside it must still be able to write."""


class FileStore:
    """EvidenceStore on a local folder: a key is the file's path in it. Safe between threads.

    A file appears whole or not at all and stays over a power cut: its bytes go to a temporary
    file of the same file system, are synced, and only then get their name.
    """

    def __init__(self, config: FileStoreConfig) -> None:
        self._folder = config.folder
        self._min_free_bytes = config.min_free_bytes
        self._incoming = config.folder / _INCOMING
        self._lock = threading.Lock()  # names only; bytes are written outside of it
        with self._disk_full_named():
            self._incoming.mkdir(parents=True, exist_ok=True)
        self._remove_abandoned()

    def put(self, key: str, data: bytes) -> None:
        """Stores the bytes; the same bytes under the same key again change nothing.

        Raises DiskFull (nothing half-written), and ValueError for an unsafe key or for other
        bytes under a known key: evidence is never overwritten.
        """
        path = self._path(key)
        if self._holds_same(path, key, data):
            return
        self._demand_space(len(data))
        temporary = self._incoming / uuid4().hex
        try:
            with self._disk_full_named():
                _write_synced(temporary, data)
                self._give_name(temporary, path, key, data)
        finally:
            temporary.unlink(missing_ok=True)

    def get(self, key: str) -> bytes:
        """Raises KeyError for an unknown key."""
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise KeyError(key) from None

    def delete(self, key: str) -> bool:
        """True where there was such a file. Folders that become empty go with it."""
        path = self._path(key)
        with self._lock:
            try:
                path.unlink()
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                return False
            _sync_folder(self._prune(path.parent))
        return True

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Keys that begin with `prefix`, sorted within each folder."""
        for folder, subfolders, names in os.walk(self._folder):
            here = Path(folder).relative_to(self._folder).as_posix()
            base = "" if here == "." else f"{here}/"
            subfolders[:] = sorted(
                name
                for name in subfolders
                if name != _INCOMING and _can_hold(f"{base}{name}/", prefix)
            )
            yield from (base + name for name in sorted(names) if (base + name).startswith(prefix))

    def free_bytes(self) -> int:
        """Space left on the folder's file system, the reserve included."""
        return shutil.disk_usage(self._folder).free

    def _path(self, key: str) -> Path:
        return self._folder / checked_key(key)

    def _holds_same(self, path: Path, key: str, data: bytes) -> bool:
        try:
            known = path.read_bytes()
        except FileNotFoundError:
            return False
        except (IsADirectoryError, NotADirectoryError):
            raise ValueError(f"evidence {key!r} is a folder or lies within a file") from None
        if known != data:
            raise ValueError(f"evidence {key!r} is already stored with other bytes")
        return True

    def _demand_space(self, size_bytes: int) -> None:
        free_bytes = self.free_bytes()
        if free_bytes - size_bytes < self._min_free_bytes:
            raise DiskFull(
                f"{self._folder}: {free_bytes / 1e6:.0f} MB free, of which evidence leaves "
                f"{self._min_free_bytes / 1e6:.0f} MB to the database; free some space"
            )

    def _give_name(self, temporary: Path, path: Path, key: str, data: bytes) -> None:
        with self._lock:
            if self._holds_same(path, key, data):  # another thread was first
                return
            self._make_folder(path.parent)
            temporary.rename(path)
            _sync_folder(path.parent)

    def _make_folder(self, folder: Path) -> None:
        """Makes the missing levels, each synced into its parent."""
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)

    def _prune(self, folder: Path) -> Path:
        """Removes empty folders upwards; returns the first that stays."""
        while folder != self._folder:
            try:
                folder.rmdir()
            except OSError:
                return folder
            folder = folder.parent
        return folder

    def _remove_abandoned(self) -> None:
        """Takes away what a killed process left; younger files may be another process's work."""
        before = time.time() - _ABANDONED_AFTER_S
        for temporary in self._incoming.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if temporary.stat().st_mtime < before:
                    temporary.unlink()

    @contextlib.contextmanager
    def _disk_full_named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in _NO_SPACE:
                raise DiskFull(f"{self._folder}: no space left for evidence ({error})") from error
            raise


def _can_hold(folder: str, prefix: str) -> bool:
    return folder.startswith(prefix) or prefix.startswith(folder)


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
