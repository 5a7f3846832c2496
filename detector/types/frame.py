"""One picture and what is known of its taking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from detector.types.pose import Pose


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One picture of one source. `image` is (H, W, 3) uint8 in BGR order, as OpenCV keeps it."""

    source_id: str
    seq: int  # counts the source's frames from 0, without gaps in order
    captured_at: datetime  # aware; the source's own clock
    clock: str  # which clock that is: "wall", "stream", "file", "exif", "sender"
    image: NDArray[np.uint8]
    pose: Pose | None = None  # None: a fixed camera
    origin_key: str | None = None  # identifies a picture that must be examined once (file, upload)

    def __post_init__(self) -> None:
        if self.image.ndim != 3 or self.image.shape[2] != 3 or self.image.dtype != np.uint8:
            raise ValueError(
                f"image must be (H, W, 3) uint8, got {self.image.shape} {self.image.dtype}"
            )
        if self.captured_at.tzinfo is None:
            raise ValueError("captured_at must be an aware time")

    @property
    def width_px(self) -> int:
        return int(self.image.shape[1])

    @property
    def height_px(self) -> int:
        return int(self.image.shape[0])
