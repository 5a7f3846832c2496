"""What a photograph tells the renderer of its camera, without Blender."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest

Scene = Callable[[str], ModuleType]
SIZE_PX = (640, 480)


def seen_by(
    scene: Scene, camera_m: float, pitch_rad: float, feet: list[tuple[float, float]]
) -> Any:
    """A photograph in which persons of 1.62 m stand on the ground at those places."""
    lens = scene("lens").Lens(
        x_m=0.0,
        y_m=0.0,
        height_m=camera_m,
        yaw_rad=0.0,
        pitch_rad=pitch_rad,
        width_px=SIZE_PX[0],
        height_px=SIZE_PX[1],
        focal_px=600.0,
    )
    module = scene("backdrop")
    standing = []
    for x, y in feet:
        foot, head = lens.project(np.array([[x, y, 0.0], [x, y, module.PERSON_M]])) / SIZE_PX
        wide = (foot[1] - head[1]) / 3 * SIZE_PX[1] / SIZE_PX[0]
        corners = (foot[0] - wide / 2, head[1], foot[0] + wide / 2, foot[1])
        standing.append(module.Standing(label="person", xyxy=tuple(map(float, corners))))
    image = np.full((SIZE_PX[1], SIZE_PX[0], 3), 128, np.uint8)
    return module.Backdrop(name="made", image=image, standing=tuple(standing))


@pytest.mark.parametrize(("camera_m", "pitch_rad"), [(1.5, 0.0), (2.5, 0.08), (4.0, 0.15)])
def test_persons_tell_how_high_the_camera_is(
    scene: Scene, camera_m: float, pitch_rad: float
) -> None:
    feet = [(9.0, 1.0), (12.0, -2.0), (16.0, 3.0), (22.0, -4.0), (30.0, 2.0)]
    photograph = seen_by(scene, camera_m, pitch_rad, feet)
    lens = scene("backdrop").lens_of(photograph, Random(0), 512)
    assert (lens.width_px, lens.height_px) == (512, 384)
    assert lens.height_m == pytest.approx(camera_m, rel=0.2)
    for person in photograph.standing:  # what is put at their feet has their size
        x0, y0, x1, y1 = person.xyxy
        at = lens.ground((x0 + x1) / 2 * 512, y1 * 384)
        ends = lens.project(np.array([[*at, 0.0], [*at, scene("backdrop").PERSON_M]]))
        assert ends[0, 1] - ends[1, 1] == pytest.approx((y1 - y0) * 384, rel=0.15)


def test_without_persons_the_camera_is_drawn(scene: Scene) -> None:
    photograph = seen_by(scene, 2.0, 0.1, [])
    lenses = [scene("backdrop").lens_of(photograph, Random(k), 512) for k in range(20)]
    assert len({lens.height_m for lens in lenses}) == 20
    assert all(1.0 < lens.height_m < 5.0 for lens in lenses)


def test_only_training_photographs_with_all_labels_are_drawn_on(
    scene: Scene, tmp_path: Path
) -> None:
    def entry(name: str, **changed: Any) -> dict[str, Any]:
        plain = {"name": name, "split": "train", "made": False, "labelled": ["stall", "cart"]}
        return {**plain, **changed}

    entries = [
        entry("a.jpg"),
        entry("a__r1.jpg"),
        entry("b.jpg", split="val"),
        entry("c.jpg", made=True),
        entry("d.jpg", labelled=["cart"]),
    ]
    record = {"classes": ["stall", "cart"], "entries": entries}
    (tmp_path / "dataset.json").write_text(json.dumps(record))
    for kind in ("images", "labels"):
        (tmp_path / kind / "train").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "images" / "train" / "a.jpg"), np.zeros((60, 80, 3), np.uint8))
    text = "1 0.5 0.5 0.2 0.4\n3 0.5 0.5 1 1\n"  # a cart, and a row that masks
    (tmp_path / "labels" / "train" / "a.txt").write_text(text)
    found = list(scene("backdrop").Backdrops(tmp_path, ("stall", "cart")))
    assert [backdrop.name for backdrop in found] == ["a.jpg"]
    (cart,) = found[0].standing
    assert cart.label == "cart"
    assert cart.xyxy == pytest.approx((0.4, 0.3, 0.6, 0.7))
