"""Paint has no height: what lies flat is told from what rises by pictures from several sides."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from test_fusing import CELL_M, WINDOW, seen, source

from detector.flights.candidate import CandidateConfig
from detector.flights.changes import changes
from detector.flights.likelihood import Likelihood
from detector.flights.parallax import Lean, Rise, Shown, rise
from detector.geometry.camera_model import Lens, View

SHAPE = (70, 70)
CORE = np.zeros(SHAPE, bool)
CORE[25:45, 25:45] = True
SIDES = ((5.0, 0.0), (-5.0, 1.0), (0.0, 5.0), (1.0, -6.0))  # cells, to four sides


def stains(seed: int, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    """A roof (3, H, W), light and dark over half a metre or so, all of one colour."""
    rough = np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)
    soft = cv2.GaussianBlur(rough, (0, 0), 2)
    return np.stack([0.2 * soft / soft.std(), np.zeros_like(soft), np.zeros_like(soft)])


def looks(
    roof_at: float, around_at: float = 0.0, sides=SIDES, roof: np.ndarray | None = None
) -> list[Shown]:
    """What pictures show, moved to the foot of a thing as high as a structure, if the piece is
    `roof_at` high, in heights of a structure, and the ground around it (`roof`) `around_at`."""
    old, new = stains(1) if roof is None else roof, stains(2) + np.float32(0.5)
    shown = []
    for side in np.array(sides):
        look = shifted(old, side * (around_at - 1))
        stands = shifted(np.broadcast_to(CORE, (3, *SHAPE)), side * (roof_at - 1))
        top = shifted(new, side * (roof_at - 1))
        shown.append(Shown(after=np.where(stands, top, look), lean_px=side))
    return shown


def shifted(planes: np.ndarray, by: np.ndarray) -> np.ndarray:
    """(3, H, W): what stood at a cell stands `by` columns and rows further on."""
    columns, rows = np.round(by).astype(int)
    return np.roll(planes, (rows, columns), axis=(1, 2))


def told(shown: list[Shown]) -> Rise:
    return rise(CORE, shown, CELL_M)


def test_a_whole_roof_painted_anew_lies_flat():
    assert told(looks(roof_at=0)) is Rise.FLAT


def test_a_shed_in_the_middle_of_a_roof_rises():
    assert told(looks(roof_at=1)) is Rise.RAISED


def test_a_shed_against_a_parapet_that_stood_before_rises():
    """The edge that it shares with the parapet is old; its height is new."""
    roof = stains(1)
    roof[:, :, 45:48] = 0.9
    assert told(looks(roof_at=1, roof=roof)) is Rise.RAISED


def test_a_shed_on_a_roof_below_the_surface_is_no_paint_though_it_ends_at_the_surface():
    assert told(looks(roof_at=0, around_at=-1)) is Rise.RAISED


def test_paint_on_a_part_of_a_roof_above_the_surface_is_not_called_a_structure():
    assert told(looks(roof_at=1, around_at=1)) is Rise.UNKNOWN


@pytest.mark.parametrize("sides", [SIDES[:2], SIDES[:1] * 4], ids=["two", "one side"])
def test_too_few_sides_say_nothing(sides):
    assert told(looks(roof_at=0, sides=sides)) is Rise.UNKNOWN


def test_even_ground_says_nothing():
    even = [replace(one, after=np.zeros((3, *SHAPE), np.float32)) for one in looks(0)]
    assert told(even) is not Rise.RAISED


def test_a_lean_points_away_from_the_camera():
    view = View(
        lens=Lens.simple(1600, 1200, 1200.0),
        east_m=10.0,
        north_m=-60.0,
        up_m=80.0,
        yaw_deg=0.0,
        pitch_deg=-50.0,
    )
    lean = Lean.of(view, 2.4).at(np.array([40.0, -60.0]))
    assert lean == pytest.approx([30 * (80 / 77.6 - 1), 0])


def flown(roof_at: float, turned: bool = False) -> dict:
    """Pictures by name that all call the square of test_fusing.py new, seen from four sides.
    `turned`: everything turned red."""
    old, new = (50 * stains(i, (WINDOW.height, WINDOW.width)) for i in (1, 2))
    sources = {}
    for number, (east, north) in enumerate(((-60, 0), (60, 0), (0, -60), (0, 60))):
        lean = Lean(camera_m=(float(east), float(north)), stretch=1.03)
        by = lean.at(np.zeros(2)) * (1, -1) / CELL_M
        look, roof = shifted(old, -by), shifted(new, by * (roof_at - 1))
        one = seen(0.9)
        square = shifted((np.stack([one.came] * 3) > 100), by * (roof_at - 1))
        after = np.where(square, roof, look)
        if turned:
            after[1] += 30
        sources[f"p{number}"] = source(with_after(one, after), lean)
    return sources


def with_after(one: Likelihood, after: np.ndarray) -> Likelihood:
    return replace(one, after=np.clip(after, -127, 127).astype(np.int8))


def called(sources: dict) -> int:
    return len(changes(sources, CandidateConfig(), 0.5))


def test_pictures_that_all_call_a_painted_roof_new_open_nothing():
    assert called(flown(roof_at=0)) == 0
    assert called(flown(roof_at=1)) == 1


def test_what_rises_is_kept_though_the_same_colour_goes_on_around_it():
    assert called(flown(roof_at=1, turned=True)) == 1
    two = dict(list(flown(roof_at=1, turned=True).items())[:2])
    assert called(two) == 0  # only the colour is left to judge by
