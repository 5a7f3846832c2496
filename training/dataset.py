"""Builds a training dataset from picture sets: copies, labels, mask rows, split, manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from detector.types.taxonomy import CONTEXT_CLASSES, classes_of
from training.copies import Copy, copies_of
from training.judged import Judged, judged_of, labelled_in, objects_of, unjudged
from training.label import Box, read_boxes, write_boxes
from training.phash import hash_of_file, hashes_of_places
from training.picture_set import Picture, PictureSet, pictures_of
from training.split import LEFT_OUT, SplitRule, split_pictures
from training.teacher import Taught, TeacherConfig, teach

MASK_GRID = 3
"""Whole-picture masks are cut into this many columns and rows: cropping drops little then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildConfig:
    """What goes into a dataset."""

    model: str  # name in the taxonomy
    root: Path  # where the sets' folders lie
    out: Path  # an empty or missing folder
    split: SplitRule
    max_side_px: int = 1280  # larger pictures are scaled down
    teacher: TeacherConfig | None = None  # fills in context classes of sets that ask for it
    limit: int | None = None  # training pictures of sets that are not one's own, drawn by name


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One picture of a built dataset, as its manifest records it."""

    name: str  # file name under images/<split>
    split: str  # train, val, or newest (reviewed last)
    set_name: str
    origin: str
    site: str
    phash: str  # 16 hex digits
    sha256: str  # of the copied picture
    labelled: tuple[str, ...]  # classes whose absence is a negative
    made: bool = False  # composed or rendered, not photographed
    judged: tuple[Judged, ...] = ()  # what people judged in it, where it is reviewed footage


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A built dataset."""

    model: str
    classes: tuple[str, ...]
    mask_classes: tuple[tuple[int, ...], ...]  # what each mask row kind hides
    entries: tuple[Entry, ...]
    licences: dict[str, str]  # set name -> licence

    @property
    def sha256(self) -> str:
        """One hash over every picture, split and class list."""
        lines = sorted(f"{e.split} {e.name} {e.sha256}" for e in self.entries)
        text = "\n".join([",".join(self.classes), *lines])
        return hashlib.sha256(text.encode()).hexdigest()


def build_dataset(config: BuildConfig, sets: Sequence[PictureSet]) -> Dataset:
    """Copy, label, split; the result lies in `config.out` ready for training and evaluation."""
    if config.out.exists() and any(config.out.iterdir()):
        raise FileExistsError(f"{config.out} is not empty")
    classes = classes_of(config.model)
    pairs = [
        (source, picture)
        for source in sets
        for picture in pictures_of(source, config.root)
        if picture.judged is None or labelled_in(picture.judged, classes)
    ]
    pictures = [picture for _, picture in pairs]
    whole = [hash_of_file(picture.path) for picture in pictures]
    places = [_place_hashes(picture) for picture in pictures]
    hashes = [here[0] if here else value for here, value in zip(places, whole, strict=True)]
    sides = split_pictures(pictures, whole, config.split, places)
    _limit(pictures, sides, config.limit)
    masks = MaskTable(classes)
    kept = [pair for pair, side in zip(pairs, sides, strict=True) if side != LEFT_OUT]
    taught = _taught(kept, config.teacher)
    entries: list[Entry] = []
    for (source, picture), side, value in zip(pairs, sides, hashes, strict=True):
        if side == LEFT_OUT:
            continue
        boxes = _labels(source, picture, classes)
        if source.taught and config.teacher is not None:
            boxes += taught_boxes(taught[picture.key], classes, masks)
        boxes += _mask_rows(source, picture, config, masks)
        for copied in copies_of(source, picture, side, boxes, config, len(entries)):
            write_boxes(config.out / "labels" / side / f"{copied.key}.txt", list(copied.boxes))
            entries.append(_entry(source, picture, side, value, copied, config))
    dataset = Dataset(
        model=config.model,
        classes=classes,
        mask_classes=masks.rows(),
        entries=tuple(entries),
        licences={source.name: source.licence for source in sets},
    )
    write_dataset(dataset, config.out)
    return dataset


class MaskTable:
    """Numbers the kinds of mask rows: kind 0 hides all, others what some set leaves out."""

    def __init__(self, classes: tuple[str, ...]) -> None:
        self.classes = classes
        self._kinds: list[tuple[int, ...]] = [tuple(range(len(classes)))]

    def class_id(self, hidden: Sequence[str]) -> int:
        """Label class id of a mask row that hides these classes."""
        kind = tuple(sorted(self.classes.index(name) for name in hidden))
        if kind not in self._kinds:
            self._kinds.append(kind)
        return len(self.classes) + self._kinds.index(kind)

    def rows(self) -> tuple[tuple[int, ...], ...]:
        return tuple(self._kinds)


def taught_boxes(taught: Taught, classes: tuple[str, ...], masks: MaskTable) -> list[Box]:
    """The teacher's labels, and its doubts as mask rows."""
    labels = [box.with_class(classes.index(CONTEXT_CLASSES[box.class_id])) for box in taught.labels]
    hidden = masks.class_id(CONTEXT_CLASSES)
    return labels + [box.with_class(hidden) for box in taught.doubts]


