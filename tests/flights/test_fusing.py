"""Pictures of a flight put together: on one grid, weighed, cut into structures, kept on disk."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import Polygon, box

from detector.flights.candidate import CandidateConfig
from detector.flights.changes import changes
from detector.flights.fusing import Source, fuse
from detector.flights.ground_window import GroundWindow
from detector.flights.likelihood import (
    Likelihood,
    likelihood_of,
    read_likelihood,
    write_likelihood,
)
from detector.flights.parallax import Lean
from detector.geometry.camera_model import Lens, View

CELL_M = 0.24
WINDOW = GroundWindow(west_cell=-60, north_cell=50, width=120, height=100, cell_m=CELL_M)
UPRIGHT = Lean(camera_m=(0.0, 0.0), stretch=1.0)


def seen(
    came: float, went: float = 0.02, window: GroundWindow = WINDOW, weight: int = 200
) -> Likelihood:
    """Says `came` of a light square of 20 by 20 cells around the ground's middle, and `went`."""
    shape = (window.height, window.width)
    planes = np.full((2, *shape), 5, np.uint8)
    middle = window.to_cells(np.zeros((1, 2)))[0].round().astype(int)
    rows = slice(max(middle[1] - 10, 0), max(middle[1] + 10, 0))
    columns = slice(max(middle[0] - 10, 0), max(middle[0] + 10, 0))
    planes[0, rows, columns], planes[1, rows, columns] = round(came * 255), round(went * 255)
    after = np.zeros((3, *shape), np.int8)
    after[0, rows, columns] = 30  # a light roof
    return Likelihood(
        window=window,
        came=planes[0],
        went=planes[1],
        weight=np.full(shape, weight, np.uint8),
        before=np.zeros((3, *shape), np.int8),
        after=after,
    )


def source(one: Likelihood, lean: Lean = UPRIGHT) -> Source:
    return Source(window=one.window, lean=lean, read=lambda: one)


def found(*pictures: Likelihood, min_score: float = 0.45):
    sources = {f"p{i}": source(one) for i, one in enumerate(pictures)}
    return changes(sources, CandidateConfig(), min_score)


def moved(window: GroundWindow, east: int, north: int) -> GroundWindow:
    return replace(window, west_cell=window.west_cell + east, north_cell=window.north_cell + north)


def test_windows_share_what_both_have():
    shared = WINDOW.common(moved(WINDOW, 100, -30))
    assert (shared.west_cell, shared.north_cell, shared.width, shared.height) == (40, 20, 20, 70)
    assert WINDOW.common(moved(WINDOW, 120, 0)) is None


def test_the_mean_of_log_odds_is_weighted_and_unseen_ground_says_nothing():
    beside = seen(0.9, window=moved(WINDOW, 3000, 0))  # more than one block away
    sure, doubtful = seen(0.9), seen(0.2, weight=50)
    fused = fuse([source(one) for one in (sure, doubtful, beside)])
    assert fused.window.width == 3120
    middle = fused.window.to_cells(np.zeros((1, 2)))[0].round().astype(int)
    odds = (200 * np.log(0.9 / 0.1) + 50 * np.log(0.2 / 0.8)) / 250
    assert fused.came[middle[1], middle[0]] / 255 == pytest.approx(
        1 / (1 + np.exp(-odds)), abs=0.01
    )
    assert not fused.came[:, 300:2900].any()
    assert fused.came[:, 3000:].any()


def test_a_structure_that_every_picture_hints_at_is_found_and_one_fancied_once_is_not():
    (one,) = found(*[seen(0.5)] * 5)
    assert one.new
    assert one.shown_in == len(one.sightings) == 5
    assert one.area_m2 == pytest.approx((20 * CELL_M - 0.4) ** 2, rel=0.05)
    true = box(-10 * CELL_M, -10 * CELL_M, 10 * CELL_M, 10 * CELL_M)
    assert one.outline.centroid.distance(true.centroid) < 1.5 * CELL_M
    assert found(seen(0.95), *[seen(0.05)] * 4) == []


def test_pictures_that_miss_it_count_as_shown_and_say_how_often_it_was_seen():
    (one,) = found(*[seen(0.95)] * 4, seen(0.1), seen(0.9, window=moved(WINDOW, 300, 0)))
    assert (len(one.sightings), one.shown_in) == (4, 5)


def test_what_went_is_told_from_what_came():
    (one,) = found(*[seen(0.05, went=0.8)] * 2)
    assert not one.new
    assert one.went == pytest.approx(0.8, abs=0.02)


def test_ground_that_no_picture_shows_well_enough_is_not_judged():
    assert found(seen(0.9, weight=0)) == []
    assert found() == []


def test_a_roof_is_moved_to_its_foot_and_what_went_stays():
    """A camera 80 m up and 60 m south of a square: what came is seen 2.4 m up."""
    lens = Lens.simple(1600, 1200, 1200.0)
    view = View(lens=lens, east_m=0.0, north_m=-60.0, up_m=80.0, yaw_deg=0.0, pitch_deg=-50.0)
    window = GroundWindow(west_cell=-100, north_cell=101, width=201, height=203, cell_m=CELL_M / 2)
    probabilities = np.zeros((3, 102, 101), np.float32)
    probabilities[:, 41:61, 40:60] = 0.8
    quality = np.full((203, 201), 220, np.uint8)
    told = likelihood_of(
        probabilities, np.zeros((7, 102, 101), np.float32), quality, window, view, 2.4
    )
    assert told.window.cell_m == CELL_M
    places = []
    for plane in (told.came, told.went):
        rows, columns = np.nonzero(plane > 102)
        places.append(told.window.to_ground(np.array([columns.mean(), rows.mean()])))
    true = window.to_ground(np.array([2 * 49.5 + 0.5, 2 * 50.5 + 0.5]))
    assert places[1] == pytest.approx(true, abs=0.13)
    foot = np.array([0, -60]) + (true - (0, -60)) * (80 - 2.4) / 80
    assert places[0] == pytest.approx(foot, abs=0.13)
    areas = [float(plane.sum()) for plane in (told.came, told.went)]
    assert areas[0] / areas[1] == pytest.approx((77.6 / 80) ** 2, abs=0.01)


def test_what_was_kept_is_read_again_and_a_file_of_another_size_is_not(tmp_path):
    one, path = seen(0.7), tmp_path / "pictures" / "00001.png"
    write_likelihood(path, one)
    again = read_likelihood(path, WINDOW)
    for name in ("came", "went", "weight", "before", "after"):
        np.testing.assert_array_equal(getattr(again, name), getattr(one, name))
    assert read_likelihood(path, replace(WINDOW, width=WINDOW.width + 1)) is None
    assert read_likelihood(tmp_path / "none.png", WINDOW) is None
    path.write_bytes(b"")
    assert read_likelihood(path, WINDOW) is None


def test_outlines_are_on_the_ground_in_metres():
    east = moved(WINDOW, 40, 7)
    shifted = replace(seen(0.9), window=east)
    (one,) = found(shifted)
    assert one.outline.centroid.coords[0] == pytest.approx((40 * CELL_M, 7 * CELL_M), abs=0.2)
    assert isinstance(one.sightings[0].outline, Polygon)
