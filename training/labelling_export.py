"""A set's labels in the forms that CVAT and Label Studio read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import yaml

from training.label import Box, read_boxes, write_boxes
from training.own_set import OwnSet, read_own_set


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One picture with its labels; class ids index the chosen classes."""

    path: Path
    boxes: tuple[Box, ...]


def export_set(folder: Path, out: Path, form: str) -> int:
    """Write a set as `coco`, `yolo` (Label Studio) or `cvat-yolo`; returns how many pictures.

    Only classes with a label, or labelled everywhere, are offered to the tool.
    """
    if form not in FORMS:
        raise ValueError(f"unknown form {form!r}; there are {', '.join(FORMS)}")
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty")
    own = read_own_set(folder)
    rows = {
        picture.file: read_boxes((folder / "labels" / picture.file).with_suffix(".txt"))
        for picture in own.pictures
    }
    names = _names(own, [box for boxes in rows.values() for box in boxes])
    items = [
        Item(
            path=folder / "images" / file,
            boxes=tuple(box.with_class(names.index(own.classes[box.class_id])) for box in boxes),
        )
        for file, boxes in rows.items()
    ]
    FORMS[form](items, names, out)
    return len(items)


def _names(own: OwnSet, boxes: Sequence[Box]) -> list[str]:
    used = {own.classes[box.class_id] for box in boxes} | set(own.labelled)
    used |= {
        name for picture in own.pictures for item in picture.judged or () for name in item.classes
    }
    return [name for name in own.classes if name in used]


def _coco(items: Sequence[Item], names: Sequence[str], out: Path) -> None:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, item in enumerate(items, 1):
        image = cv2.imread(str(item.path))
        if image is None:
            raise ValueError(f"{item.path}: not a readable picture")
        height, width = image.shape[:2]
        images.append({"id": number, "width": width, "height": height, "file_name": item.path.name})
        for box in item.boxes:
            w, h = box.w * width, box.h * height
            corner = [box.cx * width - w / 2, box.cy * height - h / 2, w, h]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": box.class_id + 1,
                    "bbox": [round(value, 3) for value in corner],
                    "area": round(w * h, 3),
                    "segmentation": [],
                    "iscrowd": 0,
                }
            )
        _copy(item.path, out / "images" / "default")
    record = {
        "info": {"description": "xunjie"},
        "licenses": [],
        "categories": [
            {"id": number, "name": name, "supercategory": ""}
            for number, name in enumerate(names, 1)
        ],
        "images": images,
        "annotations": annotations,
    }
    target = out / "annotations" / "instances_default.json"
    target.parent.mkdir(parents=True)
    target.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _yolo(items: Sequence[Item], names: Sequence[str], out: Path) -> None:
    for item in items:
        _copy(item.path, out / "images")
        write_boxes(out / "labels" / f"{item.path.stem}.txt", list(item.boxes))
    (out / "classes.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def _cvat_yolo(items: Sequence[Item], names: Sequence[str], out: Path) -> None:
    for item in items:
        _copy(item.path, out / "images" / "train")
        write_boxes(out / "labels" / "train" / f"{item.path.stem}.txt", list(item.boxes))
    lines = "".join(f"images/train/{item.path.name}\n" for item in items)
    (out / "train.txt").write_text(lines, encoding="utf-8")
    record = {"path": "./", "train": "train.txt", "names": dict(enumerate(names))}
    text = yaml.safe_dump(record, allow_unicode=True, sort_keys=False)
    (out / "data.yaml").write_text(text, encoding="utf-8")


def _copy(path: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, folder / path.name)


FORMS: Final[dict[str, Callable[[Sequence[Item], Sequence[str], Path], None]]] = {
    "coco": _coco,
    "yolo": _yolo,
    "cvat-yolo": _cvat_yolo,
}
