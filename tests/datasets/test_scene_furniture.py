"""What stands on rendered pavements without a vendor, without Blender."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from types import ModuleType

import numpy as np

Scene = Callable[[str], ModuleType]


def test_furniture_is_of_its_size_and_stands_on_the_ground(scene: Scene) -> None:
    build, shapes = scene("furniture").build_furniture, set()
    for seed in range(120):
        mesh = build(Random(seed))
        points = mesh.points()
        low, high = points.min(axis=0), points.max(axis=0)
        assert np.isfinite(points).all()
        assert -0.05 < low[2] < 0.2, (seed, "hangs in the air or sinks in")
        assert 0.3 < high[2] < 2.6, seed
        assert (high[:2] - low[:2] < 8).all(), seed
        assert max(max(face) for face in mesh.faces) < len(points)
        assert len(mesh.faces) == len(mesh.face_paint) == len(mesh.face_uv)
        shapes.add(len(points))
    assert len(shapes) > 30


def test_a_furnished_street_has_furniture_in_view_and_no_vendor(scene: Scene) -> None:
    corner = scene("corner").make_corner(Random(4), None, night=False, wet=0.0)
    cast = scene("cast").random_cast

    def named(**wanted: int) -> list[str]:
        return [g[0].name.split("-")[0] for g in cast(Random(5), corner, night=False, **wanted)]

    assert "furniture" not in named(vendors=4)
    furnished = named(vendors=0, furniture=14)
    assert furnished.count("furniture") >= 4
    assert not {"vendor", "stall", "cart"} & set(furnished)
    groups = cast(Random(5), corner, vendors=0, night=False, furniture=14)
    assert not any(t.label for g in groups for t in g if t.name.startswith("furniture"))
