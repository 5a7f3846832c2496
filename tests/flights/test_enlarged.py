"""Pictures that are rendered smaller and enlarged, which the flights of twelve megapixels are."""

from dataclasses import replace
from datetime import UTC, datetime

import beside  # noqa: F401
import cv2
import numpy as np
from sim_camera import Light
from sim_flight import Plan, fly
from sim_ground import made_ground
from sim_scene import Scene


def test_an_enlarged_picture_has_the_size_and_shows_the_ground_of_a_rendered_one(tmp_path):
    scene = Scene.of(made_ground(6, side_m=60))
    plan = Plan(
        area_m=(-1, -1, 1, 1),
        height_m=40,
        size_px=(480, 360),
        starts_at=datetime(2026, 5, 1, tzinfo=UTC),
    )
    light = Light(noise=0)
    fly(scene, plan, tmp_path / "rendered", 1, light)
    fly(scene, replace(plan, enlarge=2), tmp_path / "enlarged", 1, light)
    one, other = (
        cv2.imread(str(tmp_path / name / "DJI_0001.JPG")).astype(np.float32)
        for name in ("rendered", "enlarged")
    )
    assert other.shape == one.shape == (360, 480, 3)
    soft = [cv2.GaussianBlur(picture, (0, 0), 3) for picture in (one, other)]
    assert np.abs(soft[0] - soft[1]).mean() < 2
    assert np.abs(soft[0] - np.roll(soft[1], 6, axis=1)).mean() > 4  # a shift would show
