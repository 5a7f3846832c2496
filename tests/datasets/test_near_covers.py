"""Drawn close-ups of covers: what a state looks like, and that each label says where it is."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from training.own_set import read_own_set

Scene = Callable[[str], ModuleType]
STATES = ("cover_ok", "cover_damaged", "cover_missing", "storm_grate")


def test_a_drawn_set_is_one_that_a_dataset_takes(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = scene("draw_covers")
    for folder in ("first", "again"):
        command = ["draw", "--out", str(tmp_path / folder), "--frames", "6", "--seed", "4"]
        monkeypatch.setattr(sys, "argv", command)
        draw.main()
    listed = json.loads((tmp_path / "first" / "set.json").read_text())
    assert len(listed["pictures"]) == 6
    boxes = 0
    for picture in listed["pictures"]:
        file = Path("images") / picture["file"]
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "again" / file).read_bytes()
        text = (tmp_path / "first" / "labels" / file.name).with_suffix(".txt").read_text()
        for line in text.splitlines():
            number, cx, cy, w, h = (float(part) for part in line.split())
            assert 0 <= number < len(STATES)
            assert cx - w / 2 > -1e-4
            assert cx + w / 2 < 1 + 1e-4
            assert cy - h / 2 > -1e-4
            assert cy + h / 2 < 1 + 1e-4
            boxes += 1
    assert boxes >= 5
    read = read_own_set(tmp_path / "first")
    assert read.name == "drawn_covers"
    assert set(read.labelled) == {*STATES, "pothole"}, "no hole in the road is a pothole here"


def _of_state(scene: Scene, state: str, seed: int) -> tuple[NDArray[np.float32], Any]:
    """A bright noon over one cover of 0.35 m, from 2 m straight above, 400 px wide: RGB, linear."""
    site, plane, sun = scene("near.site"), scene("near.plane"), scene("near.sun")
    ground = plane.Plane(half_m=1.2, side_px=500)
    rng = np.random.default_rng(seed)
    odds = [1.0 if name == state else 0.0 for name in STATES]
    shown = site.random_site(rng, ground, 0.35, 1, 40_000.0, odds)
    noon = sun.Sun(way=(0.0, 0.0, 1.0), strength=0.0, warm=0.0)
    lit = np.ones((500, 500), np.float32)
    picture = scene("near.picture").cast(shown, _above(scene), noon, lit)
    return picture, shown


def _above(scene: Scene) -> Any:
    turn = np.array([[1, 0, 0], [0, 1, 0], [0, 0, -1]], np.float32)
    return scene("near.view").View(
        eye=np.array([0, 0, 2], np.float32),
        turn=turn,
        focal_px=400.0,
        width_px=400,
        height_px=400,
    )


def _dark_share(picture: NDArray[np.float32]) -> float:
    """Of the cover, whose rim is 70 px from the middle."""
    y, x = np.mgrid[-200:200, -200:200]
    inside = np.hypot(x, y) < 60
    grey = picture.mean(-1)
    return float((grey[inside] < 0.25 * np.median(grey[~inside])).mean())


def test_states_look_as_they_are_called(scene: Scene) -> None:
    """Over many covers: only sound ones are whole, open wells are the darkest."""
    site = scene("near.site")
    gone = {state: [] for state in STATES}
    dark = {state: [] for state in STATES}
    for state in STATES:
        for seed in range(5):
            picture, shown = _of_state(scene, state, seed)
            assert np.isfinite(picture).all()
            assert shown.covers[0].state == state
            inside = site._far(shown.plane, shown.covers[0]) < 0.8
            gone[state].append(float((shown.surface.gone[inside] > 0.5).mean()))
            dark[state].append(_dark_share(picture))
    assert max(gone["cover_ok"]) == 0
    assert min(gone["cover_missing"]) > 0.95
    assert max(gone["cover_damaged"]) < 1
    assert sum(share > 0.01 for share in gone["cover_damaged"]) >= 3
    assert np.mean(dark["cover_missing"]) > 0.3 > np.mean(dark["cover_ok"])


@pytest.mark.parametrize("square", [False, True])
def test_damage_is_plain_from_where_it_is_seen(scene: Scene, square: bool) -> None:
    lid, fracture = scene("near.lid"), scene("near.fracture")
    shape = lid.Shape(square=square)
    for seed in range(12):
        whole = lid.random_lid(np.random.default_rng(seed), shape, 0.35)
        near = fracture.broken(np.random.default_rng(seed), whole, 40_000.0)
        far = fracture.broken(np.random.default_rng(seed), whole, 1_000.0)
        assert whole.surface.gone.max() == 0, "the whole lid stays whole"
        assert fracture._damaged_share(whole, near.surface) > 0.01
        assert fracture._damaged_share(whole, far.surface) > 0.12
        outside = whole.alpha == 0
        assert near.surface.gone[outside].max() == 0, "only the lid breaks"


def test_a_pixel_sees_what_is_projected_on_it(scene: Scene) -> None:
    random_view = scene("near.view").random_view
    for seed in range(20):
        view = random_view(np.random.default_rng(seed), 0.4, 0.35)
        way = view.ways(1.0)[view.height_px // 3, view.width_px // 4]
        assert way[2] < 0, "looks at the ground"
        point = view.eye + way * (view.eye[2] / -way[2])
        x, y = view.project(point)[0]
        assert float(x) == pytest.approx(view.width_px // 4 + 0.5, abs=0.05)
        assert float(y) == pytest.approx(view.height_px // 3 + 0.5, abs=0.05)


@pytest.mark.parametrize("square", [False, True])
def test_rays_end_on_the_wall_or_on_the_bottom(scene: Scene, square: bool) -> None:
    shape = scene("near.lid").Shape(square=square)
    rng = np.random.default_rng(3)
    shaft = scene("near.well").random_well(rng, (0.5, -0.25), shape, 0.3, 0.4)
    start = np.concatenate([rng.uniform(-0.25, 0.25, (200, 2)), np.zeros((200, 1))], 1)
    start += np.array([0.5, -0.25, 0])
    way = np.concatenate([rng.uniform(-1, 1, (200, 2)), -np.ones((200, 1))], 1)
    points, floor, _ = shaft.hit(start.astype(np.float32), way.astype(np.float32))
    assert floor.any()
    assert points[floor][:, 2] == pytest.approx(-shaft.depth_m, abs=1e-3)
    x, y = points[~floor][:, 0] - 0.5, points[~floor][:, 1] + 0.25
    cos, sin = np.cos(0.3), np.sin(0.3)
    out = shape.far(x * cos + y * sin, y * cos - x * sin)
    assert out == pytest.approx(0.4, abs=1e-3)
    assert (points[~floor][:, 2] > -shaft.depth_m).all()


def test_no_cover_comes_twice_where_the_ground_goes_on(scene: Scene) -> None:
    """Beyond the raster the ground is mirrored, and a cover in it would have no label."""
    plane, site, sun = scene("near.plane"), scene("near.site"), scene("near.sun")
    ground = plane.Plane(half_m=0.5, side_px=200)
    bare = plane.Surface.flat(200)
    bare.albedo[:] = 0.2
    covered = bare.copy()
    covered.albedo[80:120, 160:200] = (0.8, 0.0, 0.0)
    shown = site.Site(plane=ground, surface=covered, bare=bare, covers=[])
    noon = sun.Sun(way=(0.0, 0.0, 1.0), strength=0.0, warm=0.0)
    picture = scene("near.picture").cast(
        shown, _above(scene), noon, np.ones((200, 200), np.float32)
    )
    red = (picture[..., 0] > 2 * picture[..., 1]).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(red)
    assert count == 2, "one piece beside the background"
    assert stats[1][2] == pytest.approx(40, abs=4), "0.2 m at 200 px a metre"


def test_a_shadow_falls_away_from_the_sun(scene: Scene) -> None:
    sun = scene("near.sun").Sun(way=(0.6, 0.0, 0.8), strength=2.0, warm=0.0)
    assert sun.slip(0.4) == pytest.approx((-0.3, 0.0))


def test_a_lid_beside_its_well_throws_one_shadow(scene: Scene) -> None:
    """Ground beyond what was drawn is the drawn ground mirrored, without what lies on it."""
    site, plane = scene("near.site"), scene("near.plane").Plane(half_m=1.5, side_px=300)
    sun = scene("near.sun").Sun(way=(0.6, 0.0, 0.8), strength=3.0, warm=0.0)
    flat = scene("lens").Lens(
        x_m=-6.0, y_m=0.0, height_m=2.0, yaw_rad=0.0, pitch_rad=0.3,
        width_px=160, height_px=120, focal_px=140.0,
    )  # fmt: skip
    view = scene("near.view").View(
        eye=flat.place().astype(np.float32),
        turn=np.stack(flat.axes()).astype(np.float32),
        focal_px=140.0,
        width_px=160,
        height_px=120,
    )

    def seen(with_lid: bool) -> NDArray[np.float32]:
        rng = np.random.default_rng(5)
        shown = site.random_site(rng, plane, 0.35, 1, 500.0, (0, 0, 1, 0))
        (cover,) = shown.covers
        lid = scene("near.lid").random_lid(rng, cover.shape, cover.radius_m)
        cover.slab = site._aside(rng, plane, cover, lid) if with_lid else None
        lit = np.ones((300, 300), np.float32)
        return scene("near.picture").cast(shown, view, sun, lit)

    changed = np.abs(seen(True) - seen(False)).max(axis=-1) > 1e-3
    parts, _ = cv2.connectedComponents(changed.astype(np.uint8))
    assert parts == 2, "the background, and one lid with its shadow"