def whole_picture(class_id: int) -> Iterator[Box]:
    """A mask over the whole picture, in tiles."""
    side = 1 / MASK_GRID
    for row in range(MASK_GRID):
        for column in range(MASK_GRID):
            yield Box(
                class_id=class_id, cx=(column + 0.5) * side, cy=(row + 0.5) * side, w=side, h=side
            )


def write_dataset(dataset: Dataset, out: Path) -> None:
    """The manifest, and the description ultralytics reads."""
    entries = [_entry_record(entry) for entry in dataset.entries]
    record = {**asdict(dataset), "entries": entries, "sha256": dataset.sha256}
    (out / "dataset.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    names = [*dataset.classes, *(f"mask_{kind}" for kind in range(len(dataset.mask_classes)))]
    held_out = any(entry.split == "val" for entry in dataset.entries)
    description = {
        "train": "images/train",
        # nothing held out: upstream still wants a folder, which is never measured
        "val": "images/val" if held_out else "images/train",
        "names": dict(enumerate(names)),
        "classes": list(dataset.classes),
        "mask_classes": [list(kind) for kind in dataset.mask_classes],
        "channels": 3,
    }
    (out / "data.yaml").write_text(json.dumps(description, indent=1), encoding="utf-8")


def read_dataset(folder: Path) -> Dataset:
    """A built dataset's manifest."""
    record = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    stated = record.pop("sha256")
    entries = tuple(map(_entry_of, record["entries"]))
    dataset = Dataset(
        model=record["model"],
        classes=tuple(record["classes"]),
        mask_classes=tuple(tuple(kind) for kind in record["mask_classes"]),
        entries=entries,
        licences=record["licences"],
    )
    if dataset.sha256 != stated:
        raise ValueError(f"{folder / 'dataset.json'}: its sha256 does not fit its entries")
    return dataset


def _entry_record(entry: Entry) -> dict[str, Any]:
    return {**asdict(entry), "judged": [item.record for item in entry.judged]}


def _entry_of(record: dict[str, Any]) -> Entry:
    judged = tuple(map(judged_of, record.get("judged", ())))  # not in earlier datasets
    return Entry(**{**record, "labelled": tuple(record["labelled"]), "judged": judged})


def _taught(
    pairs: Sequence[tuple[PictureSet, Picture]], teacher: TeacherConfig | None
) -> dict[str, Taught]:
    pictures = [picture for source, picture in pairs if source.taught]
    if teacher is None or not pictures:
        return {}
    results = teach([picture.path for picture in pictures], teacher)
    return {picture.key: taught for picture, taught in zip(pictures, results, strict=True)}


def _limit(pictures: Sequence[Picture], sides: list[str], limit: int | None) -> None:
    """Leaves out all but `limit` training pictures whose side is not fixed."""
    if limit is None:
        return
    train = [
        index
        for index, picture in enumerate(pictures)
        if sides[index] == "train" and picture.side is None
    ]
    train.sort(key=lambda index: hashlib.sha256(pictures[index].key.encode()).digest())
    for index in train[limit:]:
        sides[index] = LEFT_OUT


def _place_hashes(picture: Picture) -> tuple[int, ...]:
    if not picture.judged or picture.side is None:
        return ()
    return hashes_of_places(picture.path, [item.box for item in picture.judged])


def _labels(source: PictureSet, picture: Picture, classes: tuple[str, ...]) -> list[Box]:
    if picture.judged is not None:
        return objects_of(picture.judged, classes)
    if source.label_folder is None or picture.label_path is None:
        return []
    files = [(picture.label_path, source.classes)]
    for path, (_, names) in zip(picture.more_label_paths, source.more_labels, strict=True):
        if path is not None:
            files.append((path, names))
    boxes = []
    for path, names in files:
        for box in read_boxes(path):
            name = names[box.class_id]
            if name in classes:
                boxes.append(box.with_class(classes.index(name)))
    return boxes


def _mask_rows(
    source: PictureSet, picture: Picture, config: BuildConfig, masks: MaskTable
) -> list[Box]:
    if picture.judged is not None:
        return [
            box.with_class(masks.class_id(hidden))
            for hidden, box in unjudged(picture.judged, masks.classes)
        ]
    taught = CONTEXT_CLASSES if source.taught and config.teacher is not None else ()
    hidden = [name for name in masks.classes if name not in source.labelled and name not in taught]
    rows = list(whole_picture(masks.class_id(hidden))) if hidden else []
    if picture.ignore_path is not None:
        ignored = masks.class_id(source.labelled)
        rows += [box.with_class(ignored) for box in read_boxes(picture.ignore_path)]
    return rows


def _entry(
    source: PictureSet, picture: Picture, side: str, value: int, copied: Copy, config: BuildConfig
) -> Entry:
    taught = CONTEXT_CLASSES if source.taught and config.teacher is not None else ()
    known = classes_of(config.model)  # a set may also label what other models look for
    labelled = tuple(name for name in (*source.labelled, *taught) if name in known)
    if picture.judged is not None:
        labelled = labelled_in(picture.judged, known)
    return Entry(
        name=f"{copied.key}.jpg",
        split=side,
        set_name=source.name,
        origin=picture.origin,
        site=picture.site,
        phash=f"{value:016x}",
        sha256=copied.sha256,
        labelled=labelled,
        judged=picture.judged or (),
    )
