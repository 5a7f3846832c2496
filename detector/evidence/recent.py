"""First pictures of things that may become incidents later."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from detector.evidence.jpeg import decode_jpeg, encode_jpeg
from detector.evidence.sealing import Sealer, SealError
from detector.types import Detections, EvidenceStore, Frame

_PREFIX: Final = "first/"
_log = structlog.get_logger(__name__)


class FirstFramesConfig(BaseModel):
    """How many first pictures are kept and how long."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_bytes_per_source: int = Field(default=32 * 1024**2, ge=0)
    max_bytes: int = Field(default=512 * 1024**2, ge=0)
    """Over all sources. Where either is exceeded the oldest pictures go first."""

    retention_min: float = Field(default=60.0, gt=0)
    """Longer than the longest dwell; pictures of people who broke no rule are not for keeping."""

    jpeg_quality: int = Field(default=92, ge=1, le=100)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FirstFrame:
    """The look in which a track began, with what was detected in it for masking."""

    frame: Frame  # without a pose
    detections: Detections


class _Header(BaseModel):
    """The plain first line of a spooled file: what must be known without unsealing the picture."""

    source_id: str
    track_ids: tuple[int, ...]
    kept_at: AwareDatetime
    seq: int
    captured_at: AwareDatetime
    clock: str
    xyxy_px: list[tuple[float, float, float, float]]
    score: list[float]
    class_id: list[int]
    classes: tuple[str, ...]

    def detections(self) -> Detections:
        return Detections(
            xyxy_px=np.array(self.xyxy_px, np.float32).reshape(-1, 4),
            score=np.array(self.score, np.float32),
            class_id=np.array(self.class_id, np.int32),
            classes=self.classes,
        )


@dataclass(slots=True, eq=False)
class _Kept:
    key: str
    source_id: str
    size_bytes: int
    kept_at: datetime
    track_ids: set[int]


def _now() -> datetime:
    return datetime.now(UTC)


