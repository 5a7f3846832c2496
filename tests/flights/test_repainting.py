"""Paint is told from structures by where its colour ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_fusing import WINDOW, found, seen

from detector.flights.repainting import repainted

SHAPE = (60, 80)


def patch(rows: slice, columns: slice, value: float, rest: float = 0.0) -> np.ndarray:
    plane = np.full(SHAPE, rest, np.float32)
    plane[rows, columns] = value
    return plane


CORE = patch(slice(20, 35), slice(30, 45), 1).astype(bool)
ROOF = slice(10, 50), slice(20, 70)
CAME = patch(slice(18, 37), slice(28, 47), 0.8, rest=0.05)
ALL = np.ones(SHAPE, bool)


def hue(of: np.ndarray) -> np.ndarray:
    """Redder and less blue, as a green roof that is painted red."""
    return np.stack([0.6 * of, -0.3 * of])


def test_a_piece_of_a_painted_roof_is_paint():
    assert repainted(CORE, hue(patch(*ROOF, 1)), CAME, ALL)


def test_paint_need_not_hang_together_with_the_piece():
    apart = patch(slice(19, 36), slice(29, 46), 1)
    apart[19:36, 52:62] = 1
    assert repainted(CORE, hue(apart), CAME, ALL)


def test_a_second_structure_of_the_same_colour_is_no_paint():
    apart = patch(slice(19, 36), slice(29, 46), 1)
    apart[19:36, 52:62] = 1
    came = np.maximum(CAME, patch(slice(19, 36), slice(52, 62), 0.5))
    assert not repainted(CORE, hue(apart), came, ALL)


def test_lines_of_the_same_colour_are_no_paint():
    lines = patch(slice(19, 36), slice(29, 46), 1)
    lines[:, 50:70:4] = lines[:, 51:71:4] = 1
    assert not repainted(CORE, hue(lines), CAME, ALL)


def test_a_structure_whose_colour_ends_at_its_edge_is_none():
    own = patch(slice(19, 36), slice(29, 46), 1)
    assert not repainted(CORE, hue(own), CAME, ALL)


def test_a_structure_on_a_roof_that_was_painted_otherwise_is_none():
    both = patch(*ROOF, -1)
    both[19:36, 29:46] = 1
    assert not repainted(CORE, hue(both), CAME, ALL)


def test_a_block_that_came_whole_is_none_though_only_a_piece_of_it_was_cut_out():
    assert not repainted(CORE, hue(patch(*ROOF, 1)), patch(*ROOF, 0.4, rest=0.05), ALL)


@pytest.mark.parametrize("strength", [0.0, 0.15])
def test_a_faint_change_of_colour_is_light(strength):
    assert not repainted(CORE, strength * hue(patch(*ROOF, 1)), CAME, ALL)


def test_ground_that_was_not_seen_says_nothing():
    known = patch(slice(18, 37), slice(28, 47), 1).astype(bool)
    assert not repainted(CORE, hue(patch(*ROOF, 1)), CAME, known)


def painted(came: float, share: float = 1.0):
    """A picture in which everything turned red, as far as `share` of its width."""
    one = seen(came)
    turned = np.zeros_like(one.after)
    turned[1, :, : round(WINDOW.width * share)] = 30
    return replace(one, after=turned)


def test_paint_opens_nothing_when_most_pictures_say_so():
    assert found(painted(0.9), painted(0.9)) == []
    assert len(found(seen(0.9), painted(0.9))) == 1
    assert len(found(seen(0.9), seen(0.9))) == 1


def test_what_went_is_no_paint():
    gone = replace(painted(0.05), went=seen(0.9).came)
    (one,) = found(gone)
    assert not one.new
