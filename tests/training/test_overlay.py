"""Rendered things laid over photographs: what is mixed, what is labelled, what is refused."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.training.made_dataset import build_made
from training.dataset import read_dataset
from training.label import read_boxes
from training.overlay import lay_over, overlays_in
from training.picture_set import PictureSet

SOURCE = PictureSet(
    name="made",
    folder="made",
    licence="none",
    classes=("cart", "person"),
    labelled=("cart", "person"),
    block=1,
)
RED = (30, 30, 230)


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Pictures with a person in the left half and one in the right half."""
    persons = "1 0.2 0.5 0.1 0.4\n1 0.7 0.5 0.1 0.4\n"
    return build_made(tmp_path, SOURCE, "street", 8, lambda number, image: persons)


def rendered(folder: Path, of: list[str]) -> Path:
    """A red cart before the right person, half the photograph's size, its shadow to the left."""
    folder.mkdir()
    picture = np.zeros((100, 150, 4), np.uint8)
    picture[30:70, 90:120] = (*RED, 255)
    picture[60:70, 60:90, 3] = 128
    records = []
    for number, name in enumerate(of):
        cv2.imwrite(str(folder / f"o{number}.png"), picture)
        box = {"label": "cart", "xyxy": [0.6, 0.3, 0.8, 0.7]}
        records.append({"file": f"o{number}.png", "of": name, "boxes": [box]})
    text = json.dumps({"format": 1, "overlays": records})
    (folder / "overlays.json").write_text(text, encoding="utf-8")
    return folder


def names(built: Path, split: str) -> list[str]:
    return [entry.name for entry in read_dataset(built).entries if entry.split == split]


def test_a_rendered_thing_stands_in_the_picture_with_its_shadow(
    built: Path, tmp_path: Path
) -> None:
    of = names(built, "train")[0]
    before = cv2.imread(str(built / "images" / "train" / of)).astype(int)
    grown = lay_over(built, overlays_in(rendered(tmp_path / "r", [of])))
    assert read_dataset(built) == grown
    made = [entry for entry in grown.entries if entry.made]
    assert [entry.split for entry in made] == ["train", "train"]
    after = cv2.imread(str(built / "images" / "train" / made[0].name)).astype(int)
    assert np.abs(after[80:120, 190:230] - RED).mean() < 6
    shade = after[126:134, 130:170].mean() / before[126:134, 130:170].mean()
    assert 0.6 < shade < 0.85  # half of the light
    assert np.abs(after[:40] - before[:40]).mean() < 3


def test_what_is_hidden_loses_its_label_and_what_is_rendered_has_one(
    built: Path, tmp_path: Path
) -> None:
    of = names(built, "train")[0]
    grown = lay_over(built, overlays_in(rendered(tmp_path / "r", [of])))
    cart, person = grown.classes.index("cart"), grown.classes.index("person")
    for entry in (e for e in grown.entries if e.made):
        rows = read_boxes((built / "labels" / "train" / entry.name).with_suffix(".txt"))
        found = [(b.class_id, round(b.cx, 2)) for b in rows if b.class_id < len(grown.classes)]
        assert sorted(found) == sorted([(cart, 0.7), (person, 0.2)])
        original = read_boxes((built / "labels" / "train" / of).with_suffix(".txt"))
        masks = [b for b in original if b.class_id >= len(grown.classes)]
        assert [b for b in rows if b.class_id >= len(grown.classes)] == masks


def test_pictures_that_judge_stay_as_they_are(built: Path, tmp_path: Path) -> None:
    judging = names(built, "val")
    of = [names(built, "train")[0], judging[0]]
    grown = lay_over(built, overlays_in(rendered(tmp_path / "r", of)))
    assert len([e for e in grown.entries if e.made]) == 2
    assert names(built, "val") == judging
    with pytest.raises(ValueError, match="none of the overlays"):
        lay_over(built, overlays_in(rendered(tmp_path / "r2", judging)))


def test_the_same_overlays_are_not_laid_twice(built: Path, tmp_path: Path) -> None:
    overlays = overlays_in(rendered(tmp_path / "r", names(built, "train")[:1]))
    lay_over(built, overlays)
    with pytest.raises(ValueError, match="in it already"):
        lay_over(built, overlays)


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "overlays.json").write_text('{"format": 9, "overlays": []}')
    with pytest.raises(ValueError, match="format 9"):
        overlays_in(tmp_path)
