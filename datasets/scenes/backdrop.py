"""A photograph of a street as a place for rendered things: its ground, and what stands there.

Of a camera held upright over flat ground the height of a standing person in the picture is
proportional to how far below the horizon the feet are (Hoiem, Efros, Hebert, "Putting Objects in
Perspective", IJCV 2008), so that labelled persons tell the horizon and the camera's height.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import cv2
import numpy as np
from lens import Lens
from numpy.typing import NDArray

PERSON_M = 1.62
"""Mean height in pictures: hats and heels, bent backs, children."""
_HORIZONS = np.linspace(0.15, 0.62, 48)
_REPEAT = re.compile(r"__r\d+\.jpg$")  # as `training.copies` names them
_UPRIGHT = (1.7, 4.6)  # height by width of a person who stands, seen whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Something labelled in the photograph; corners as shares of its sides."""

    label: str
    xyxy: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backdrop:
    """A photograph of a built dataset's training side."""

    name: str
    image: NDArray[np.uint8]
    """(H, W, 3) BGR."""
    standing: tuple[Standing, ...]


class Backdrops:
    """A built dataset's training photographs in which all classes `needed` are labelled, each once,
    read when it is asked for."""

    def __init__(self, dataset: Path, needed: Sequence[str]) -> None:
        record = json.loads((dataset / "dataset.json").read_text(encoding="utf-8"))
        self._dataset = dataset
        self._classes: list[str] = record["classes"]
        self._names: list[str] = [
            entry["name"]
            for entry in record["entries"]
            if entry["split"] == "train"
            and not entry["made"]
            and not _REPEAT.search(entry["name"])
            and set(needed) <= set(entry["labelled"])
        ]

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, number: int) -> Backdrop:
        name = self._names[number]
        image = cv2.imread(str(self._dataset / "images" / "train" / name))
        if image is None:
            raise FileNotFoundError(f"{self._dataset}: picture {name} is missing")
        labels = (self._dataset / "labels" / "train" / name).with_suffix(".txt")
        return Backdrop(
            name=name, image=np.asarray(image, np.uint8), standing=self._standing(labels)
        )

    def _standing(self, labels: Path) -> tuple[Standing, ...]:
        standing = []
        for line in labels.read_text(encoding="utf-8").splitlines():
            number, cx, cy, w, h = map(float, line.split())
            if number < len(self._classes):  # the others are rows that mask
                corners = (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)
                standing.append(Standing(label=self._classes[int(number)], xyxy=corners))
        return tuple(standing)


def lens_of(backdrop: Backdrop, rng: Random, width_px: int) -> Lens:
    """The camera as its persons tell it, drawn at random as far as they do not; for pictures
    `width_px` wide."""
    height, width = backdrop.image.shape[:2]
    height_px = round(width_px * height / width)
    horizon, rise = _perspective(backdrop, rng)
    focal_px = width_px * rng.uniform(0.75, 1.15)
    return Lens(
        x_m=0.0,
        y_m=0.0,
        height_m=min(max(PERSON_M / rise, 0.9), 9.0),
        yaw_rad=0.0,
        pitch_rad=math.atan((0.5 - horizon) * height_px / focal_px),
        width_px=width_px,
        height_px=height_px,
        focal_px=focal_px,
    )


def _perspective(backdrop: Backdrop, rng: Random) -> tuple[float, float]:
    """The horizon as a share of the picture's height, and the height of a person by the distance
    of the feet below it."""
    feet, tall = _persons(backdrop)
    if len(feet) < 3:
        horizon = rng.gauss(0.42, 0.05)
        if len(feet) and feet.max() > horizon + 0.05:
            return horizon, float(np.median(tall / np.maximum(feet - horizon, 0.05)))
        return horizon, PERSON_M / rng.uniform(1.5, 3.0)
    best = (math.inf, 0.42, 1.0)
    for horizon in _HORIZONS:
        rise = tall / np.maximum(feet - horizon, 0.01)
        middle = float(np.median(rise))
        doubt = (
            float(np.median(np.abs(np.log(rise / middle)))) + ((horizon - 0.42) / 0.25) ** 2 * 0.1
        )
        best = min(best, (doubt, float(horizon), middle))
    return best[1], best[2]


def _persons(backdrop: Backdrop) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the feet of those who stand are, and how tall they are (shares of the height)."""
    height, width = backdrop.image.shape[:2]
    rows = []
    for thing in backdrop.standing:
        x0, y0, x1, y1 = thing.xyxy
        shape = (y1 - y0) * height / max((x1 - x0) * width, 1e-6)
        if thing.label == "person" and _UPRIGHT[0] < shape < _UPRIGHT[1] and y1 < 0.985:
            rows.append((y1, y1 - y0))
    table = np.array(rows).reshape(-1, 2)
    return table[:, 0], table[:, 1]
