"""What rendered vendors sell from, and furniture that nobody sells from, without Blender."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from types import ModuleType
from typing import Any

import numpy as np
import pytest

Scene = Callable[[str], ModuleType]
VENDORS = {"stall", "cart", "ground_goods"}


def standing_on_the_ground(mesh: Any, which: object) -> tuple[np.ndarray, np.ndarray]:
    """The least and the largest x, y and z of a mesh that is whole and stands where it should."""
    points = mesh.points()
    low, high = points.min(axis=0), points.max(axis=0)
    assert np.isfinite(points).all()
    assert -0.05 < low[2] < 0.2, (which, "hangs in the air or sinks in")
    assert max(max(face) for face in mesh.faces) < len(points)
    assert len(mesh.faces) == len(mesh.face_paint) == len(mesh.face_uv)
    return low, high


@pytest.mark.parametrize("night", [False, True])
def test_wares_are_of_their_size_and_stand_on_the_ground(scene: Scene, night: bool) -> None:
    any_wares = scene("cast").any_wares
    seen = set()
    for seed in range(60):
        kind, mesh, _ = any_wares(Random(seed), night)
        seen.add(kind)
        low, high = standing_on_the_ground(mesh, (seed, kind))
        assert (high[:2] - low[:2] < 4.5).all(), (seed, kind)
        assert (high[:2] - low[:2]).max() > 0.6, (seed, kind)
        assert high[2] < (0.7 if kind == "ground_goods" else 3.0), (seed, kind)
    assert seen == VENDORS


def test_carts_come_in_many_shapes(scene: Scene) -> None:
    any_cart = scene("cart").any_cart
    shapes = {len(any_cart(Random(seed))[0].points()) for seed in range(30)}
    assert len(shapes) > 20


def test_a_load_lies_on_its_surface(scene: Scene) -> None:
    goods, mesh_of = scene("goods"), scene("mesh").Mesh
    for lay in goods.LOADS:
        mesh = mesh_of()
        lay(mesh, Random(2), 0.8, 1.6, 1.0)
        points = mesh.points()
        # a sheet hangs over the edge, and fruit rolls over it a little
        assert points[:, 2].min() > 0.4, lay.__name__
        assert points[:, 2].max() < 1.9, lay.__name__
        assert np.abs(points[:, 0]).max() < 1.1, lay.__name__
        assert np.abs(points[:, 1]).max() < 0.8, lay.__name__


def test_a_market_is_full_where_there_is_room(scene: Scene) -> None:
    """And a cycle rickshaw in it is labelled as nothing, its rider as a person."""
    make_corner, random_cast = scene("corner").make_corner, scene("cast").random_cast
    vendors, labels = 0, set()
    for seed in range(12):
        rng = Random(seed)
        corner = make_corner(rng, None, night=False, wet=0.0)
        groups = random_cast(rng, corner, vendors=10, night=False)
        things = [group[0] for group in groups]
        vendors += sum(thing.label in VENDORS for thing in things)
        labels |= {
            (thing.name.partition("-")[0], thing.name.endswith("rider"), thing.label)
            for thing in things
            if thing.name.startswith("rickshaw")
        }
    assert vendors > 12 * 3
    assert labels == {("rickshaw", False, None), ("rickshaw", True, "person")}


def test_furniture_is_of_its_size_and_stands_on_the_ground(scene: Scene) -> None:
    build, shapes = scene("furniture").build_furniture, set()
    for seed in range(120):
        mesh = build(Random(seed))
        low, high = standing_on_the_ground(mesh, seed)
        assert 0.3 < high[2] < 2.6, seed
        assert (high[:2] - low[:2] < 8).all(), seed
        shapes.add(len(mesh.points()))
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
