"""How quiet a model is on footage that holds nothing to be found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from training.predict import OnnxModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """False detections on one clip."""

    clip: str
    looks: int
    false_detections: dict[str, int]  # class name -> detections at or above its threshold


def measure(
    clip: Path,
    model: OnnxModel,
    classes: Sequence[str],
    thresholds: dict[str, float],
    watched: Sequence[str],
    looks: int = 40,
) -> Quiet:
    """Count detections of the watched classes in evenly spaced frames of a clip without any."""
    found: Counter[str] = Counter()
    seen = 0
    for frame in frames(clip, looks):
        seen += 1
        predictions = model.predict(frame, floor=min(thresholds[name] for name in watched))
        for score, class_id in zip(predictions.score, predictions.class_id, strict=True):
            name = classes[int(class_id)]
            if name in watched and score >= thresholds[name]:
                found[name] += 1
    counts = {name: found[name] for name in watched}
    return Quiet(clip=clip.name, looks=seen, false_detections=counts)


def frames(clip: Path, count: int) -> Iterator[np.ndarray]:
    """Evenly spaced frames of a video."""
    video = cv2.VideoCapture(str(clip))
    if not video.isOpened():
        raise ValueError(f"{clip}: not a readable video")
    total = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    step = max(total // count, 1)
    number = 0
    while video.grab():
        if number % step == 0:
            done, frame = video.retrieve()
            if done:
                yield frame
        number += 1
    video.release()
