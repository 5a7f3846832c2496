"""The picture files of a built dataset: scaled, cut into tiles, repeated, turned."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np

from detector.types.taxonomy import classes_of
from training.label import Box
from training.picture_set import Picture, PictureSet
from training.roughen import roughened, seed_of
from training.tile import Tile, tiles_of, turned

JPEG_QUALITY = 92
_REPEAT: Final = re.compile(r"__r\d+(?=\.jpg$)")


class Place(Protocol):
    """The part of a build's configuration that copying needs."""

    @property
    def model(self) -> str: ...
    @property
    def out(self) -> Path: ...
    @property
    def max_side_px(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One picture file of a built dataset."""

    key: str  # its name without the suffix
    sha256: str
    boxes: tuple[Box, ...]


def copies_of(
    source: PictureSet,
    picture: Picture,
    side: str,
    boxes: Sequence[Box],
    config: Place,
    number: int,
) -> Iterator[Copy]:
    """Write what one picture becomes: itself when validating, its tiles and repeats in training."""
    image = scaled_picture(picture.path, config.max_side_px)
    if side != "train":
        yield _written(config.out, side, picture.key, image, boxes)
        return
    for part, suffix in _parts(source, image, boxes, config.model, number):
        for turn in range(source.repeat):
            again = f"__r{turn}" if turn else ""
            image, rows = turned(part.image, part.boxes, turn if source.turns else 0)
            if turn and source.roughen:
                image = roughened(image, seed_of(picture.key, turn))
            yield _written(config.out, side, f"{picture.key}{suffix}{again}", image, rows)


def repeats_among(names: Collection[str]) -> frozenset[str]:
    """File names of training pictures that repeat another one of these."""
    known = frozenset(names)
    return frozenset(n for n in known if (base := _REPEAT.sub("", n)) != n and base in known)


def scaled_picture(path: Path, max_side_px: int) -> np.ndarray:
    """A BGR picture, scaled down when its longer side is over the limit."""
    image = cv2.imread(str(path))
    if image is None:
        raise ValueError(f"{path}: not a readable picture")
    scale = max_side_px / max(image.shape[:2])
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(image)


def _parts(
    source: PictureSet, image: np.ndarray, boxes: Sequence[Box], model: str, number: int
) -> Iterator[tuple[Tile, str]]:
    if source.tiles is None:
        yield Tile(image=image, boxes=tuple(boxes), row=0, column=0), ""
        return
    for tile in tiles_of(image, boxes, len(classes_of(model)), source.tiles, number):
        yield tile, f"__t{tile.row}{tile.column}"


def _written(out: Path, side: str, key: str, image: np.ndarray, boxes: Sequence[Box]) -> Copy:
    target = out / "images" / side / f"{key}.jpg"
    target.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(target), image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    return Copy(key=key, sha256=digest, boxes=tuple(boxes))
