"""Sets of pictures: where each lies, what it labels, how its sites are told apart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from training.judged import Judged, judged_of
from training.tile import TileRule

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png")

LISTING = "set.json"
"""Says of each picture of one's own set where it comes from and what in it was judged."""

Side = Literal["train", "val", "newest"]
"""`val` is frozen: what once stood there never trains. `newest` is measured beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSet:
    """One folder of pictures from known origins."""

    name: str  # unique, as in datasets/<name>
    folder: str  # relative to the data root
    licence: str  # as stated by the source
    label_folder: str | None = (
        "labels"  # None: the pictures are looked through and hold none of `labelled`
    )
    classes: tuple[str, ...] = ()  # class names in the order of the label files; "" drops a class
    labelled: tuple[str, ...] = ()  # classes labelled everywhere in the set: absence is a negative
    ignore_folder: str | None = None  # regions that count neither way
    block: int = 1  # neighbouring picture numbers that share a site
    origins: tuple[
        tuple[str, str], ...
    ] = ()  # (pattern of the file's stem, origin); first match counts
    taught: bool = False  # a COCO teacher fills in the context classes
    image_folder: str = "images"
    only: str = r".*"  # pattern of the stems that belong to the set
    site_pattern: str | None = None  # its first group names the site; else blocks of numbers
    more_labels: tuple[
        tuple[str, tuple[str, ...]], ...
    ] = ()  # further label folders, their classes
    repeat: int = 1  # how often each training picture stands in a dataset; 0: it only validates
    roughen: bool = False  # the repeats are squeezed, equalised, noisy and compressed again
    turns: bool = False  # the repeats are turned by a quarter each (pictures from above)
    tiles: TileRule | None = None  # how training pictures are cut
    listed: bool = False  # cameras, days, sides and judged places stand in LISTING


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture of a set with the site it belongs to."""

    path: Path
    set_name: str
    origin: str
    site: str  # pictures of one site never stand on both sides of a split
    label_path: Path | None = field(default=None)
    ignore_path: Path | None = field(default=None)
    more_label_paths: tuple[Path | None, ...] = ()
    side: Side | None = None  # None: the split's rule decides
    judged: tuple[Judged, ...] | None = None  # None: labelled as the set says

    @property
    def key(self) -> str:
        """File-name-safe name, unique over all sets."""
        return f"{self.set_name}__{self.path.stem}".replace("/", "-").replace(" ", "_")


def pictures_of(source: PictureSet, root: Path) -> Iterator[Picture]:
    """All pictures of a set in name order."""
    folder = root / source.folder
    images = folder / source.image_folder
    if not images.is_dir():
        raise FileNotFoundError(f"set {source.name}: no folder {images}")
    if source.listed:
        yield from _listed(source, folder)
        return
    for path in sorted(images.iterdir()):
        if path.suffix.lower() not in PICTURE_SUFFIXES or not re.match(source.only, path.stem):
            continue
        yield Picture(
            path=path,
            set_name=source.name,
            origin=origin_of(source, path.stem),
            site=site_of(source, path.stem),
            label_path=_beside(folder, source.label_folder, path.stem),
            ignore_path=_beside(folder, source.ignore_folder, path.stem),
            more_label_paths=tuple(
                _beside(folder, kind, path.stem) for kind, _ in source.more_labels
            ),
        )


def _listed(source: PictureSet, folder: Path) -> Iterator[Picture]:
    listing = json.loads((folder / LISTING).read_text(encoding="utf-8"))
    for record in sorted(listing["pictures"], key=lambda item: str(item["file"])):
        yield _from_listing(source, folder, record)


def _from_listing(source: PictureSet, folder: Path, record: dict[str, Any]) -> Picture:
    path = folder / source.image_folder / record["file"]
    judged = record.get("judged")
    return Picture(
        path=path,
        set_name=source.name,
        origin=source.name,
        site=f"{source.name}/{record['camera']}/{record['day']}",
        label_path=_beside(folder, source.label_folder, path.stem),
        ignore_path=_beside(folder, source.ignore_folder, path.stem),
        side=record.get("side"),
        judged=None if judged is None else tuple(map(judged_of, judged)),
    )


def origin_of(source: PictureSet, stem: str) -> str:
    """Who published the picture."""
    for pattern, origin in source.origins:
        if re.match(pattern, stem):
            return origin
    return source.name


def site_of(source: PictureSet, stem: str) -> str:
    """The block of neighbouring numbers a picture stands in; train_/val_/test_ are dropped."""
    if source.site_pattern is not None:
        named = re.match(source.site_pattern, stem)
        if named is None:
            raise ValueError(f"set {source.name}: no site in the name {stem!r}")
        return f"{source.name}/{named.group(1)}"
    match = re.search(r"(\d+)$", stem)
    plain = re.sub(r"_(train|val|test)(?=_)", "", stem)
    if match is None or source.block <= 1:
        return f"{source.name}/{plain}"
    prefix = re.sub(r"\d+$", "", plain)
    return f"{source.name}/{prefix}{int(match.group(1)) // source.block}"


def _beside(folder: Path, kind: str | None, stem: str) -> Path | None:
    if kind is None:
        return None
    path = folder / kind / f"{stem}.txt"
    return path if path.is_file() else None
