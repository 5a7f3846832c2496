"""A COCO-trained teacher that labels the context classes no street set labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from detector.types.taxonomy import CONTEXT_CLASSES
from training.label import Box, box_from_corners

_COCO: Final = {0: "person", 1: "bicycle", 2: "car", 3: "motorcycle", 5: "bus", 7: "truck"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherConfig:
    """How sure the teacher must be."""

    weights: Path  # ultralytics checkpoint trained on COCO
    width_px: int = 960  # longer side at which the teacher looks
    label_score: float = 0.4  # at or above: a label
    doubt_score: float = 0.15  # between this and label_score: neither label nor negative


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """What the teacher says of one picture; class ids index CONTEXT_CLASSES."""

    labels: tuple[Box, ...]
    doubts: tuple[Box, ...]


def teach(paths: list[Path], config: TeacherConfig) -> Iterator[Taught]:
    """The teacher's view of each picture, in order."""
    from training.trainer import YOLO  # imports torch

    model = YOLO(str(config.weights))
    for path in paths:
        result = model.predict(
            str(path),
            imgsz=config.width_px,
            conf=config.doubt_score,
            classes=list(_COCO),
            verbose=False,
        )[0]
        labels: list[Box] = []
        doubts: list[Box] = []
        for corners, score, coco in zip(
            result.boxes.xyxyn.tolist(),
            result.boxes.conf.tolist(),
            result.boxes.cls.tolist(),
            strict=True,
        ):
            box = box_from_corners(CONTEXT_CLASSES.index(_COCO[int(coco)]), *corners)
            if box is not None:
                (labels if score >= config.label_score else doubts).append(box)
        yield Taught(labels=tuple(labels), doubts=tuple(doubts))
