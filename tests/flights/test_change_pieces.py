"""From two days' ground to pieces: planes, the network's symmetry, outlines, views that count."""

from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import Polygon, box

from detector.flights.candidate import CandidateConfig, candidates
from detector.flights.change_map import change_map
from detector.flights.change_network import ChangeNetwork
from detector.flights.change_planes import CHANNELS, change_planes
from detector.flights.judged import judge
from detector.flights.merging import merge
from detector.flights.sighting import Sighting

NETWORK = Path(__file__).resolve().parents[2] / "models" / "rooftop_change"
CELL_M = 0.12


def ground(seed: int, height: int = 90, width: int = 121) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(60, 190, (height // 9 + 1, width // 9 + 1, 3))
    return np.kron(coarse, np.ones((9, 9, 1)))[:height, :width].astype(np.uint8)


@pytest.fixture(scope="module")
def two_days():
    valid = np.ones((90, 121), bool)
    valid[:, :20] = False
    return ground(1), ground(2), valid


def test_planes_are_half_as_fine_and_empty_where_a_day_is_not_shown(two_days):
    before, after, valid = two_days
    planes = change_planes(change_map(before, after, valid, CELL_M), valid)
    assert planes.shape == (CHANNELS, 45, 61)  # the odd column has been filled up
    assert not planes[:, :, :10].any()
    assert planes[:, :, 12:].any(axis=(1, 2)).all()


def test_the_reverse_of_a_pair_says_the_reverse(two_days):
    before, after, valid = two_days
    network = ChangeNetwork(NETWORK, threads=1)
    planes = change_planes(change_map(before, after, valid, CELL_M), valid)
    told = network(planes)
    assert told.shape == (3, 45, 61)
    np.testing.assert_allclose(told.sum(axis=0), 1, atol=1e-5)
    reverse = network(planes[[3, 4, 5, 0, 1, 2, 6]])
    np.testing.assert_allclose(reverse, told[[0, 2, 1]], atol=1e-5)


def test_a_piece_has_its_own_area_and_a_thin_line_is_none():
    likely = np.zeros((60, 80), np.float32)
    likely[10:24, 20:32] = 0.8  # 14 by 12 pixels of 0.24 m
    likely[40:42, 5:70] = 0.9
    (one,) = candidates(likely, 0.24, CandidateConfig())
    assert one.area_px == pytest.approx(14 * 12, abs=8)  # an opening rounds the corners off
    outline = Polygon(one.corners)
    assert outline.area == pytest.approx(one.area_px, rel=0.02)
    assert outline.centroid.distance(Polygon([(20, 10), (31, 10), (31, 23), (20, 23)]).centroid) < 1


def test_two_structures_side_by_side_stay_two():
    likely = np.full((50, 50), 0.05, np.float32)
    likely[10:24, 8:22] = likely[10:24, 25:40] = 0.9
    assert len(candidates(likely, 0.24, CandidateConfig())) == 2


def test_a_piece_is_cut_at_half_of_its_own_score():
    came, went = np.zeros((60, 80), np.float32), np.full((60, 80), 0.1, np.float32)
    came[8:28, 20:40] = 0.35  # a hem of faint ground
    came[12:24, 24:36] = 0.9
    (one,) = judge(came, went, 0.24, CandidateConfig())
    assert one.new
    assert (one.came, one.went) == (pytest.approx(0.9), pytest.approx(0.1))
    assert one.area_m2 == pytest.approx((12 * 0.24 - 0.4) ** 2)  # the network draws it too wide
    assert one.corners.mean(axis=0) == pytest.approx([29.5, 17.5], abs=0.5)


def test_structures_whose_hems_touch_are_told_apart():
    came, went = np.zeros((60, 80), np.float32), np.zeros((60, 80), np.float32)
    came[8:26, 10:50] = 0.5  # the hem that both share
    came[10:24, 12:26] = came[10:24, 34:48] = 0.9
    one, other = sorted(
        judge(came, went, 0.24, CandidateConfig()), key=lambda piece: piece.corners[:, 0].mean()
    )
    for piece, left in ((one, 12), (other, 34)):
        assert piece.came == pytest.approx(0.9)
        assert piece.corners[:, 0].mean() == pytest.approx(left + 6.5, abs=2)
    each = (18 * 0.24 - 0.4) * (20 * 0.24 - 0.4)
    assert one.area_m2 + other.area_m2 == pytest.approx(2 * each, rel=0.02)


def test_what_is_likelier_the_other_thing_is_no_piece_of_this_kind():
    came, went = np.zeros((60, 80), np.float32), np.zeros((60, 80), np.float32)
    came[8:28, 20:40] = 0.4
    went[8:28, 20:40] = 0.6
    (one,) = judge(came, went, 0.24, CandidateConfig())
    assert not one.new
    assert (one.went, one.came) == (pytest.approx(0.6), pytest.approx(0.4))


def sighting(picture: str, came: float, at: tuple[float, float] = (0, 0)) -> Sighting:
    ring = np.array(box(-2, -2, 2, 2).exterior.coords) + at
    return Sighting(
        picture=picture,
        ring=tuple((float(x), float(y)) for x, y in ring),
        area_m2=16,
        came=came,
        went=0.05,
        quality=0.9,
        class_name="rooftop_shed",
    )


def test_a_picture_that_shows_the_place_and_says_nothing_counts_against_it():
    shown, beside = box(-30, -30, 30, 30), box(10, 10, 40, 40)
    (one,) = merge([sighting("a", 0.9), sighting("b", 0.8)], [shown] * 4 + [beside], 5)
    assert one.shown_in == 4
    assert one.came == pytest.approx((0.9 + 0.8) / 4)
