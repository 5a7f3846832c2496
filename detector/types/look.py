"""One examined frame, as the rules see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from detector.types.detections import Detections
from detector.types.track import Track
from detector.types.zone import Zone


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """What was seen of one source at one time, and what has been seen there before."""

    source_id: str
    at: datetime  # aware, the source's clock
    width_px: int
    height_px: int
    fixed: bool  # False: a moving source, whose tracks carry positions
    detections: Detections
    tracks: tuple[Track, ...]
    zones: tuple[Zone, ...]
