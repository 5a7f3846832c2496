"""A dataset built from pictures made here: its split, its masks, its hashes."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.dataset import BuildConfig, Dataset, build_dataset, read_dataset
from training.label import Box, read_boxes
from training.own_set import Incoming, picture_set, write_own_set
from training.phash import bits_apart
from training.picture_set import PictureSet
from training.split import SplitRule

SOURCE = PictureSet(
    name="made",
    folder="made",
    licence="none",
    classes=("cover_ok", "cover_missing"),
    labelled=("cover_ok", "cover_missing"),
    ignore_folder="ignore",
    block=5,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    chance = np.random.default_rng(0)
    for kind in ("images", "labels", "ignore"):
        (tmp_path / "made" / kind).mkdir(parents=True)
    for number in range(40):
        coarse = chance.integers(0, 255, (8, 8, 3), np.uint8)
        image = cv2.resize(coarse, (96, 64), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(tmp_path / "made" / "images" / f"p_{number}.png"), image)
        (tmp_path / "made" / "labels" / f"p_{number}.txt").write_text("1 0.5 0.5 0.25 0.25\n")
    (tmp_path / "made" / "ignore" / "p_3.txt").write_text("0 0.25 0.25 0.5 0.5\n")
    copy = tmp_path / "made" / "images" / "p_39.png"
    copy.write_bytes((tmp_path / "made" / "images" / "p_0.png").read_bytes())
    return tmp_path


def build(root: Path, out: str = "out", source: PictureSet = SOURCE) -> Dataset:
    config = BuildConfig(
        model="covers", root=root, out=root / out, split=SplitRule(val_every=3, fold=1)
    )
    return build_dataset(config, [source])


def test_no_site_and_no_near_duplicate_stands_on_both_sides(root: Path) -> None:
    entries = build(root).entries
    train = [entry for entry in entries if entry.split == "train"]
    val = [entry for entry in entries if entry.split == "val"]
    assert train
    assert val
    assert not {entry.site for entry in train} & {entry.site for entry in val}
    for one in train:
        for other in val:
            assert bits_apart(int(one.phash, 16), int(other.phash, 16)) > 6


def test_what_is_not_labelled_is_masked(root: Path) -> None:
    dataset = build(root)
    entry = next(entry for entry in dataset.entries if entry.name == "made__p_3.jpg")
    labels = root / "out" / "labels" / entry.split / "made__p_3.txt"
    kinds = {box.class_id - len(dataset.classes) for box in read_boxes(labels)}
    hidden = {dataset.mask_classes[kind] for kind in kinds if kind >= 0}
    assert hidden == {(1, 3, 4), (0, 2)}  # silent about three classes; ignore regions for its own


def test_a_rebuilt_dataset_is_the_same_and_a_changed_one_is_noticed(root: Path) -> None:
    first, second = build(root, "one"), build(root, "two")
    assert first.sha256 == second.sha256
    assert read_dataset(root / "one") == first
    record = json.loads((root / "one" / "dataset.json").read_text())
    record["entries"][0]["sha256"] = "0" * 64
    (root / "one" / "dataset.json").write_text(json.dumps(record))
    with pytest.raises(ValueError, match="sha256"):
        read_dataset(root / "one")


def test_a_missing_set_is_named(root: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        build(root, source=replace(SOURCE, name="absent", folder="absent"))


def test_repeats_of_ones_own_set_are_no_two_alike(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    image = cv2.resize(chance.integers(0, 255, (9, 16, 3), np.uint8), (320, 180))
    data = cv2.imencode(".png", image)[1].tobytes()
    box = Box(class_id=1, cx=0.5, cy=0.5, w=0.25, h=0.25)
    one = Incoming(stem="p", suffix=".png", data=data, camera="c", day="2026-05-04", boxes=(box,))
    write_own_set(tmp_path / "set", "own", "own", SOURCE.classes, SOURCE.labelled, [one])

    config = BuildConfig(
        model="covers", root=tmp_path, out=tmp_path / "out", split=SplitRule(val_every=0)
    )
    entries = build_dataset(config, [picture_set(tmp_path / "set", repeat=3)]).entries

    assert len({entry.sha256 for entry in entries}) == 3
    labels = {tuple(read_boxes(path)) for path in (tmp_path / "out/labels/train").iterdir()}
    assert len(labels) == 1
