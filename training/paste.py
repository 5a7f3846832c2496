"""Guided copy-paste: real objects set on the ground of other streets, as large as they stand far.

After Ghiasi et al., "Simple Copy-Paste is a Strong Data Augmentation Method for Instance
Segmentation" (CVPR 2021), with the place chosen: an object stands on the ground below the horizon,
and its height follows from where its foot is, as for a camera held level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from training.composed import (
    grown,
    labels_of,
    originals,
    picture_of,
    plain_dataset,
    write_composed,
)
from training.dataset import Dataset, Entry
from training.label import Box, box_from_corners

HORIZON: Final = 0.42
"""Where the ground begins, as a fraction of the picture's height; street pictures vary by ± 0.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasteConfig:
    """What is pasted where."""

    classes: tuple[str, ...]  # objects of these
    count: int  # pictures to make
    most: int = 4  # objects in one picture
    min_side_px: int = 40  # smaller objects are not worth copying
    near: float = 0.42  # height of an object whose foot is at the bottom, in picture heights
    spread: float = 0.35  # of the logarithm of that height
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutout:
    """One object cut from a picture."""

    class_id: int
    image: np.ndarray  # (H, W, 3) BGR
    alpha: np.ndarray  # (H, W) float32, 0 to 1


def paste_into(folder: Path, config: PasteConfig) -> Dataset:
    """Adds composed pictures to the training side of a built dataset; returns it as written."""
    dataset = plain_dataset(folder)
    chance = np.random.default_rng(config.seed)
    ids = [dataset.classes.index(name) for name in config.classes]
    cutouts = _cutouts(folder, dataset, ids, config)
    grounds = _grounds(folder, dataset, ids)
    if not cutouts or not grounds:
        raise ValueError(f"{folder}: nothing to paste, or no picture to paste on")
    made = []
    for number in range(config.count):
        ground = grounds[int(chance.integers(len(grounds)))]
        made.append(_compose(folder, ground, cutouts, number, config, chance))
    return grown(folder, dataset, made)


def _grounds(folder: Path, dataset: Dataset, ids: Sequence[int]) -> list[Entry]:
    """Pictures that show none of the classes."""
    return [
        entry
        for entry in originals(dataset)
        if not any(box.class_id in ids for box in labels_of(folder, entry))
    ]


def _cutouts(
    folder: Path, dataset: Dataset, ids: Sequence[int], config: PasteConfig
) -> list[Cutout]:
    found = []
    for entry in originals(dataset):
        boxes = [box for box in labels_of(folder, entry) if box.class_id in ids]
        if not boxes:
            continue
        image = picture_of(folder, entry)
        for box in boxes:
            if min(box.w * image.shape[1], box.h * image.shape[0]) >= config.min_side_px:
                found.append(cut_out(image, box))
    return found


def cut_out(image: np.ndarray, box: Box) -> Cutout:
    """The object in a box; its outline by GrabCut, or the whole box where that finds little."""
    height, width = image.shape[:2]
    x1, y1 = round((box.cx - box.w / 2) * width), round((box.cy - box.h / 2) * height)
    x2, y2 = round((box.cx + box.w / 2) * width), round((box.cy + box.h / 2) * height)
    margin = max(6, (x2 - x1) // 6)
    left, top = max(x1 - margin, 0), max(y1 - margin, 0)
    part = image[top : y2 + margin, left : x2 + margin]
    scale = min(1.0, 160 / max(part.shape[:2]))  # GrabCut's time grows with the pixels
    small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    rect = [round(v * scale) for v in (x1 - left, y1 - top, x2 - x1, y2 - y1)]
    mask = np.zeros(small.shape[:2], np.uint8)
    inside = np.s_[y1 - top : y2 - top, x1 - left : x2 - left]
    try:
        models = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.grabCut(small, mask, rect, *models, 3, cv2.GC_INIT_WITH_RECT)
        sure = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)
    except cv2.error:
        sure = np.zeros(small.shape[:2], np.float32)
    alpha = cv2.resize(sure, (part.shape[1], part.shape[0]))[inside]
    if alpha.size == 0 or alpha.mean() < 0.35:
        alpha = np.ones((y2 - y1, x2 - x1), np.float32)
    soft = max(1, min(alpha.shape) // 30) * 2 + 1
    return Cutout(
        class_id=box.class_id,
        image=part[inside],
        alpha=np.asarray(cv2.GaussianBlur(np.asarray(alpha, np.float32), (soft, soft), 0)),
    )


def _compose(
    folder: Path,
    ground: Entry,
    cutouts: Sequence[Cutout],
    number: int,
    config: PasteConfig,
    chance: np.random.Generator,
) -> Entry:
    image = picture_of(folder, ground)
    boxes: list[Box] = []
    feet = np.sort(HORIZON + (0.98 - HORIZON) * chance.random(int(chance.integers(1, config.most))))
    for foot in feet:  # the farthest first: what is nearer covers it
        cutout = cutouts[int(chance.integers(len(cutouts)))]
        box = _set_down(image, cutout, float(foot), config, chance)
        if box is not None:
            boxes = [other for other in boxes if _hidden(other, box) < 0.5]
            boxes.append(box)
    boxes += labels_of(folder, ground)
    return write_composed(folder, ground, f"p{number:04}", image, boxes)


def _set_down(
    image: np.ndarray,
    cutout: Cutout,
    foot: float,
    config: PasteConfig,
    chance: np.random.Generator,
) -> Box | None:
    """Draws the object into the picture; None where it would be too small or too large."""
    height, width = image.shape[:2]
    near = config.near * float(np.exp(chance.normal(0, config.spread)))
    tall = near * (foot - HORIZON) / (1 - HORIZON) * height
    scale = tall / cutout.image.shape[0]
    wide = cutout.image.shape[1] * scale
    if tall < 12 or wide < 12 or wide > 0.7 * width or scale > 1.6:
        return None
    size = (round(wide), round(tall))
    part = cv2.resize(cutout.image, size, interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(cutout.alpha, size)
    if chance.random() < 0.5:
        part, alpha = part[:, ::-1], alpha[:, ::-1]
    left = int(chance.integers(0, width - size[0]))
    top = max(round(foot * height) - size[1], 0)
    place = image[top : top + size[1], left : left + size[0]]
    part, alpha = part[: place.shape[0]], alpha[: place.shape[0], :, None]
    lit = np.clip(part * _light(part, place, chance), 0, 255)
    place[:] = (lit * alpha + place * (1 - alpha)).astype(np.uint8)
    return box_from_corners(
        cutout.class_id,
        left / width,
        top / height,
        (left + size[0]) / width,
        (top + place.shape[0]) / height,
    )


def _light(part: np.ndarray, place: np.ndarray, chance: np.random.Generator) -> float:
    """Half-way to the brightness of where it stands."""
    ratio = (place.mean() + 20) / (part.mean() + 20)
    return float(np.clip(ratio**0.5 * chance.uniform(0.85, 1.15), 0.5, 1.6))


def _hidden(far: Box, near: Box) -> float:
    """Share of the farther box that the nearer one covers."""
    wide = min(far.cx + far.w / 2, near.cx + near.w / 2) - max(
        far.cx - far.w / 2, near.cx - near.w / 2
    )
    high = min(far.cy + far.h / 2, near.cy + near.h / 2) - max(
        far.cy - far.h / 2, near.cy - near.h / 2
    )
    return max(wide, 0) * max(high, 0) / (far.w * far.h)
