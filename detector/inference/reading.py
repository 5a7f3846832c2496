"""How a release is asked and read: in one pass or two; boxes of its classes, each thing once,
weighed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.inference.backend import Backend
from detector.inference.manifest import Manifest, NmsSpec
from detector.inference.mirrored import Mirrored
from detector.inference.standing import Standing
from detector.inference.suppression import suppressed


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a manifest says of that."""

    nms: NmsSpec
    standing: Standing | None = None
    mirrored: Mirrored | None = None

    @classmethod
    def of(cls, manifest: Manifest) -> Reading:
        return cls(
            nms=manifest.nms,
            standing=Standing.of(manifest.standing, manifest.classes),
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
        if self.standing is None:
            return suppressed(output, floors, self.nms)
        xyxy, score, class_id = suppressed(output, self.standing.floors(floors), self.nms)
        score = self.standing.weighed(xyxy, score, class_id)
        order = np.argsort(-score, kind="stable")
        order = order[score[order] > floors[class_id[order]]]
        return xyxy[order], score[order], class_id[order]
