"""Pictures dropped into a folder, each examined once, also across restarts."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from detector.sources.base import BaseSourceConfig, HealthLog, SourceContext
from detector.sources.exif import read_exif
from detector.sources.picture import MAX_BYTES, MAX_PIXELS, decode_picture, pose_of
from detector.types import Clip, Frame, NoFrame, PictureError, SourceHealth, SourceState

KIND = "folder"
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
_NAMED = 3  # unreadable pictures named in the health's reason


class FolderConfig(BaseSourceConfig):
    """A folder that somebody else fills; nothing in it is changed or removed."""

    kind: Literal["folder"] = "folder"
    path: Path
    moving: bool = False
    settle_s: float = Field(default=2, ge=0)
    rescan_s: float = Field(default=1, ge=0)
    time_zone: str = "UTC"  # of EXIF times that name no offset
    max_picture_bytes: int = Field(default=MAX_BYTES, gt=0)
    max_picture_pixels: int = Field(default=MAX_PIXELS, gt=0)


@dataclass(frozen=True, slots=True)
class _Stamp:
    size_bytes: int
    modified_ns: int


class FolderSource:
    """Reads at look(); needs no thread. A picture comes again after a restart until done()."""

    def __init__(self, config: FolderConfig, seen: Callable[[str], bool]) -> None:
        self._config, self._seen = config, seen
        self._zone: tzinfo = UTC if config.time_zone == "UTC" else ZoneInfo(config.time_zone)
        self._health = HealthLog(SourceState.WAKING, "not started")
        self._waiting: dict[Path, tuple[_Stamp, float]] = {}
        self._handled: dict[Path, _Stamp] = {}
        self._handed: set[str] = set()
        self._bad: dict[Path, str] = {}
        self._ready: list[Path] = []
        self._scanned_s = float("-inf")

    @property
    def source_id(self) -> str:
        return self._config.id

    @property
    def moving(self) -> bool:
        return self._config.moving

    @property
    def paced(self) -> bool:
        return False

    def start(self) -> None:
        self._health.set(SourceState.LIVE)

    def stop(self) -> None:
        self._health.set(SourceState.ENDED, "stopped")

    def clip(self, from_at: datetime, to_at: datetime) -> Clip | None:
        return None

    def health(self) -> SourceHealth:
        return self._health.snapshot()

    def done(self, origin_key: str) -> None:
        """The picture was examined and recorded: `seen` will know it from now on."""
        self._handed.discard(origin_key)

    def look(self) -> Frame | NoFrame | None:
        if not self._ready:
            self._scan()
        while self._ready:
            frame = self._read(self._ready.pop(0))
            if frame is not None:
                return frame
        return None

    def _scan(self) -> None:
        now_s = time.monotonic()
        if now_s - self._scanned_s < self._config.rescan_s:
            return
        self._scanned_s = now_s
        try:
            found = {p: _stamp(p) for p in self._config.path.iterdir() if _is_picture(p)}
        except OSError as error:
            self._health.set(
                SourceState.DOWN, f"{self._config.path.name}: cannot be read: {error.strerror}"
            )
            return
        for gone in (self._waiting.keys() | self._handled.keys() | self._bad.keys()) - found.keys():
            self._waiting.pop(gone, None)
            self._handled.pop(gone, None)
            self._bad.pop(gone, None)
        self._ready = sorted(p for p, stamp in found.items() if self._settled(p, stamp, now_s))
        self._report()

    def _settled(self, path: Path, stamp: _Stamp | None, now_s: float) -> bool:
        if stamp is None or self._handled.get(path) == stamp:
            return False
        waiting = self._waiting.get(path)
        if waiting is None or waiting[0] != stamp:
            self._waiting[path] = waiting = (stamp, now_s)
        return now_s - waiting[1] >= self._config.settle_s

    def _read(self, path: Path) -> Frame | None:
        stamp = _stamp(path)
        waiting = self._waiting.get(path)
        if stamp is None or waiting is None or waiting[0] != stamp:
            return None  # changed or gone since the scan: waits again
        try:
            if stamp.size_bytes > self._config.max_picture_bytes:
                raise PictureError(f"{path.name}: {stamp.size_bytes} bytes, more than allowed")
            frame = self._frame(path, path.read_bytes(), stamp)
        except OSError as error:
            self._bad[path] = f"{path.name}: {error.strerror}"  # tried again at the next scan
            self._report()
            return None
        except PictureError as error:
            self._bad[path] = str(error)
            frame = None
        else:
            self._bad.pop(path, None)
        self._handled[path] = stamp
        self._waiting.pop(path, None)
        self._report()
        return frame

    def _frame(self, path: Path, data: bytes, stamp: _Stamp) -> Frame | None:
        key = f"folder:{self.source_id}:{hashlib.sha256(data).hexdigest()}"
        if key in self._handed or self._seen(key):
            return None
        config = self._config
        image = decode_picture(data, path.name, config.max_picture_bytes, config.max_picture_pixels)
        exif = read_exif(data, self._zone)
        at = exif.captured_at or datetime.fromtimestamp(stamp.modified_ns / 1e9, UTC)
        self._handed.add(key)
        return Frame(
            source_id=self.source_id,
            seq=self._health.delivered(at),
            captured_at=at,
            clock="exif" if exif.captured_at else "file",
            image=image,
            pose=pose_of(exif) if config.moving else None,
            origin_key=key,
        )

    def _report(self) -> None:
        names = [*self._bad.values()]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        text = f"skipped: {'; '.join(names[:_NAMED])}{more}" if names else ""
        self._health.set(SourceState.LIVE, text)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in _SUFFIXES and not path.name.startswith(".")


def _stamp(path: Path) -> _Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return _Stamp(status.st_size, status.st_mtime_ns) if path.is_file() else None


CONFIG = FolderConfig


def build(config: FolderConfig, context: SourceContext) -> FolderSource:
    return FolderSource(config, context.seen)
