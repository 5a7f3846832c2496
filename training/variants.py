"""Copies of pictures that part the state of a cover from what usually comes along with it.

Photographers step up to damage: sound covers stand far off in the pictures, broken ones fill them,
and a network learns the size. Here far covers also come near, and sound ones are broken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.breakage import broken
from training.close_up import close_up
from training.composed import (
    grown,
    labels_of,
    originals,
    picture_of,
    plain_dataset,
    write_composed,
)
from training.dataset import Dataset, Entry
from training.label import Box

SOUND, BROKEN = "cover_ok", "cover_damaged"
_STATES: Final = (SOUND, BROKEN, "cover_missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantConfig:
    """Which copies are made."""

    near: tuple[float, float] = (0.35, 0.95)  # of a close-up's side that its cover takes
    far: float = 0.45  # covers that take less of their picture's side come near
    broken_near: float = 0.6  # share of those far ones that are broken in a close-up
    min_side_px: int = 64  # smaller covers would be a blur
    seed: int = 0


@dataclass(frozen=True, slots=True)
class _Scene:
    """A training picture with its labels."""

    entry: Entry
    image: NDArray[np.uint8]
    boxes: list[Box]

    def side_px(self, box: Box) -> float:
        height, width = self.image.shape[:2]
        return float(max(box.w * width, box.h * height))

    def share(self, box: Box) -> float:
        return self.side_px(box) / float(max(self.image.shape[:2]))


def add_variants(folder: Path, config: VariantConfig) -> Dataset:
    """Adds the copies to the training side of a built dataset of covers; returns it as written.

    Raises ValueError for one that knows no covers or has been given its copies already.
    """
    dataset = plain_dataset(folder)
    if not set(_STATES) <= set(dataset.classes):
        raise ValueError(f"{folder}: a dataset of {dataset.model} knows no states of covers")
    chance = np.random.default_rng(config.seed)
    made = [
        write_composed(folder, scene.entry, suffix, variant.image, variant.boxes)
        for scene in _scenes(folder, dataset)
        for suffix, variant in _variants(scene, dataset.classes, config, chance)
    ]
    return grown(folder, dataset, made)


def _scenes(folder: Path, dataset: Dataset) -> Iterator[_Scene]:
    for entry in originals(dataset):
        yield _Scene(entry, picture_of(folder, entry), labels_of(folder, entry))


def _variants(
    scene: _Scene, classes: Sequence[str], config: VariantConfig, chance: np.random.Generator
) -> Iterator[tuple[str, _Scene]]:
    ids = [classes.index(name) for name in _STATES]
    covers = [
        box
        for box in scene.boxes
        if box.class_id in ids and scene.side_px(box) >= config.min_side_px
    ]
    if not covers:
        return
    chosen = covers[int(chance.integers(len(covers)))]
    if scene.share(chosen) < config.far:
        yield "near", _nearer(scene, chosen, len(classes), config, chance)
    sound = [box for box in covers if box.class_id == classes.index(SOUND)]
    if not sound:
        return
    chosen = sound[int(chance.integers(len(sound)))]
    image = broken(scene.image, chosen, chance)
    if image is None:
        return
    damaged = chosen.with_class(classes.index(BROKEN))
    boxes = [damaged if box is chosen else box for box in scene.boxes]
    result = _Scene(scene.entry, image, boxes)
    if scene.share(chosen) < config.far and chance.random() < config.broken_near:
        result = _nearer(result, damaged, len(classes), config, chance)
    yield "broken", result


def _nearer(
    scene: _Scene, cover: Box, classes: int, config: VariantConfig, chance: np.random.Generator
) -> _Scene:
    share = float(chance.uniform(*config.near))
    return _Scene(scene.entry, *close_up(scene.image, scene.boxes, cover, share, classes, chance))
