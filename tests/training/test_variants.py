"""Far covers come near, sound ones are broken, and the copies belong to the training side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.dataset import BuildConfig, build_dataset, read_dataset
from training.label import read_boxes
from training.picture_set import PictureSet
from training.split import SplitRule
from training.variants import VariantConfig, add_variants

STATES = ("cover_ok", "cover_damaged", "cover_missing")
SIZE_PX = 400


def source(name: str) -> PictureSet:
    return PictureSet(
        name=name, folder=name, licence="none", classes=STATES, labelled=STATES, block=1
    )


def draw(folder: Path, name: str, share: float) -> PictureSet:
    """Six pictures, two of each state, in which a grey cover takes that share of the side."""
    chance = np.random.default_rng(len(name))
    for kind in ("images", "labels"):
        (folder / name / kind).mkdir(parents=True)
    for number in range(6):
        image = chance.integers(90, 200, (SIZE_PX, SIZE_PX, 3)).astype(np.uint8)
        half = round(share * SIZE_PX / 2)
        cv2.circle(image, (SIZE_PX // 2, SIZE_PX // 2), half, (150, 150, 150), -1)
        cv2.imwrite(str(folder / name / "images" / f"p_{number}.png"), image)
        label = f"{number % 3} 0.5 0.5 {share} {share}\n"
        (folder / name / "labels" / f"p_{number}.txt").write_text(label)
    return source(name)


@pytest.fixture
def built(tmp_path: Path) -> Path:
    sets = [draw(tmp_path, "far", 0.25), draw(tmp_path, "near", 0.8)]
    config = BuildConfig(model="covers", root=tmp_path, out=tmp_path / "out", split=SplitRule())
    build_dataset(config, sets)
    return tmp_path / "out"


def labels_of(built: Path, name: str) -> list:
    boxes = read_boxes((built / "labels" / "train" / name).with_suffix(".txt"))
    return [box for box in boxes if box.class_id < 3]


def test_far_covers_of_every_state_come_near(built: Path):
    grown = add_variants(built, VariantConfig())
    near = [entry.name for entry in grown.entries if entry.name.endswith("__near.jpg")]
    assert len(near) == 6
    assert all(name.startswith("far__") for name in near)
    found = [labels_of(built, name)[0] for name in near]
    assert {box.class_id for box in found} == {0, 1, 2}
    assert all(max(box.w, box.h) > 0.3 for box in found)


def test_sound_covers_are_broken_and_the_sound_picture_stays(built: Path):
    grown = add_variants(built, VariantConfig(broken_near=0))
    broken = [entry for entry in grown.entries if entry.name.endswith("__broken.jpg")]
    assert len(broken) == 4, "two sound ones in each set"
    for entry in broken:
        (box,) = labels_of(built, entry.name)
        assert grown.classes[box.class_id] == "cover_damaged"
        before = cv2.imread(str(built / "images" / "train" / entry.name.replace("__broken", "")))
        after = cv2.imread(str(built / "images" / "train" / entry.name))
        assert before.shape == after.shape
        assert (np.abs(before.astype(int) - after).max(2) > 40).mean() > 0.0005
        (sound,) = labels_of(built, entry.name.replace("__broken", ""))
        assert grown.classes[sound.class_id] == "cover_ok"


def test_copies_are_marked_train_only_and_made_once(built: Path):
    grown = add_variants(built, VariantConfig())
    made = [entry for entry in grown.entries if entry.made]
    assert {entry.split for entry in made} == {"train"}
    assert len({entry.sha256 for entry in grown.entries}) == len(grown.entries)
    assert read_dataset(built) == grown
    with pytest.raises(ValueError, match="already"):
        add_variants(built, VariantConfig())


def test_repeats_are_not_copied_and_pictures_named_like_them_are(tmp_path: Path):
    far = draw(tmp_path, "far", 0.25)
    for path in sorted((tmp_path / "far").rglob("p_*")):
        path.rename(path.with_name(path.name.replace("p_", "r")))
    twice = replace(far, repeat=2)
    config = BuildConfig(model="covers", root=tmp_path, out=tmp_path / "out", split=SplitRule())
    build_dataset(config, [twice])
    grown = add_variants(tmp_path / "out", VariantConfig())
    near = sorted(entry.name for entry in grown.entries if entry.name.endswith("__near.jpg"))
    assert near == [f"far__r{number}__near.jpg" for number in range(6)]


def test_another_models_dataset_is_refused(tmp_path: Path):
    made = PictureSet(
        name="roofs", folder="roofs", licence="none", classes=("building",), labelled=("building",)
    )
    for kind in ("images", "labels"):
        (tmp_path / "roofs" / kind).mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "roofs" / "images" / "a_1.png"), np.zeros((64, 64, 3), np.uint8))
    (tmp_path / "roofs" / "labels" / "a_1.txt").write_text("")
    config = BuildConfig(model="aerial", root=tmp_path, out=tmp_path / "out", split=SplitRule())
    build_dataset(config, [made])
    with pytest.raises(ValueError, match="aerial"):
        add_variants(tmp_path / "out", VariantConfig())
