"""A set of one's own pictures: reviewed incidents, or labels that came back from a labelling tool.

Its folder holds `images/`, `labels/` (YOLO text) and `set.json`, which says of each picture which
camera took it on which day, on which side of the split it stands, and what in it was judged.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.judged import Judged, judged_of, objects_of
from training.label import Box, write_boxes
from training.picture_set import LISTING, PictureSet, Side

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPicture:
    """One picture as `set.json` lists it."""

    file: str  # name under images/
    camera: str
    day: str  # year-month-day
    side: Side | None  # None: the build's own rule decides
    sha256: str
    judged: tuple[Judged, ...] | None  # None: every object of the set's classes is labelled

    @property
    def record(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "camera": self.camera,
            "day": self.day,
            "side": self.side,
            "sha256": self.sha256,
            "judged": None if self.judged is None else [item.record for item in self.judged],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSet:
    """What `set.json` says."""

    name: str
    licence: str
    classes: tuple[str, ...]  # in the order of the label files
    labelled: tuple[str, ...]  # classes labelled everywhere; none where single places were judged
    pictures: tuple[OwnPicture, ...]

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", self.name):
            raise ValueError(f"set name {self.name!r}: letters, digits, '.', '_' and '-' only")


def read_own_set(folder: Path) -> OwnSet:
    """Raises ValueError naming the file, FileNotFoundError where there is none."""
    path = folder / LISTING
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["format"] != FORMAT:
            raise ValueError(f"format {record['format']} is not known")
        return OwnSet(
            name=record["name"],
            licence=record["licence"],
            classes=tuple(record["classes"]),
            labelled=tuple(record["labelled"]),
            pictures=tuple(map(_picture_of, record["pictures"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def picture_set(folder: Path, repeat: int = 1) -> PictureSet:
    """The folder as a set that a dataset can be built of; its repeats are roughened."""
    own = read_own_set(folder)
    return PictureSet(
        name=own.name,
        folder=str(folder.resolve()),
        licence=own.licence,
        classes=own.classes,
        labelled=own.labelled,
        ignore_folder="ignore",
        listed=True,
        repeat=repeat,
        roughen=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A picture to be written, its bytes as they are."""

    stem: str
    suffix: str  # with the dot
    data: bytes
    camera: str
    day: str
    side: Side | None = None
    judged: tuple[Judged, ...] | None = None
    boxes: tuple[Box, ...] = ()  # where `judged` is None
    ignored: tuple[Box, ...] = ()  # regions that count neither way


def write_own_set(
    folder: Path,
    name: str,
    licence: str,
    classes: tuple[str, ...],
    labelled: tuple[str, ...],
    pictures: Iterator[Incoming] | Sequence[Incoming],
) -> OwnSet:
    """Write the folder whole: an earlier set in it is replaced once the new one is complete.

    Raises FileExistsError for a folder with anything else in it.
    """
    with _replaced(folder) as place:
        (place / "images").mkdir(parents=True)
        listed = [_written(place, classes, item) for item in pictures]
        own = OwnSet(
            name=name, licence=licence, classes=classes, labelled=labelled, pictures=tuple(listed)
        )
        record = {
            "format": FORMAT,
            "name": name,
            "licence": licence,
            "classes": list(classes),
            "labelled": list(labelled),
            "pictures": [picture.record for picture in listed],
        }
        text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
        (place / LISTING).write_text(text, encoding="utf-8")
    return own


def safe_stem(text: str) -> str:
    """A file name's stem out of any text."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.") or "picture"


def _written(place: Path, classes: tuple[str, ...], item: Incoming) -> OwnPicture:
    file = f"{item.stem}{item.suffix}"
    (place / "images" / file).write_bytes(item.data)
    boxes = list(item.boxes) if item.judged is None else objects_of(item.judged, classes)
    write_boxes(place / "labels" / f"{item.stem}.txt", boxes)
    if item.ignored:
        write_boxes(place / "ignore" / f"{item.stem}.txt", list(item.ignored))
    return OwnPicture(
        file=file,
        camera=item.camera,
        day=item.day,
        side=item.side,
        sha256=hashlib.sha256(item.data).hexdigest(),
        judged=item.judged,
    )


@contextmanager
def _replaced(folder: Path) -> Iterator[Path]:
    if folder.exists() and any(folder.iterdir()) and not (folder / LISTING).is_file():
        raise FileExistsError(f"{folder} is not empty and holds no {LISTING}")
    place = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(place, ignore_errors=True)  # left by a run that was cut off
    try:
        yield place
        shutil.rmtree(folder, ignore_errors=True)
        place.rename(folder)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _picture_of(record: dict[str, Any]) -> OwnPicture:
    judged = record.get("judged")
    return OwnPicture(
        file=record["file"],
        camera=record["camera"],
        day=record["day"],
        side=record.get("side"),
        sha256=record["sha256"],
        judged=None if judged is None else tuple(map(judged_of, judged)),
    )
