"""Runs a detector over a large picture in overlapping tiles and puts the pieces together."""

from __future__ import annotations

from dataclasses import dataclass

from detector.flights.ground_window import Image
from detector.inference.parts import detect_parts, each_once, parts_of
from detector.types import Box, Detector


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One thing in the picture, in its pixels."""

    class_name: str
    score: float
    box_px: Box


def detect_tiled(
    detector: Detector, image: Image, side_px: int = 640, overlap: float = 0.25
) -> list[Seen]:
    """Detections at the model's own thresholds, best first, each thing once."""
    height, width = image.shape[:2]
    tiles = parts_of((width, height), (side_px, side_px), overlap)
    found = each_once(detect_parts(detector, image, tiles))
    return [
        Seen(class_name=found.class_name(i), score=float(found.score[i]), box_px=found.box(i))
        for i in range(len(found))
    ]
