"""What a model saw in one frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.types.box import Box


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detections:
    """Struct of arrays; row i of each array is one detection.

    xyxy_px (N, 4) float32 in pixels of the original frame, score (N,) float32 in 0..1,
    class_id (N,) int32 indexing `classes`. Raises ValueError where shapes or ranges disagree.
    """

    xyxy_px: NDArray[np.float32]
    score: NDArray[np.float32]
    class_id: NDArray[np.int32]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        count = len(self.score)
        if self.xyxy_px.shape != (count, 4):
            raise ValueError(f"xyxy_px must be ({count}, 4), got {self.xyxy_px.shape}")
        if self.score.shape != (count,) or self.class_id.shape != (count,):
            raise ValueError("score and class_id must be (N,)")
        if count and (self.class_id.min() < 0 or self.class_id.max() >= len(self.classes)):
            raise ValueError(f"class_id outside 0..{len(self.classes) - 1}")

    def __len__(self) -> int:
        return len(self.score)

    def box(self, index: int) -> Box:
        x1, y1, x2, y2 = (float(v) for v in self.xyxy_px[index])
        return Box(x1, y1, x2, y2)

    def class_name(self, index: int) -> str:
        return self.classes[int(self.class_id[index])]

    def where(self, mask: NDArray[np.bool_]) -> Detections:
        """The rows that the mask (N,) selects."""
        return Detections(
            xyxy_px=self.xyxy_px[mask],
            score=self.score[mask],
            class_id=self.class_id[mask],
            classes=self.classes,
        )

    @classmethod
    def empty(cls, classes: tuple[str, ...]) -> Detections:
        return cls(
            xyxy_px=np.zeros((0, 4), np.float32),
            score=np.zeros(0, np.float32),
            class_id=np.zeros(0, np.int32),
            classes=classes,
        )

    @classmethod
    def merged(cls, parts: list[Detections]) -> Detections:
        """Rows of several models put together; class names keep their first place."""
        classes = tuple(dict.fromkeys(name for part in parts for name in part.classes))
        if not parts:
            return cls.empty(classes)
        index = {name: i for i, name in enumerate(classes)}
        ids = [
            np.array([index[part.classes[i]] for i in part.class_id], np.int32) for part in parts
        ]
        return cls(
            xyxy_px=np.concatenate([part.xyxy_px for part in parts]),
            score=np.concatenate([part.score for part in parts]),
            class_id=np.concatenate(ids),
            classes=classes,
        )
