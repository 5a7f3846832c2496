"""How a release is asked and read: in one pass or two; boxes of its classes, each thing once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.inference.backend import Backend
from detector.inference.manifest import Manifest, NmsSpec
from detector.inference.mirrored import Mirrored
from detector.inference.suppression import suppressed


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a manifest says of that."""

    nms: NmsSpec
    mirrored: Mirrored | None = None

    @classmethod
    def of(cls, manifest: Manifest) -> Reading:
        return cls(
            nms=manifest.nms,
            mirrored=Mirrored.of(manifest.mirrored, manifest.classes),
        )

    def output(self, backend: Backend, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the network says of (N, 3, H, W) pictures: (N, 4 + C, A)."""
        if self.mirrored is None:
            return backend.run(batch)
        return self.mirrored.run(backend, batch)

    def boxes(
        self, output: NDArray[np.float32], floors: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
        """Of one picture's (4 + C, A) YOLOv8 output: xyxy (N, 4) in input pixels, score (N,) above
        `floors` (C,) and class id (N,), best first."""
        return suppressed(output, floors, self.nms)
