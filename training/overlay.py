"""Rendered things laid over the photographs that they were rendered for.

After Dwibedi, Misra, Hebert, "Cut, Paste and Learn" (ICCV 2017), with things rendered in the
photograph's own perspective instead of cut out (`datasets/scenes/render_overlays.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.composed import composed_name, grown, labels_of, picture_of, write_composed
from training.dataset import Dataset, Entry, read_dataset
from training.label import Box, box_from_corners
from training.roughen import roughened, seed_of

FORMAT: Final = 1
_OPAQUE: Final = 0.95
"""What is less so is a shadow, which hides nothing."""
_HIDDEN: Final = 0.6
_GAMMA: Final = 2.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """What was rendered for one photograph."""

    path: Path  # (H, W, 4), of the photograph's shape at any size
    of: str  # the photograph's name in the dataset
    boxes: tuple[tuple[str, tuple[float, float, float, float]], ...]
    """Class, and corners as shares of the picture's sides."""


def overlays_in(folder: Path) -> list[Overlay]:
    """Those of one run of the renderer. Raises FileNotFoundError, ValueError."""
    file = folder / "overlays.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    if record.get("format") != FORMAT:
        raise ValueError(f"{file}: format {record.get('format')} instead of {FORMAT}")
    return [_overlay_of(folder, item) for item in record["overlays"]]


def _overlay_of(folder: Path, item: dict[str, Any]) -> Overlay:
    return Overlay(
        path=folder / item["file"],
        of=item["of"],
        boxes=tuple((box["label"], tuple(box["xyxy"])) for box in item["boxes"]),
    )


def lay_over(folder: Path, overlays: Sequence[Overlay]) -> Dataset:
    """Adds to a built dataset's training side each photograph with its overlay, once as it is and
    once in poor quality; returns the dataset as written. Overlays of photographs that are not on
    that side are left out. Raises ValueError where none is, or a name was added before."""
    dataset = read_dataset(folder)
    train = {entry.name: entry for entry in dataset.entries if entry.split == "train"}
    wanted = [overlay for overlay in overlays if overlay.of in train]
    if not wanted:
        raise ValueError(f"{folder}: none of the overlays is of a training picture")
    names = [composed_name(train[overlay.of], overlay.path.stem) for overlay in wanted]
    if set(names) & set(train) or len(set(names)) < len(names):
        raise ValueError(f"{folder}: overlays of these names are in it already")
    made: list[Entry] = []
    for overlay in wanted:
        made += _laid(folder, train[overlay.of], overlay, dataset.classes)
    return grown(folder, dataset, made)


def _laid(folder: Path, of: Entry, overlay: Overlay, classes: tuple[str, ...]) -> list[Entry]:
    image = picture_of(folder, of)
    drawn = cv2.imread(str(overlay.path), cv2.IMREAD_UNCHANGED)
    if drawn is None or drawn.ndim != 3 or drawn.shape[2] != 4:
        raise ValueError(f"{overlay.path}: no picture with an alpha channel")
    size = (image.shape[1], image.shape[0])
    over = np.asarray(cv2.resize(drawn, size) / 255, np.float32)
    alpha = over[..., 3]
    boxes = _boxes(overlay, classes, labels_of(folder, of), alpha >= _OPAQUE)
    composed = _composed(image, over[..., :3], alpha[..., None])
    suffix = overlay.path.stem
    rough = roughened(composed, seed_of(f"{of.name}{suffix}", 1))
    return [
        write_composed(folder, of, suffix, composed, boxes),
        write_composed(folder, of, f"{suffix}_rough", np.asarray(rough, np.uint8), boxes),
    ]


def _composed(
    image: NDArray[np.uint8], colour: NDArray[np.float32], alpha: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Mixed as light is."""
    light = colour**_GAMMA * alpha + (image.astype(np.float32) / 255) ** _GAMMA * (1 - alpha)
    return np.asarray(np.round(light ** (1 / _GAMMA) * 255).astype(np.uint8))


def _boxes(
    overlay: Overlay, classes: tuple[str, ...], before: Sequence[Box], hides: NDArray[np.bool_]
) -> list[Box]:
    """Labels and masks of the photograph that can still be seen, and the rendered things'."""
    seen = [box for box in before if box.class_id >= len(classes) or _hidden(box, hides) < _HIDDEN]
    for label, corners in overlay.boxes:
        box = box_from_corners(classes.index(label), *corners) if label in classes else None
        if box is not None:
            seen.append(box)
    return seen


def _hidden(box: Box, hides: NDArray[np.bool_]) -> float:
    """Share of a box that something stands before."""
    height, width = hides.shape
    rows = slice(int((box.cy - box.h / 2) * height), int(np.ceil((box.cy + box.h / 2) * height)))
    columns = slice(int((box.cx - box.w / 2) * width), int(np.ceil((box.cx + box.w / 2) * width)))
    part = hides[rows, columns]
    return float(part.mean()) if part.size else 0.0
