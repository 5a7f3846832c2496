"""Exports as CVAT and Label Studio write them come in; sets go out and come back the same."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from training.commands import app
from training.label import Box, read_boxes
from training.labelling_export import FORMS, export_set
from training.labelling_import import ImportRule, incoming, read_export
from training.own_set import Incoming, read_own_set, write_own_set

WRITTEN = Path(__file__).parent / "labelling"
TOOLS = sorted(path.name for path in WRITTEN.iterdir() if path.is_dir())
CLASSES = ("stall", "cart", "ground_goods")
EXPECTED = {
    "street_1": [("stall", 0.25, 0.4, 0.3, 0.4)],
    "street_2": [("cart", 0.625, 0.625, 0.25, 0.25)],
    "street_3": [],
}


def picture(seed: int) -> bytes:
    image = np.random.default_rng(seed).integers(0, 255, (90, 160, 3), np.uint8)
    return cv2.imencode(".jpg", image)[1].tobytes()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in (1, 2, 3):
        (folder / f"street_{number}.jpg").write_bytes(picture(number))
    return folder


def rows(folder: Path) -> dict[str, list[tuple[str, float, float, float, float]]]:
    own = read_own_set(folder)
    return {
        Path(item.file).stem: [
            (own.classes[b.class_id], *(round(v, 3) for v in (b.cx, b.cy, b.w, b.h)))
            for b in read_boxes(folder / "labels" / f"{Path(item.file).stem}.txt")
        ]
        for item in own.pictures
    }


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("zipped", [False, True])
def test_what_the_tools_write_is_read(tmp_path: Path, pictures: Path, tool: str, zipped: bool):
    source = WRITTEN / tool
    if zipped:
        source = Path(shutil.make_archive(str(tmp_path / "export"), "zip", source))
    command = ["dataset", "import", str(source), str(tmp_path / "set"), "--pictures", str(pictures)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert rows(tmp_path / "set") == EXPECTED
    assert "Garbage bin: 1" in done.output
    assert read_own_set(tmp_path / "set").labelled == ("stall", "cart")


def test_a_class_that_the_tool_names_otherwise_is_renamed(tmp_path: Path, pictures: Path):
    rule = ImportRule(classes=CLASSES, renamed={"Garbage bin": "ground_goods"})
    dropped: Counter[str] = Counter()
    taken = list(incoming(read_export(WRITTEN / "cvat_coco"), [pictures], rule, dropped))
    assert not dropped
    assert [box.class_id for item in taken for box in item.boxes] == [0, 2, 1]


def test_a_picture_that_is_not_there_is_named(tmp_path: Path, pictures: Path):
    (pictures / "street_2.jpg").unlink()
    dropped: Counter[str] = Counter()
    rule = ImportRule(classes=CLASSES)
    taken = list(incoming(read_export(WRITTEN / "cvat_yolo"), [pictures], rule, dropped))
    assert [item.stem for item in taken] == ["street_1", "street_3"]
    assert dropped["picture street_2.jpg not found"] == 1


def coco(tmp_path: Path, **annotation: object) -> Path:
    record = json.loads((WRITTEN / "cvat_coco/annotations/instances_default.json").read_text())
    record["annotations"][0] |= annotation
    (tmp_path / "coco").mkdir()
    (tmp_path / "coco" / "instances.json").write_text(json.dumps(record))
    return tmp_path / "coco"


def test_a_turned_rectangle_becomes_the_upright_one_around_it(tmp_path: Path):
    turned = {"occluded": False, "rotation": 90.0}
    export = read_export(coco(tmp_path, attributes=turned))
    box = export.pictures[0].boxes[0][1]
    assert (box.w * 160, box.h * 90) == pytest.approx((36, 48))
    assert (box.cx * 160, box.cy * 90) == pytest.approx((40, 36))


def test_a_crowd_counts_neither_way(tmp_path: Path, pictures: Path):
    export = read_export(coco(tmp_path, iscrowd=1))
    taken = list(incoming(export, [pictures], ImportRule(classes=CLASSES), Counter()))
    write_own_set(tmp_path / "set", "labelled", "own", CLASSES, CLASSES, taken)
    (ignored,) = read_boxes(tmp_path / "set" / "ignore" / "street_1.txt")
    assert (ignored.cx, ignored.cy) == pytest.approx((0.25, 0.4))


@pytest.mark.parametrize("annotation", [{"image_id": 99}, {"bbox": [1, 2]}, {"category_id": 9}])
def test_a_broken_coco_file_is_named(tmp_path: Path, annotation: dict):
    with pytest.raises(ValueError, match=r"instances\.json"):
        read_export(coco(tmp_path, **annotation))


def test_a_folder_of_no_known_tool_is_refused(tmp_path: Path, pictures: Path):
    done = CliRunner().invoke(app, ["dataset", "import", str(pictures), str(tmp_path / "set")])
    assert done.exit_code == 2
    assert "neither COCO" in done.output
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_set_goes_out_and_comes_back(tmp_path: Path, form: str):
    made = [
        Incoming(
            stem=f"corner_2026050{n}T010203_{n:06}",
            suffix=".jpg",
            data=picture(n),
            camera="corner",
            day=f"2026-05-0{n}",
            boxes=(Box(class_id=n % 2, cx=0.5, cy=0.4, w=0.2, h=0.3),) if n < 3 else (),
        )
        for n in (1, 2, 3)
    ]
    write_own_set(tmp_path / "set", "own", "own", CLASSES, CLASSES, made)
    assert export_set(tmp_path / "set", tmp_path / "out", form) == 3
    back = ["dataset", "import", str(tmp_path / "out"), str(tmp_path / "back")]
    done = CliRunner().invoke(app, back)
    assert done.exit_code == 0, done.output
    assert rows(tmp_path / "back") == rows(tmp_path / "set")
    listed = read_own_set(tmp_path / "back").pictures
    assert {(item.camera, item.day) for item in listed} == {
        ("corner", f"2026-05-0{n}") for n in (1, 2, 3)
    }


def test_neighbouring_frames_without_a_day_share_a_site(tmp_path: Path, pictures: Path):
    export = read_export(WRITTEN / "cvat_yolo")
    taken = list(incoming(export, [pictures], ImportRule(classes=CLASSES), Counter()))
    assert {(item.camera, item.day) for item in taken} == {("street", "unknown")}


def test_a_zip_cannot_write_outside(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("../escaped.txt", "x")
    done = CliRunner().invoke(
        app, ["dataset", "import", str(tmp_path / "bad.zip"), str(tmp_path / "set")]
    )
    assert done.exit_code == 2
    assert not (tmp_path / "escaped.txt").exists()
