"""Pictures that are composed out of a built dataset's own, added to its training side."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.copies import JPEG_QUALITY, repeats_among
from training.dataset import Dataset, Entry, read_dataset, write_dataset
from training.label import Box, read_boxes, write_boxes


def plain_dataset(folder: Path) -> Dataset:
    """A built dataset. Raises ValueError for one that holds composed pictures already."""
    dataset = read_dataset(folder)
    if any(entry.made for entry in dataset.entries):
        raise ValueError(f"{folder}: holds composed pictures already")
    return dataset


def originals(dataset: Dataset) -> list[Entry]:
    """Training pictures as they were taken, without their repeats."""
    train = [e for e in dataset.entries if e.split == "train"]
    repeats = repeats_among([e.name for e in train])
    return [e for e in train if e.name not in repeats]


def labels_of(folder: Path, entry: Entry) -> list[Box]:
    """Those of a training picture."""
    return read_boxes(_labels(folder, entry.name))


def picture_of(folder: Path, entry: Entry) -> NDArray[np.uint8]:
    """A training picture, (H, W, 3) BGR. Raises FileNotFoundError."""
    image = cv2.imread(str(_image(folder, entry.name)))
    if image is None:
        raise FileNotFoundError(f"{folder}: picture {entry.name} is missing")
    return np.asarray(image, np.uint8)


def composed_name(of: Entry, suffix: str) -> str:
    """What is made of a picture is called so."""
    return f"{Path(of.name).stem}__{suffix}.jpg"


def write_composed(
    folder: Path, of: Entry, suffix: str, image: NDArray[np.uint8], boxes: Sequence[Box]
) -> Entry:
    """Writes what was made of a picture, under its name and a suffix."""
    name = composed_name(of, suffix)
    target = _image(folder, name)
    cv2.imwrite(str(target), image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    write_boxes(_labels(folder, name), list(boxes))
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    return replace(of, name=name, sha256=digest, made=True)


def grown(folder: Path, dataset: Dataset, made: Sequence[Entry]) -> Dataset:
    """The dataset with them, as it is written."""
    result = replace(dataset, entries=(*dataset.entries, *made))
    write_dataset(result, folder)
    return result


def _image(folder: Path, name: str) -> Path:
    return folder / "images" / "train" / name


def _labels(folder: Path, name: str) -> Path:
    return (folder / "labels" / "train" / name).with_suffix(".txt")
