"""The pipeline's ports. A fake of each ships beside its implementations (`fake.py`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from detector.types.detections import Detections
from detector.types.finding import Finding
from detector.types.frame import Frame
from detector.types.health import NoFrame, SourceHealth
from detector.types.look import Look


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A piece of video cut from kept packets."""

    data: bytes
    container: str  # file extension: "mp4", "mkv"
    starts_at: datetime
    ends_at: datetime


class Source(Protocol):
    """Where frames come from. Methods return quickly; a thread of its own does the reading."""

    @property
    def source_id(self) -> str: ...

    @property
    def moving(self) -> bool:
        """True where frames carry a pose and places are positions on the ground."""
        ...

    @property
    def paced(self) -> bool:
        """True for live sources, looked at by the clock. False for sources that are drained as
        fast as the pipeline can (replayed files, folders, pushes): `look` may then be called
        again at once, and every frame it hands out counts."""
        ...

    def start(self) -> None: ...

    def stop(self) -> None:
        """Ends the source's thread; idempotent, returns within a few seconds."""
        ...

    def look(self) -> Frame | NoFrame | None:
        """The newest frame that was not handed out before, or why there is none.

        None: nothing is waiting, and that says nothing about the street (an idle push source,
        an empty folder, a file that has ended).
        """
        ...

    def health(self) -> SourceHealth: ...

    def clip(self, from_at: datetime, to_at: datetime) -> Clip | None:
        """Cuts the packets kept for that span, from the keyframe before it; None: nothing kept."""
        ...


class Detector(Protocol):
    """A released model."""

    @property
    def name(self) -> str: ...

    @property
    def classes(self) -> tuple[str, ...]: ...

    @property
    def sha256(self) -> str: ...

    @property
    def thresholds(self) -> dict[str, float]:
        """Score from which a detection of that class starts something."""
        ...

    def detect(
        self, images: Sequence[NDArray[np.uint8]], *, floor: float | None = None
    ) -> list[Detections]:
        """Detections for each (H, W, 3) BGR uint8 picture.

        With `floor` (0 to 1) the class thresholds are replaced by that one score, so that a
        tracker can use weak detections to sustain what strong ones began.
        """
        ...


class Rule(Protocol):
    """Turns looks into findings. Holds no memory of its own: tracks carry the past."""

    @property
    def violation(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def classes(self) -> frozenset[str]: ...

    def judge(self, look: Look) -> tuple[Finding, ...]: ...


class CaseSink(Protocol):
    """A destination of cases."""

    @property
    def name(self) -> str: ...

    def deliver(self, record: dict[str, Any], *, idempotency_key: str) -> str | None:
        """Hands the record over; returns the destination's own id for it, if it gives one.

        Raises DeliveryUnavailable (try again) or DeliveryRefused (never as it is).
        """
        ...

    def close(self) -> None: ...


class EvidenceStore(Protocol):
    """Keeps files by key. Keys are relative paths; a file is written whole or not at all."""

    def put(self, key: str, data: bytes) -> None:
        """Raises DiskFull when no space is left, with nothing half-written."""
        ...

    def get(self, key: str) -> bytes:
        """Raises KeyError for an unknown or deleted key."""
        ...

    def delete(self, key: str) -> bool: ...

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Keys that begin with `prefix`: for sweeping what no record names."""
        ...
