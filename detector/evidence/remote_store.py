"""Evidence in an object store that all nodes reach, such as S3."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from detector.evidence.key import checked_key
from detector.types import ConfigError, XunjieError

_PLENTY: Final = 1 << 62


class StoreUnavailableError(XunjieError):
    """The store did not answer: nothing is known to be kept; the look is tried again."""

    code = "store_unavailable"


class RemoteStore:
    """EvidenceStore over any file system that fsspec knows, by its URL (`s3://bucket/folder`).

    Object stores put a file there whole or not at all, and so need no temporary names. Keys are
    never reused (they hold a random token), so that two nodes never write one.
    """

    def __init__(self, url: str, options: Mapping[str, Any] | None = None) -> None:
        """`options`: as the file system takes them, such as `endpoint_url`. Passwords belong into
        the environment or the machine's own profile. Raises ConfigError."""
        try:
            import fsspec
        except ImportError as error:
            raise ConfigError("evidence.store needs fsspec: pip install 'xunjie[s3]'") from error
        try:
            self._files, root = fsspec.core.url_to_fs(url, **(options or {}))
        except (ImportError, ValueError, TypeError) as error:
            raise ConfigError(f"evidence.store {url}: {error}") from error
        self._root = root.rstrip("/")

    def put(self, key: str, data: bytes) -> None:
        """The same bytes under the same key again change nothing.

        Raises StoreUnavailableError, and ValueError for an unsafe key or for other bytes under a
        known key: evidence is never overwritten.
        """
        path = self._path(key)
        with self._reached():
            try:
                known = self._files.cat_file(path)
            except FileNotFoundError:
                self._files.pipe_file(path, data)
                return
        if known != data:
            raise ValueError(f"evidence {key!r} is already stored with other bytes")

    def get(self, key: str) -> bytes:
        """Raises KeyError for an unknown key, StoreUnavailableError."""
        path = self._path(key)
        with self._reached():
            try:
                data: bytes = self._files.cat_file(path)
            except (FileNotFoundError, IsADirectoryError):
                raise KeyError(key) from None
        return data

    def delete(self, key: str) -> bool:
        """True where there was such a file."""
        path = self._path(key)
        with self._reached():
            if not self._files.isfile(path):
                return False
            self._files.rm_file(path)
        return True

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Keys that begin with `prefix`, sorted."""
        folder = prefix.rpartition("/")[0]
        with self._reached():
            # The store may have been listed before another node wrote to it.
            self._files.invalidate_cache()
            try:
                found = self._files.find(f"{self._root}/{folder}".rstrip("/"))
            except FileNotFoundError:
                found = []
        names = (path.removeprefix(f"{self._root}/") for path in found)
        yield from sorted(name for name in names if name.startswith(prefix))

    def free_bytes(self) -> int:
        """An object store does not say; its owner watches over it."""
        return _PLENTY

    def _path(self, key: str) -> str:
        return f"{self._root}/{checked_key(key)}"

    @contextlib.contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            detail = str(error) or type(error).__name__
            raise StoreUnavailableError(f"evidence.store: {detail}") from error
