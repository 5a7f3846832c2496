"""How a release is asked and read: in one pass or more; boxes of its classes, each thing once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.inference.backend import Backend
from detector.inference.fusion import Found, fused
from detector.inference.manifest import Manifest, MirroredSpec, NmsSpec, SmallerSpec
from detector.inference.mirrored import Mirrored
from detector.inference.smaller import Smaller
from detector.inference.suppression import suppressed

Said = tuple[NDArray[np.float32], ...]
"""(4 + C, A) YOLOv8 outputs of one picture, one for each size at which it was seen; all in pixels
of the first."""

_LEAST = 0.01
"""What one of several passes gives less than this, it did not see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a manifest says of that."""

    nms: NmsSpec
    mirrored: Mirrored | None = None
    smaller: Smaller | None = None

    @classmethod
    def of(cls, manifest: Manifest) -> Reading:
        return cls.told(manifest.classes, manifest.nms, manifest.mirrored, manifest.smaller)

    @classmethod
    def told(
        cls,
        classes: tuple[str, ...],
        nms: NmsSpec,
        mirrored: MirroredSpec | None,
        smaller: SmallerSpec | None,
    ) -> Reading:
        """Of a network with those classes, before it has a manifest."""
        return cls(
            nms=nms,
            mirrored=Mirrored.of(mirrored, classes),
            smaller=Smaller.of(smaller, classes),
        )

    def sizes_of(self, height: int, width: int) -> list[tuple[int, int]]:
        """Height and width of each input that a picture of that size may be seen at."""
        again = [self.smaller.size_of(height, width)] if self.smaller else []
        return [(height, width), *again]

    def output(self, backend: Backend, batch: NDArray[np.float32]) -> list[Said]:
        """What the network says of each of (N, 3, H, W) pictures."""
        first = self.mirrored.run(backend, batch) if self.mirrored else backend.run(batch)
        second = self.smaller.run(backend, batch, first) if self.smaller else {}
        return [
            (said, second[number]) if number in second else (said,)
            for number, said in enumerate(first)
        ]

    def boxes(self, said: Said, floors: NDArray[np.float32]) -> Found:
        """Of one picture: xyxy (N, 4) in input pixels, score (N,) above `floors` (C,) and class id
        (N,), best first."""
        if len(said) == 1:
            return suppressed(said[0], floors, self.nms)
        low = np.minimum(floors, np.float32(_LEAST))
        xyxy, score, class_id = fused(
            [suppressed(one, low, self.nms) for one in said], self.nms.iou
        )
        kept = np.flatnonzero(score > floors[class_id])[: self.nms.max_detections]
        return xyxy[kept], score[kept], class_id[kept]
