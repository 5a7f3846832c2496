"""Precision-recall curves and the confusion table as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from training.dataset import Dataset
from training.evaluate import Seen, match_seen
from training.match import PictureMatch, average_precision

SIDE_PX: Final = 560
MARGIN_PX: Final = 60
LEGEND_PX: Final = 300
CELL_PX: Final = 84
NAME_PX: Final = 150

_COLOURS: Final = (  # BGR, told apart by people with colour-blindness
    (178, 114, 0),
    (0, 94, 213),
    (115, 158, 0),
    (167, 121, 204),
    (0, 159, 230),
    (233, 180, 86),
    (66, 228, 240),
    (0, 0, 0),
    (120, 120, 120),
    (60, 20, 220),
)
_BLACK: Final = (0, 0, 0)
_GREY: Final = (215, 215, 215)


def curve(matches: Sequence[PictureMatch]) -> tuple[np.ndarray, np.ndarray]:
    """Recall and precision (N,) from the best-scored prediction downwards, at overlap 0.5."""
    labels = sum(match.labels for match in matches)
    score = np.concatenate([match.score for match in matches])
    hit = np.concatenate([match.hit[:, 0] for match in matches])[np.argsort(-score, kind="stable")]
    true = np.cumsum(hit)
    return true / max(labels, 1), true / np.arange(1, len(hit) + 1)


def write_curves(dataset: Dataset, seen: Sequence[Seen], target: Path) -> None:
    """One curve for each class with labels, over all origins."""
    canvas = _axes()
    row = 0
    for number, name in enumerate(dataset.classes):
        pictures = [item for item in seen if name in item.entry.labelled]
        matches = [match_seen(dataset, item, (name,)) for item in pictures]
        if not sum(match.labels for match in matches):
            continue
        colour = _COLOURS[number % len(_COLOURS)]
        recall, precision = curve(matches)
        points = np.stack([_x(recall), _y(precision)], 1).round().astype(np.int32)
        cv2.polylines(canvas, [points.reshape(-1, 1, 2)], False, colour, 2, cv2.LINE_AA)
        y = MARGIN_PX + 24 * row + 10
        left = MARGIN_PX + SIDE_PX + 20
        cv2.line(canvas, (left, y - 4), (left + 24, y - 4), colour, 3)
        _text(canvas, f"{name} AP50 {average_precision(matches)[0]:.2f}", (left + 32, y))
        row += 1
    _write(canvas, target)


def write_confusion(dataset: Dataset, table: np.ndarray, target: Path) -> None:
    """Rows are labels, columns detections; shades are shares of the row."""
    names = [*dataset.classes, "nothing"]
    size = NAME_PX + CELL_PX * len(names)
    canvas = np.full((size, size, 3), 255, np.uint8)
    shares = table / np.maximum(table.sum(1, keepdims=True), 1)
    for row, name in enumerate(names):
        top = NAME_PX + row * CELL_PX
        _text(canvas, name, (6, top + CELL_PX // 2 + 5))
        column_name = np.full((CELL_PX, NAME_PX, 3), 255, np.uint8)
        _text(column_name, name, (6, CELL_PX // 2 + 5))
        turned = np.rot90(column_name)
        canvas[:NAME_PX, top : top + CELL_PX] = turned
        for column in range(len(names)):
            left = NAME_PX + column * CELL_PX
            shade = float(shares[row, column])
            colour = (255 - 77 * shade, 255 - 141 * shade, 255 - 255 * shade)
            cell = (left, top), (left + CELL_PX - 1, top + CELL_PX - 1)
            cv2.rectangle(canvas, *cell, colour, -1)
            cv2.rectangle(canvas, *cell, _GREY, 1)
            ink = (255, 255, 255) if shade > 0.6 else _BLACK
            place = (left + 8, top + CELL_PX // 2 + 5)
            _text(canvas, str(int(table[row, column])), place, ink)
    _write(canvas, target)


def _axes() -> np.ndarray:
    size = SIDE_PX + 2 * MARGIN_PX
    canvas = np.full((size, size + LEGEND_PX, 3), 255, np.uint8)
    for step in range(11):
        value = np.array([step / 10])
        x, y = round(float(_x(value)[0])), round(float(_y(value)[0]))
        cv2.line(canvas, (x, MARGIN_PX), (x, MARGIN_PX + SIDE_PX), _GREY, 1)
        cv2.line(canvas, (MARGIN_PX, y), (MARGIN_PX + SIDE_PX, y), _GREY, 1)
        if step % 2 == 0:
            _text(canvas, f"{step / 10:.1f}", (x - 12, MARGIN_PX + SIDE_PX + 20))
            _text(canvas, f"{step / 10:.1f}", (MARGIN_PX - 36, y + 5))
    _text(canvas, "recall", (MARGIN_PX + SIDE_PX // 2 - 20, size - 14))
    _text(canvas, "precision", (8, MARGIN_PX - 18))
    return canvas


def _x(value: np.ndarray) -> np.ndarray:
    return MARGIN_PX + value * SIDE_PX


def _y(value: np.ndarray) -> np.ndarray:
    return MARGIN_PX + (1 - value) * SIDE_PX


def _text(
    canvas: np.ndarray,
    text: str,
    at: tuple[int, int],
    colour: tuple[int, int, int] = _BLACK,
) -> None:
    cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1, cv2.LINE_AA)


def _write(canvas: np.ndarray, target: Path) -> None:
    if not cv2.imwrite(str(target), canvas):
        raise OSError(f"{target}: cannot be written")
