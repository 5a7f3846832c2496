"""Light and growth are told from structures by sides on which nothing ends."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from test_fusing import found, seen

from detector.flights.outline import unbounded

CORE = np.zeros((60, 60), bool)
CORE[20:38, 22:40] = True
EDGES = {
    "top": np.s_[:20, :],
    "left": np.s_[:, :22],
    "bottom": np.s_[38:, :],
    "right": np.s_[:, 40:],
}


def roof(dark: tuple[str, ...], by: float = 0.5, stains: float = 0.0) -> np.ndarray:
    """Even ground (3, H, W) under the piece that is darker beyond the sides named."""
    rough = np.random.default_rng(3).normal(0, 1, CORE.shape)
    light = stains * cv2.GaussianBlur(rough, (0, 0), 1.0)
    for side in dark:
        light[EDGES[side]] -= by
    return np.stack([light, np.zeros_like(light), np.zeros_like(light)]).astype(np.float32)


def test_a_structure_ends_on_every_side():
    assert not unbounded(CORE, roof(tuple(EDGES)))


@pytest.mark.parametrize("third", ["bottom", "right"])
def test_a_shed_in_the_corner_of_a_roof_of_its_own_colour_may_lack_one_edge(third):
    assert not unbounded(CORE, roof(("top", "left", third)))


@pytest.mark.parametrize("stains", [0.0, 0.3])
def test_lit_ground_between_two_shadows_goes_on_on_the_other_sides(stains):
    assert unbounded(CORE, roof(("top", "left"), stains=stains))


def test_an_edge_of_colour_alone_is_an_edge():
    after = roof(())
    for side in EDGES:
        after[1][EDGES[side]] = 0.4
    assert not unbounded(CORE, after)


def test_edges_are_found_half_a_metre_from_where_the_piece_was_drawn():
    moved = np.roll(CORE, (2, -2), axis=(0, 1))
    assert not unbounded(moved, roof(tuple(EDGES)))


def test_an_edge_elsewhere_is_none_of_the_piece():
    after = roof(())
    after[0, :8] = after[0, 52:] = -1.0
    assert unbounded(CORE, after)


def test_a_piece_without_an_outline_opens_nothing_when_no_side_shows_its_height():
    assert len(found(seen(0.9))) == 1
    lit = replace(seen(0.9), after=np.zeros_like(seen(0.9).after))
    assert found(lit) == []
    assert len(found(lit, seen(0.9))) == 1  # not more than half of the pictures
