"""Labels that come back from CVAT or Label Studio: COCO and YOLO, as a folder or a zip.

Known forms: COCO JSON (CVAT `annotations/instances_default.json`, Label Studio `result.json`), YOLO
1.1 with `obj.names` (CVAT), YOLO with `data.yaml` (CVAT's Ultralytics form) and YOLO with
`classes.txt` (Label Studio). Pictures are found by their file names, in the export or elsewhere.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from training.label import Box, box_from_corners, read_boxes
from training.own_set import Incoming, safe_stem
from training.picture_set import PICTURE_SUFFIXES

DEFAULT_NAMES = r"(?P<camera>.+)_(?P<day>\d{8})T\d{6}"
"""Names as `dataset reviewed` and `dataset choose` give them."""

_UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-")
"""Label Studio puts eight hexadecimal digits before an uploaded file's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One picture of an export."""

    name: str  # of the file, without folders
    boxes: tuple[tuple[str, Box], ...]  # the tool's class name, and the rectangle (class id 0)
    crowds: tuple[Box, ...] = ()  # regions with several objects, which count neither way


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What a labelling tool wrote."""

    names: tuple[str, ...]  # its classes
    pictures: tuple[Labelled, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRule:
    """How an export becomes a set."""

    classes: tuple[str, ...]  # the product's, all of which were labelled wherever they were seen
    renamed: dict[str, str] = field(default_factory=dict)  # the tool's class name -> ours
    name_pattern: str = (
        DEFAULT_NAMES  # groups `camera` and `day` (eight digits) of a picture's stem
    )


def read_export(folder: Path) -> Export:
    """Raises ValueError naming the folder or file that is not as a known tool writes it."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in files:
        if path.suffix == ".json" and path.name != "notes.json":
            record = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(record, dict) and {"images", "annotations", "categories"} <= set(record):
                return _named(path, _coco, record)
    for marker, names_of in (
        ("obj.names", _lines),
        ("data.yaml", _yaml_names),
        ("classes.txt", _lines),
    ):
        for path in files:
            if path.name == marker:
                return _yolo(path.parent, tuple(names_of(path)))
    raise ValueError(
        f"{folder}: neither COCO (a JSON with images, annotations and categories) nor YOLO "
        "(obj.names, data.yaml or classes.txt)"
    )


def incoming(
    export: Export, places: Sequence[Path], rule: ImportRule, dropped: Counter[str]
) -> Iterator[Incoming]:
    """The export's pictures as a set takes them; `dropped` counts what was left out, by reason."""
    files = _files_by_name(places)
    for picture in export.pictures:
        path = files.get(picture.name) or files.get(_UPLOAD_PREFIX.sub("", picture.name))
        if path is None:
            dropped[f"picture {picture.name} not found"] += 1
            continue
        boxes = []
        for name, box in picture.boxes:
            ours = rule.renamed.get(name, name)
            if ours in rule.classes:
                boxes.append(box.with_class(rule.classes.index(ours)))
            else:
                dropped[f"class {name}"] += 1
        camera, day = _origin(path.stem, rule.name_pattern)
        yield Incoming(
            stem=safe_stem(path.stem),
            suffix=path.suffix.lower(),
            data=path.read_bytes(),
            camera=camera,
            day=day,
            boxes=tuple(boxes),
            ignored=picture.crowds,
        )


def _origin(stem: str, pattern: str) -> tuple[str, str]:
    """Camera and day. Where the name tells neither, names that differ only in their last number
    are taken for one camera's: neighbouring frames must not stand on both sides of a split."""
    plain = _UPLOAD_PREFIX.sub("", stem)
    match = re.match(pattern, plain)
    if match is None:
        return re.sub(r"[-_ ]*\d+$", "", plain) or "unnamed", "unknown"
    day = match.group("day")
    return match.group("camera"), f"{day[:4]}-{day[4:6]}-{day[6:]}"


def _files_by_name(places: Sequence[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for place in places:
        for path in sorted(place.rglob("*")):
            if path.suffix.lower() in PICTURE_SUFFIXES:
                found.setdefault(path.name, path)
                found.setdefault(_UPLOAD_PREFIX.sub("", path.name), path)
    return found


def _named(path: Path, read: Any, record: dict[str, Any]) -> Export:
    try:
        export: Export = read(record)
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise ValueError(f"{path}: not as COCO describes it: {error!r}") from error
    return export


def _coco(record: dict[str, Any]) -> Export:
    names = {item["id"]: str(item["name"]) for item in record["categories"]}
    boxes: dict[Any, list[tuple[str, Box]]] = {item["id"]: [] for item in record["images"]}
    crowds: dict[Any, list[Box]] = {item["id"]: [] for item in record["images"]}
    sizes = {item["id"]: (item["width"], item["height"]) for item in record["images"]}
    for item in record["annotations"]:
        box = _coco_box(item, *sizes[item["image_id"]])
        if box is None:
            continue
        if item.get("iscrowd"):
            crowds[item["image_id"]].append(box)
        else:
            boxes[item["image_id"]].append((names[item["category_id"]], box))
    pictures = [
        Labelled(
            # Label Studio writes paths of its own machine, with either slash
            name=str(item["file_name"]).replace("\\", "/").rpartition("/")[2],
            boxes=tuple(boxes[item["id"]]),
            crowds=tuple(crowds[item["id"]]),
        )
        for item in record["images"]
    ]
    return Export(names=tuple(names.values()), pictures=tuple(pictures))


def _coco_box(item: dict[str, Any], width: float, height: float) -> Box | None:
    """The upright rectangle; CVAT tells a turned one by its angle in degrees beside it."""
    x, y, w, h = (float(value) for value in item["bbox"])
    angle = math.radians(float(item.get("attributes", {}).get("rotation", 0)))
    across = abs(w * math.cos(angle)) + abs(h * math.sin(angle))
    down = abs(w * math.sin(angle)) + abs(h * math.cos(angle))
    left, top = x + (w - across) / 2, y + (h - down) / 2
    return box_from_corners(
        0, left / width, top / height, (left + across) / width, (top + down) / height
    )


def _yolo(folder: Path, names: tuple[str, ...]) -> Export:
    pictures = []
    texts = {path.stem: path for path in sorted(folder.rglob("*.txt")) if _is_label_file(path)}
    stems = dict.fromkeys(texts)
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in PICTURE_SUFFIXES:
            stems.setdefault(path.stem)
    images = {
        path.stem: path.name
        for path in folder.rglob("*")
        if path.suffix.lower() in PICTURE_SUFFIXES
    }
    for stem in stems:
        rows = read_boxes(texts[stem]) if stem in texts else []
        unknown = [row.class_id for row in rows if row.class_id >= len(names)]
        if unknown:
            raise ValueError(f"{texts[stem]}: class {unknown[0]}, but there are {len(names)} names")
        boxes = tuple((names[row.class_id], row.with_class(0)) for row in rows)
        pictures.append(Labelled(name=images.get(stem, f"{stem}.jpg"), boxes=boxes))
    return Export(names=names, pictures=tuple(pictures))


def _is_label_file(path: Path) -> bool:
    """Not the lists of pictures and classes that stand beside them."""
    return path.name not in ("classes.txt", "train.txt", "valid.txt", "val.txt", "test.txt")


def _lines(path: Path) -> list[str]:
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _yaml_names(path: Path) -> list[str]:
    names = yaml.safe_load(path.read_text(encoding="utf-8"))["names"]
    return [str(names[key]) for key in sorted(names)] if isinstance(names, dict) else list(names)
