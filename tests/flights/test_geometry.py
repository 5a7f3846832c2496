"""The camera over the ground: hand-worked cases, inverses, and honest error radii."""

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.flights.config import FlightConfig
from detector.flights.shot import make_shot
from detector.flights.telemetry import Telemetry
from detector.geometry.camera_model import Lens, View
from detector.geometry.footprint import ground_footprint
from detector.geometry.local_frame import LocalFrame
from detector.geometry.pose_error import PoseError, error_radii_m, moved

LENS = Lens.simple(4000, 3000, 2800)
BENT = Lens(
    width_px=4000,
    height_px=3000,
    fx_px=2800,
    fy_px=2810,
    cx_px=1990,
    cy_px=1510,
    distortion=(-0.27, 0.11, 0.0004, -0.0005, -0.03),
)


def view(lens=LENS, up=100.0, yaw=0.0, pitch=-90.0, roll=0.0) -> View:
    return View(
        lens=lens, east_m=0, north_m=0, up_m=up, yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll
    )


def ground(of: View, u: float, v: float, surface_m: float = 0.0) -> tuple[float, float]:
    east, north = of.to_ground(np.array([[u, v]], float), surface_m)[0]
    return float(east), float(north)


def test_straight_down_the_top_of_the_picture_is_ahead():
    assert ground(view(), 2000, 100) == pytest.approx((0, 50))
    assert ground(view(yaw=90), 2000, 100) == pytest.approx((50, 0), abs=1e-9)
    assert ground(view(), 3400, 1500) == pytest.approx((50, 0), abs=1e-9)


def test_the_domain_formula_holds_at_any_pitch():
    """The closed form of the domain facts, written out on its own."""
    theta, psi, h, f = math.radians(-38), math.radians(77), 63.0, 2800.0
    x, y = (3100 - 2000) / f, (900 - 1500) / f
    ahead, up = math.cos(theta) + y * math.sin(theta), math.sin(theta) - y * math.cos(theta)
    k = h / -up
    north = k * (ahead * math.cos(psi) - x * math.sin(psi))
    east = k * (ahead * math.sin(psi) + x * math.cos(psi))
    assert ground(view(up=h, yaw=77, pitch=-38), 3100, 900) == pytest.approx((east, north))


def test_a_roof_taken_as_ground_moves_the_point_by_its_height_at_45_degrees():
    at = view(pitch=-45)
    wrong, right = ground(at, 2000, 1500), ground(at, 2000, 1500, surface_m=20)
    assert wrong[1] - right[1] == pytest.approx(20)


def test_the_horizon_has_no_ground():
    assert np.isnan(view(pitch=-10).to_ground(np.array([[2000.0, 100.0]]))).all()


def test_the_right_side_of_a_rolled_camera_looks_nearer():
    """Right side down at a slant: pixels on the right meet the ground nearer."""
    tilted = view(pitch=-45, roll=5)
    assert ground(tilted, 600, 1500)[1] > 101
    assert ground(tilted, 3400, 1500)[1] < 99


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-180, 180),
    st.floats(-90, -25),
    st.floats(-8, 8),
    st.floats(400, 3600),
    st.floats(400, 2600),
)
def test_ground_and_picture_are_inverse(yaw, pitch, roll, u, v):
    at = view(lens=BENT, yaw=yaw, pitch=pitch, roll=roll)
    spot = at.to_ground(np.array([[u, v]]))
    assert at.to_picture(spot)[0] == pytest.approx((u, v), abs=0.05)


def test_a_footprint_ends_before_the_horizon():
    flat = ground_footprint(view(pitch=-12))
    assert flat is not None
    assert max(abs(v) for v in flat.bounds) <= 801
    whole = ground_footprint(view())
    assert whole is not None
    assert whole.area == pytest.approx(4000 * 3000 * (100 / 2800) ** 2)
    assert ground_footprint(view(pitch=60)) is None


def test_error_radii_match_the_domain_facts():
    """At 100 m one degree of pitch is 1.7 m at nadir and 3.6 m at -45°."""
    only_pitch = PoseError(east_m=0, north_m=0, up_m=0, yaw_deg=0, pitch_deg=1, roll_deg=0)
    middle = np.array([[2000.0, 1500.0]])
    down = error_radii_m(view(), only_pitch, middle)[0] / 2.4477
    slant = error_radii_m(view(pitch=-45), only_pitch, middle)[0] / 2.4477
    assert down == pytest.approx(1.75, abs=0.05)
    assert slant == pytest.approx(3.5, abs=0.1)


@pytest.mark.parametrize("pitch", [-90, -60, -45])
def test_the_truth_lies_within_the_radius(pitch):
    rng = np.random.default_rng(7)
    error = PoseError(
        east_m=1.2, north_m=1.2, up_m=1.5, yaw_deg=1.5, pitch_deg=0.7, roll_deg=0.5, surface_m=1
    )
    inside = 0
    for _ in range(400):
        true = view(yaw=float(rng.uniform(-180, 180)), pitch=pitch, up=float(rng.uniform(60, 120)))
        told = moved(true, rng.normal(0, error.spread()))
        pixel = rng.uniform((400, 300), (3600, 2700))[None]
        away = np.hypot(*(told.to_ground(pixel) - true.to_ground(pixel))[0])
        inside += bool(away <= error_radii_m(told, error, pixel)[0])
    assert inside >= 0.95 * 400


def test_the_local_frame_is_metric():
    frame = LocalFrame(119.2, 34.6)
    spot = np.array([[119.21, 34.61]])
    east, north = frame.to_local(spot)[0]
    assert (east, north) == pytest.approx((917.1, 1109.5), abs=1.0)
    assert frame.to_lon_lat(np.array([[east, north]]))[0] == pytest.approx(spot[0], abs=1e-9)


def shot(**told):
    return make_shot(
        name="a.jpg",
        captured_at=datetime(2026, 9, 1, tzinfo=UTC),
        clock="exif",
        telemetry=Telemetry(lon_deg=119.2, lat_deg=34.6, **told),
        size_px=(4000, 3000),
        config=FlightConfig(surface_above_takeoff_m=20),
        read=lambda: np.zeros((3000, 4000, 3), np.uint8),
    )


def test_missing_gimbal_data_is_marked_and_widens_the_radius():
    full = shot(
        height_above_takeoff_m=100.0, gimbal_pitch_deg=-90.0, gimbal_yaw_deg=0.0, focal_px=2800.0
    )
    bare = shot(height_above_takeoff_m=100.0, focal_px=2800.0)
    config, frame = FlightConfig(surface_above_takeoff_m=20), LocalFrame(119.2, 34.6)
    radii = []
    for one in (full, bare):
        at = one.view(frame, config)
        assert at is not None
        assert at.up_m == 80  # above the roofs, not above the take-off
        radii.append(error_radii_m(at, one.pose_error(config), np.array([[3000.0, 1500.0]]))[0])
    assert radii[1] > 5 * radii[0]
    assert any("gimbal" in remark for remark in bare.remarks)
    assert full.remarks == ()


def test_the_dewarp_centre_counts_from_the_middle():
    lens = shot(dewarp=(2800.0, 2801.0, -12.0, 8.0, -0.2, 0.1, 0.0, 0.0, 0.0)).lens
    assert (lens.cx_px, lens.cy_px, lens.distortion[0]) == (1988, 1508, -0.2)
    straight = shot(dewarp=(2800.0, 2801.0, -12.0, 8.0, -0.2, 0.1, 0.0, 0.0, 0.0), dewarped=True)
    assert straight.lens.distortion == (0, 0, 0, 0, 0)
