"""The renderer's camera and labels, without Blender."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import ModuleType

import numpy as np
import pytest

from training.own_set import read_own_set

Scene = Callable[[str], ModuleType]


def test_ground_and_picture_are_inverse(scene: Scene) -> None:
    lens = scene("lens").looking_at(
        (1.0, -4.5, 6.2), (2.0, 7.6, 0.4), size_px=(640, 360), field_of_view_deg=66
    )
    x, y = lens.ground(200.0, 300.0)
    assert lens.project(np.array([[x, y, 0.0]]))[0] == pytest.approx([200.0, 300.0], abs=1e-6)


def test_nothing_is_on_the_ground_above_the_horizon(scene: Scene) -> None:
    lens = scene("lens").looking_at(
        (0.0, 0.0, 6.0), (0.0, 30.0, 5.0), size_px=(640, 360), field_of_view_deg=66
    )
    assert lens.ground(320.0, 1.0) is None


def test_an_outline_gets_the_box_of_its_part_in_the_picture(scene: Scene) -> None:
    lens = scene("lens").looking_at(
        (0.0, 0.0, 100.0), (0.0, 0.001, 0.0), size_px=(640, 640), field_of_view_deg=35.49
    )  # 64 m wide on the ground: ten pixels a metre
    box_of = scene("boxes").box_of_outline
    roof = np.array([(-4.0, -2.0, 0.0), (4.0, -2.0, 0.0), (4.0, 2.0, 0.0), (-4.0, 2.0, 0.0)])
    assert box_of(roof, lens, inside=0.35) == pytest.approx((280, 300, 360, 340), abs=0.5)
    half = roof + np.array([32.0, 0.0, 0.0])
    assert box_of(half, lens, inside=0.35) == pytest.approx((600, 300, 640, 340), abs=0.5)
    assert box_of(half, lens, inside=0.55) is None
    assert box_of(roof + np.array([0.0, 0.0, 120.0]), lens, inside=0.35) is None


@pytest.mark.parametrize("seed", range(4))
def test_each_shed_stands_over_a_roof_of_a_house(scene: Scene, seed: int) -> None:
    labelled = scene("settlement").random_settlement(Random(seed)).labelled
    roofs = [item.outline for item in labelled if item.label == "building"]
    sheds = [item.outline for item in labelled if item.label == "rooftop_shed"]
    assert sheds
    assert len(roofs) > 40
    assert all(any(_over(shed, roof) for roof in roofs) for shed in sheds)


def _over(shed: np.ndarray, roof: np.ndarray) -> bool:
    """Whether the shed's middle is over that roof, some two metres up."""
    edges = (np.roll(roof, -1, axis=0) - roof)[:, :2]
    to_middle = (shed.mean(axis=0) - roof)[:, :2]
    sides = edges[:, 0] * to_middle[:, 1] - edges[:, 1] * to_middle[:, 0]
    inside = (sides > 0).all() or (sides < 0).all()
    return bool(inside and 1.5 < shed[0, 2] - roof[0, 2] < 4)


def test_a_parasol_is_labelled_without_its_pole(scene: Scene) -> None:
    groups = scene("cast").vendor_at(
        Random(3), "vendor", (0.0, 0.0), 0.0, False, kind="stall", parasol=True
    )
    (parasol,) = [group[0] for group in groups if group[0].label == "parasol"]
    (pole,) = [group[0] for group in groups if group[0].name == "vendor-pole"]
    assert parasol.world_points()[:, 2].min() > 1.5
    assert pole.label is None
    assert pole.world_points()[:, 2].min() == pytest.approx(0.0)


def test_a_set_of_rendered_pictures_is_read_as_ones_own(scene: Scene, tmp_path: Path) -> None:
    listing = scene("listing").Listing(
        folder=tmp_path / "set", name="rendered", classes=("parasol", "building"), side="val"
    )
    (tmp_path / "set" / "images" / "a_0.jpg").write_bytes(b"picture")
    listing.add("a_0", scene="a", light="day", rendered={"seed": 1})
    own = read_own_set(tmp_path / "set")
    assert own.labelled == ("parasol", "building")
    (picture,) = own.pictures
    assert (picture.file, picture.camera, picture.side) == ("a_0.jpg", "a", "val")
    assert json.loads((tmp_path / "set" / "set.json").read_text())["pictures"][0]["rendered"]
