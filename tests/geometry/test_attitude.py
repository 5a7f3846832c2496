"""Turnings put together, against cases that can be thought through by hand."""

import numpy as np
import pytest

from detector.geometry.attitude import Attitude
from detector.geometry.camera_model import Lens, View

LENS = Lens.simple(100, 100, 100)


def attitude(yaw: float, pitch: float, roll: float = 0.0) -> Attitude:
    return Attitude(yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll)


def angles(found: Attitude) -> tuple[float, float, float]:
    return found.yaw_deg, found.pitch_deg, found.roll_deg


@pytest.mark.parametrize(
    ("platform", "sensor", "camera"),
    [
        # Flying east, looking straight down: the picture's top points east.
        ((90, 0, 0), (0, -90, 0), (90, -90, 0)),
        # The sensor turned to the right wing of an aircraft that flies east looks south.
        ((90, 0, 0), (90, -45, 0), (180, -45, 0)),
        # Nose up by 10°: ahead it lifts the view, behind it lowers it.
        ((0, 10, 0), (0, -30, 0), (0, -20, 0)),
        ((0, 10, 0), (180, -30, 0), (180, -40, 0)),
        # Right side down by 20°: what looks right looks down, what looks ahead is rolled.
        ((0, 0, 20), (90, 0, 0), (90, -20, 0)),
        ((0, 0, 20), (0, 0, 0), (0, 0, 20)),
        # Nose up seen by a sensor on the right wing: its own right is the tail, and that is low.
        ((0, 10, 0), (90, 0, 0), (90, 0, 10)),
        # Straight down under a roll to the right: it looks left, the top still points north.
        ((0, 0, 5), (0, -90, 0), (-90, -85, 90)),
        # A level aircraft passes the sensor's own angles on, the roll too.
        ((350, 0, 0), (20, -60, 4), (10, -60, 4)),
    ],
)
def test_the_camera_is_carried_by_its_platform(platform, sensor, camera):
    found = attitude(*platform).carrying(attitude(*sensor))
    assert angles(found) == pytest.approx(camera, abs=1e-9)


def test_the_order_of_turnings_matters():
    """Heading before pitch before roll: the other way round the camera would look elsewhere."""
    found = attitude(30, 12, 25).carrying(attitude(70, -40, 0))
    # The axis cos 40 · (cos 70, sin 70), sin 40 down, rolled by 25°, pitched by 12°, yawed by 30°.
    x, y, z = 0.26200263, 0.71984631, 0.64278761
    y, z = y * 0.90630779 - z * 0.42261826, y * 0.42261826 + z * 0.90630779
    x, z = x * 0.97814760 + z * 0.20791169, z * 0.97814760 - x * 0.20791169
    north, east = x * 0.8660254 - y * 0.5, x * 0.5 + y * 0.8660254
    assert found.yaw_deg == pytest.approx(np.degrees(np.arctan2(east, north)), abs=1e-5)
    assert found.pitch_deg == pytest.approx(np.degrees(np.arcsin(-z)), abs=1e-5)


def test_it_means_what_a_view_means_by_its_angles():
    random = np.random.default_rng(1)
    for yaw, pitch, roll in random.uniform((-180, -89, -180), (180, 89, 180), (50, 3)):
        view = View(
            lens=LENS,
            east_m=0,
            north_m=0,
            up_m=1,
            yaw_deg=yaw,
            pitch_deg=pitch,
            roll_deg=roll,
        )
        right, down, forward = view.axes().T
        ours = attitude(yaw, pitch, roll).matrix()
        for mine, east_north_up in zip(ours.T, (forward, right, down), strict=True):
            assert (mine[1], mine[0], -mine[2]) == pytest.approx(east_north_up, abs=1e-12)
        assert angles(Attitude.of(ours)) == pytest.approx((yaw, pitch, roll), abs=1e-6)


def test_a_hair_from_straight_down_there_is_no_jump():
    """Whole numbers on the wire do not hit -90: beyond it yaw and roll would turn round."""
    for pitch in (-89.99999996, -90.00000004):
        found = attitude(40, 0).carrying(attitude(0, pitch))
        assert angles(found) == pytest.approx((40, -90, 0), abs=1e-4)


def test_between_two_attitudes_the_shortest_turn_is_taken():
    half = attitude(170, -30).towards(attitude(-170, -30), 0.5)
    assert abs(half.yaw_deg) == pytest.approx(180, abs=1e-9)
    # Rolling through straight down each angle jumps by 180°; the camera only nods.
    left = attitude(0, 0, 2).carrying(attitude(0, -90))
    right = attitude(0, 0, -2).carrying(attitude(0, -90))
    assert left.yaw_deg == pytest.approx(-90)
    assert right.yaw_deg == pytest.approx(90)
    middle = left.towards(right, 0.5)
    assert middle.pitch_deg == pytest.approx(-90, abs=1e-6)
    top = -middle.matrix()[:, 2]
    assert top == pytest.approx((1, 0, 0), abs=1e-9)