class FirstFrames:
    """Keeps the frame in which each living track began, one file a frame. Safe between threads.

    Only an index is in memory. The pictures lie sealed in a store under the data folder, so a
    restart loses none and memory stays flat. Age is counted by the machine's clock from the moment
    of keeping, which holds for replayed and unsynchronised sources as well.
    """

    def __init__(
        self,
        store: EvidenceStore,
        sealer: Sealer,
        config: FirstFramesConfig,
        now: Callable[[], datetime] = _now,
        *,
        shared: bool = False,
    ) -> None:
        """Takes over what an earlier run left in the store; what it cannot read it deletes.

        `shared`: other processes keep theirs in the same store, so a source's are taken over
        only by `adopt`.
        """
        self._store = store
        self._sealer = sealer
        self._config = config
        self._now = now
        self._lock = threading.Lock()  # the index only: no source waits for another one's disk
        self._kept = [] if shared else self._load(_PREFIX)

    def adopt(self, source_id: str) -> None:
        """The source is looked at here from now on: takes over what its last holder kept."""
        found = self._load(_folder(source_id))
        with self._lock:
            others = [kept for kept in self._kept if kept.source_id != source_id]
            self._kept = sorted([*others, *found], key=lambda kept: kept.kept_at)

    def release(self, source_id: str) -> None:
        """Another process looks at the source from now on: its pictures stay where they are."""
        with self._lock:
            self._kept = [kept for kept in self._kept if kept.source_id != source_id]

    def keep(self, frame: Frame, detections: Detections, track_ids: Collection[int]) -> None:
        """Remembers the frame for tracks that began in it; tracks known already keep theirs.

        Call it once a look. Raises DiskFull, with nothing kept.
        """
        new_ids = set(track_ids) - self._known_ids(frame.source_id)
        if not new_ids:
            return
        kept_at = self._now()
        key = _key(frame.source_id, kept_at)
        data = self._spooled(key, _header(frame, detections, new_ids, kept_at), frame)
        self._store.put(key, data)
        with self._lock:
            self._kept.append(_Kept(key, frame.source_id, len(data), kept_at, new_ids))
        self._trim()

    def find(self, source_id: str, track_id: int) -> FirstFrame | None:
        """The track's first frame; None where it is gone (too old, too much, unreadable).

        It stays until `drop` or `retain`: a crash before the caller's commit must not lose it.
        """
        with self._lock:
            kept = next((k for k in self._of(source_id) if track_id in k.track_ids), None)
        if kept is None:
            return None
        try:
            return self._opened(kept.key)
        except (KeyError, ValueError, SealError) as error:
            _log.warning("first_frame_unreadable", source=source_id, key=kept.key, error=str(error))
            return None

    def drop(self, source_id: str, track_id: int) -> None:
        """Forgets one track."""
        with self._lock:
            for kept in self._of(source_id):
                kept.track_ids.discard(track_id)
        self._trim()

    def retain(self, source_id: str, track_ids: Collection[int]) -> None:
        """Forgets every track of the source but these; call it after each look."""
        with self._lock:
            for kept in self._of(source_id):
                kept.track_ids.intersection_update(track_ids)
        self._trim()

    def size_bytes(self) -> int:
        """Bytes kept over all sources."""
        with self._lock:
            return sum(kept.size_bytes for kept in self._kept)

    def _known_ids(self, source_id: str) -> set[int]:
        with self._lock:
            return set().union(*(kept.track_ids for kept in self._of(source_id)))

    def _of(self, source_id: str) -> list[_Kept]:
        return [kept for kept in self._kept if kept.source_id == source_id]

    def _trim(self) -> None:
        """Takes away what no track needs, what is too old, and the oldest beyond the bounds."""
        oldest_at = self._now() - timedelta(minutes=self._config.retention_min)
        with self._lock:
            live = [kept for kept in self._kept if kept.track_ids and kept.kept_at > oldest_at]
            stay = set(map(id, self._within_bounds(live)))
            gone = [kept for kept in self._kept if id(kept) not in stay]
            self._kept = [kept for kept in self._kept if id(kept) in stay]
        for kept in gone:
            self._store.delete(kept.key)

    def _within_bounds(self, kept_oldest_first: list[_Kept]) -> Iterable[_Kept]:
        total_bytes = 0
        bytes_of: dict[str, int] = {}
        for kept in reversed(kept_oldest_first):
            bytes_of[kept.source_id] = bytes_of.get(kept.source_id, 0) + kept.size_bytes
            if bytes_of[kept.source_id] > self._config.max_bytes_per_source:
                continue
            total_bytes += kept.size_bytes
            if total_bytes <= self._config.max_bytes:
                yield kept

    def _spooled(self, key: str, header: bytes, frame: Frame) -> bytes:
        jpeg = encode_jpeg(frame.image, self._config.jpeg_quality)
        return header + b"\n" + self._sealer.seal(jpeg, header + key.encode())

    def _opened(self, key: str) -> FirstFrame:
        line, _, sealed = self._store.get(key).partition(b"\n")
        header = _Header.model_validate_json(line)
        frame = Frame(
            source_id=header.source_id,
            seq=header.seq,
            captured_at=header.captured_at,
            clock=header.clock,
            image=decode_jpeg(self._sealer.unseal(sealed, line + key.encode()), key),
        )
        return FirstFrame(frame=frame, detections=header.detections())

    def _load(self, prefix: str) -> list[_Kept]:
        found: list[_Kept] = []
        for key in list(self._store.keys(prefix)):
            try:
                data = self._store.get(key)
            except KeyError:
                continue  # its last holder was still at work
            try:
                header = _Header.model_validate_json(data.partition(b"\n")[0])
            except ValidationError as error:
                _log.warning("first_frame_unreadable", key=key, error=str(error))
                self._store.delete(key)
                continue
            found.append(
                _Kept(key, header.source_id, len(data), header.kept_at, set(header.track_ids))
            )
        return sorted(found, key=lambda kept: kept.kept_at)


def _folder(source_id: str) -> str:
    """A source's id may hold any characters, so its digest names the folder."""
    return f"{_PREFIX}{hashlib.sha256(source_id.encode()).hexdigest()[:16]}/"


def _key(source_id: str, kept_at: datetime) -> str:
    return f"{_folder(source_id)}{kept_at:%Y%m%dT%H%M%S}-{secrets.token_hex(8)}.sealed"


def _header(frame: Frame, detections: Detections, track_ids: set[int], kept_at: datetime) -> bytes:
    header = _Header(
        source_id=frame.source_id,
        track_ids=tuple(sorted(track_ids)),
        kept_at=kept_at,
        seq=frame.seq,
        captured_at=frame.captured_at,
        clock=frame.clock,
        xyxy_px=detections.xyxy_px.tolist(),
        score=detections.score.tolist(),
        class_id=detections.class_id.tolist(),
        classes=detections.classes,
    )
    return header.model_dump_json().encode()
