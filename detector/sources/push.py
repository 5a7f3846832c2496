"""Pictures that others hand over; on disk before they are acknowledged."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from detector.sources.base import BaseSourceConfig, HealthLog, SourceContext, utc_now
from detector.sources.exif import read_exif
from detector.sources.picture import MAX_BYTES, MAX_PIXELS, decode_picture, pose_of
from detector.types import (
    Clip,
    DiskFull,
    Frame,
    NoFrame,
    PictureError,
    Pose,
    SourceError,
    SourceHealth,
    SourceState,
)

KIND = "push"
_NAME = re.compile(r"[0-9a-f]{64}")


class Overloaded(SourceError):
    """The inbox is full; the sender should try again later."""

    code = "overloaded"


class PushConfig(BaseSourceConfig):
    """A source without an address of its own: pictures arrive by upload."""

    kind: Literal["push"] = "push"
    moving: bool = False
    inbox_max: int = Field(default=200, gt=0)
    time_zone: str = "UTC"  # of EXIF times that name no offset
    max_picture_bytes: int = Field(default=MAX_BYTES, gt=0)
    max_picture_pixels: int = Field(default=MAX_PIXELS, gt=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the sender is told; a duplicate is acknowledged but not examined again."""

    origin_key: str
    duplicate: bool


class PushSource:
    """Keeps each picture in the spool until done(), so that a restart examines it again."""

    def __init__(self, config: PushConfig, seen: Callable[[str], bool], spool_dir: Path) -> None:
        self._config, self._seen = config, seen
        self._dir = spool_dir / config.id
        self._zone: tzinfo = UTC if config.time_zone == "UTC" else ZoneInfo(config.time_zone)
        self._health = HealthLog(SourceState.WAKING, "not started")
        self._lock = threading.Lock()
        self._waiting: deque[str] = deque()
        self._held: set[str] = set()  # spooled and not yet done
        self._started = False

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
        with self._lock:
            if self._started:
                return
            self._started = True
            self._dir.mkdir(parents=True, exist_ok=True)
            for part in self._dir.glob("*.part"):
                part.unlink(missing_ok=True)
            notes = sorted(self._dir.glob("*.json"), key=lambda p: (p.stat().st_mtime_ns, p.name))
            names = [p.stem for p in notes if _NAME.fullmatch(p.stem)]
            for orphan in self._dir.glob("*.bin"):
                if orphan.stem not in names:  # never acknowledged
                    orphan.unlink(missing_ok=True)
            self._waiting.extend(n for n in names if n not in self._held)
            self._held.update(names)
        self._health.set(SourceState.LIVE)

    def stop(self) -> None:
        self._health.set(SourceState.ENDED, "stopped")

    def clip(self, from_at: datetime, to_at: datetime) -> Clip | None:
        return None

    def health(self) -> SourceHealth:
        return self._health.snapshot()

    def submit(
        self, data: bytes, captured_at: datetime | None, pose: Pose | None, sender: str
    ) -> Receipt:
        """Takes a picture over; it is on disk when this returns.

        Raises PictureError, Overloaded or DiskFull; then nothing was kept.
        """
        if captured_at is not None and captured_at.tzinfo is None:
            raise PictureError(f"upload from {sender}: captured_at needs a time zone")
        config = self._config
        name = hashlib.sha256(data).hexdigest()
        receipt = Receipt(origin_key=self._key(name), duplicate=True)
        if name in self._held or self._seen(receipt.origin_key):
            return receipt
        decode_picture(
            data, f"upload from {sender}", config.max_picture_bytes, config.max_picture_pixels
        )
        note = {
            "captured_at": captured_at.isoformat() if captured_at else None,
            "received_at": utc_now().isoformat(),
            "pose": asdict(pose) if pose else None,
            "sender": sender,
        }
        with self._lock:
            if name in self._held:
                return receipt
            if len(self._held) >= config.inbox_max:
                raise Overloaded(f"{config.id}: {len(self._held)} pictures wait; try again later")
            self._spool(name, data, note)
            self._held.add(name)
            self._waiting.append(name)
        return Receipt(origin_key=receipt.origin_key, duplicate=False)

    def done(self, origin_key: str) -> None:
        """The picture was examined and recorded: it leaves the spool."""
        name = origin_key.rpartition(":")[2]
        if not _NAME.fullmatch(name) or origin_key != self._key(name):
            return
        with self._lock:
            self._remove(name)

    def look(self) -> Frame | NoFrame | None:
        while True:
            with self._lock:
                if not self._waiting:
                    return None
                name = self._waiting.popleft()
            if self._seen(self._key(name)):
                self.done(self._key(name))
                continue
            try:
                return self._frame(name)
            except (OSError, ValueError, KeyError, TypeError, PictureError) as error:
                self._health.set(SourceState.LIVE, f"spooled picture {name[:12]}: {error}")
                self._set_aside(name)

    def _frame(self, name: str) -> Frame:
        config = self._config
        note = json.loads((self._dir / f"{name}.json").read_text("utf-8"))
        data = (self._dir / f"{name}.bin").read_bytes()
        label = f"upload from {note['sender']}"
        image = decode_picture(data, label, config.max_picture_bytes, config.max_picture_pixels)
        exif = read_exif(data, self._zone)
        if note["captured_at"]:
            at, clock = datetime.fromisoformat(note["captured_at"]), "sender"
        elif exif.captured_at:
            at, clock = exif.captured_at, "exif"
        else:
            at, clock = datetime.fromisoformat(note["received_at"]), "wall"
        pose = Pose(**note["pose"]) if note["pose"] else pose_of(exif)
        return Frame(
            source_id=self.source_id,
            seq=self._health.delivered(at),
            captured_at=at,
            clock=clock,
            image=image,
            pose=pose if config.moving else None,
            origin_key=self._key(name),
        )

    def _key(self, name: str) -> str:
        return f"push:{self.source_id}:{name}"

    def _spool(self, name: str, data: bytes, note: dict[str, Any]) -> None:
        """The note is written last: a picture without one was never acknowledged."""
        try:
            self._dir.mkdir(parents=True, exist_ok=True)
            _write(self._dir / f"{name}.bin", data)
            _write(self._dir / f"{name}.json", json.dumps(note).encode())
            _sync_dir(self._dir)
        except OSError as error:
            self._remove(name)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFull(f"no space left in the spool folder {self._dir}") from error
            raise SourceError(f"spool folder {self._dir}: {error.strerror}") from error

    def _remove(self, name: str) -> None:
        self._held.discard(name)
        for suffix in (".json", ".bin", ".json.part", ".bin.part"):
            with contextlib.suppress(OSError):
                (self._dir / f"{name}{suffix}").unlink(missing_ok=True)

    def _set_aside(self, name: str) -> None:
        """Keeps a damaged picture for a person to see, out of the inbox."""
        with self._lock:
            self._held.discard(name)
            for suffix in (".json", ".bin"):
                with contextlib.suppress(OSError):
                    path = self._dir / f"{name}{suffix}"
                    path.rename(path.with_suffix(suffix + ".bad"))


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _sync_dir(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


CONFIG = PushConfig


def build(config: PushConfig, context: SourceContext) -> PushSource:
    return PushSource(config, context.seen, context.spool_dir)
