"""The renderer's camera and labels, without Blender."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

SCENES = Path(__file__).resolve().parents[2] / "datasets" / "scenes"


@pytest.fixture
def lens_module() -> Iterator[ModuleType]:
    """The scripts run by path, so their folder is put on the path for one test only."""
    before = set(sys.modules)
    sys.path.insert(0, str(SCENES))
    try:
        yield import_module("lens")
    finally:
        sys.path.remove(str(SCENES))
        for name in set(sys.modules) - before:
            if str(SCENES) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]


def test_ground_and_picture_are_inverse(lens_module: ModuleType) -> None:
    lens = lens_module.looking_at(
        (1.0, -4.5, 6.2), (2.0, 7.6, 0.4), size_px=(640, 360), field_of_view_deg=66
    )
    import numpy as np

    x, y = lens.ground(200.0, 300.0)
    assert lens.project(np.array([[x, y, 0.0]]))[0] == pytest.approx([200.0, 300.0], abs=1e-6)


def test_nothing_is_on_the_ground_above_the_horizon(lens_module: ModuleType) -> None:
    lens = lens_module.looking_at(
        (0.0, 0.0, 6.0), (0.0, 30.0, 5.0), size_px=(640, 360), field_of_view_deg=66
    )
    assert lens.ground(320.0, 1.0) is None
