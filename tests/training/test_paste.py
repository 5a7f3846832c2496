"""Objects set on the ground of other pictures: where, how large, and what is recorded."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.training.made_dataset import build_made
from training.dataset import read_dataset
from training.label import Box, read_boxes
from training.paste import HORIZON, PasteConfig, cut_out, paste_into
from training.picture_set import PictureSet

RED = (40, 40, 220)
CONFIG = PasteConfig(classes=("cover_missing",), count=12, min_side_px=30, seed=4)
SOURCE = PictureSet(
    name="made",
    folder="made",
    licence="none",
    classes=("cover_ok", "cover_missing"),
    labelled=("cover_ok", "cover_missing"),
    block=1,
)


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Half the pictures show a red square, the others nothing."""

    def draw(number: int, image: np.ndarray) -> str:
        if number % 2 == 0:
            return ""
        image[70:130, 120:180] = RED
        return "1 0.5 0.5 0.2 0.3\n"

    return build_made(tmp_path, SOURCE, "covers", 16, draw)


def test_objects_stand_below_the_horizon_on_pictures_that_had_none(built: Path) -> None:
    before = read_dataset(built)
    grown = paste_into(built, CONFIG)
    made = [entry for entry in grown.entries if entry.made]
    assert len(made) == CONFIG.count
    assert read_dataset(built) == grown
    assert {e.split for e in made} == {"train"}
    pasted = 0
    for entry in made:
        rows = read_boxes((built / "labels" / "train" / entry.name).with_suffix(".txt"))
        image = cv2.imread(str(built / "images" / "train" / entry.name))
        for box in (row for row in rows if row.class_id < len(before.classes)):
            pasted += 1
            assert before.classes[box.class_id] == "cover_missing"
            assert box.cy + box.h / 2 >= HORIZON
            y, x = round(box.cy * image.shape[0]), round(box.cx * image.shape[1])
            blue, _, red = image[y, x].astype(int)
            assert red - blue > 60
    assert pasted >= CONFIG.count // 2


def test_nearer_objects_are_larger(built: Path) -> None:
    steady = PasteConfig(
        classes=("cover_missing",), count=30, most=2, min_side_px=30, spread=0.0, seed=1
    )
    made = [entry for entry in paste_into(built, steady).entries if entry.made]
    feet = []
    for entry in made:
        rows = read_boxes((built / "labels" / "train" / entry.name).with_suffix(".txt"))
        feet += [(row.cy + row.h / 2, row.h) for row in rows if row.class_id == 2]
    feet.sort()
    heights = [h for _, h in feet]
    assert len(heights) > 8
    assert heights == pytest.approx(sorted(heights), abs=0.02)


def test_a_dataset_is_pasted_into_once_and_needs_something_to_paste(built: Path) -> None:
    with pytest.raises(ValueError, match="nothing to paste"):
        paste_into(built, PasteConfig(classes=("pothole",), count=1))
    paste_into(built, CONFIG)
    with pytest.raises(ValueError, match="composed pictures already"):
        paste_into(built, CONFIG)


def test_an_outline_is_found_where_it_stands_out() -> None:
    image = np.full((200, 200, 3), 120, np.uint8)
    cv2.circle(image, (100, 100), 50, RED, -1)
    cutout = cut_out(image, Box(class_id=0, cx=0.5, cy=0.5, w=0.52, h=0.52))
    assert cutout.alpha[52, 52] > 0.9
    assert cutout.alpha[2, 2] < 0.2
