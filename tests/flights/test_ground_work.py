"""Fitting poses, tying pictures, tiles: on ground made here, with the truth known."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from shapely.geometry import box
from sim_camera import Light, render
from sim_ground import Ground, made_ground
from sim_scene import Scene

from detector.flights.adjustment import Tie, adjust
from detector.flights.errors import FlightError, RegistrationRefused
from detector.flights.ground_window import GroundWindow, rectify
from detector.flights.pose_fit import fit_pose
from detector.flights.registration import RegistrationConfig, register
from detector.flights.tile_store import TileStore
from detector.geometry.camera_model import Lens, View
from detector.geometry.footprint import ground_footprint
from detector.geometry.pose_error import PoseError, moved

LENS = Lens.simple(640, 480, 450)
ERROR = PoseError(east_m=1.5, north_m=1.5, up_m=2, yaw_deg=1.5, pitch_deg=0.7, roll_deg=0.5)


@pytest.fixture(scope="module")
def ground() -> Ground:
    return made_ground(2, side_m=90)


def camera(**values) -> View:
    at = {"east_m": 0, "north_m": 0, "up_m": 45, "yaw_deg": 20, "pitch_deg": -90}
    return View(lens=LENS, **{**at, **values})


def far(one: View, other: View) -> float:
    pixels = np.array([[100.0, 100], [540, 100], [540, 380], [100, 380], [320, 240]])
    return float(np.hypot(*(one.to_ground(pixels) - other.to_ground(pixels)).T).max())


def laid(store: TileStore, ground: Ground, cell_m: float = 0.12) -> TileStore:
    """The ground itself as a baseline."""
    window = GroundWindow.around(box(-44, -44, 44, 44), cell_m)
    cells = np.stack(np.meshgrid(np.arange(window.width), np.arange(window.height)), -1)
    spots = ground.to_px(window.to_ground(cells.astype(float))).astype(np.float32)
    patch = cv2.remap(ground.image, spots[..., 0], spots[..., 1], cv2.INTER_LINEAR)
    store.lay(window, patch, np.full(patch.shape[:2], 200, np.uint8))
    store.flush()
    return store


def test_a_pose_is_fitted_in_spite_of_wrong_matches():
    rng = np.random.default_rng(1)
    true = camera(pitch_deg=-60)
    told = moved(true, rng.normal(0, ERROR.spread()))
    pixels = rng.uniform((20, 20), (620, 460), (80, 2))
    places = true.to_ground(pixels) + rng.normal(0, 0.05, (80, 2))
    places[:8] += 6
    assert far(told, true) > 0.5
    assert far(fit_pose(told, ERROR, pixels, places).view, true) < 0.25


def test_a_picture_is_laid_onto_the_baseline(ground, tmp_path):
    tiles = laid(TileStore(tmp_path, 0.12), ground)
    rng = np.random.default_rng(3)
    true = camera(yaw_deg=130)
    image = render(Scene.of(ground), true, Light(gain=(0.7, 0.8, 0.9), gamma=1.2), rng)
    told = moved(true, np.array([1.5, -1.0, 1.0, 2.0, 0.7, -0.4]))
    done = register(image, told, ERROR, ground_footprint(told), tiles.read, RegistrationConfig())
    assert far(told, true) > 1.5
    assert far(done.view, true) < 0.15
    assert done.error_m < 0.2


def test_a_picture_of_other_ground_is_refused(ground, tmp_path):
    tiles = laid(TileStore(tmp_path, 0.12), ground)
    other = Scene.of(made_ground(9, side_m=90))
    image = render(other, camera(), Light(), np.random.default_rng(1))
    outline = ground_footprint(camera())
    with pytest.raises(RegistrationRefused, match="match"):
        register(image, camera(), ERROR, outline, tiles.read, RegistrationConfig())
    beyond = camera(east_m=900)
    with pytest.raises(RegistrationRefused, match="does not show this ground"):
        register(image, beyond, ERROR, ground_footprint(beyond), tiles.read, RegistrationConfig())


def test_a_flight_evens_out_its_receivers_and_keeps_its_height():
    """A common error of the barometer is found by the positions' extent, and no shrinking."""
    rng = np.random.default_rng(5)
    spots = [(e, n) for e in range(-60, 61, 30) for n in range(-60, 61, 30)]
    true = [camera(east_m=e, north_m=n) for e, n in spots]
    told = [moved(v, np.array([*rng.normal(0, 0.5, 2), 1.5, *rng.normal(0, 0.3, 3)])) for v in true]
    ties = []
    for i, one in enumerate(true):
        for j in range(i + 1, len(true)):
            if np.hypot(*np.subtract(spots[i], spots[j])) > 45:
                continue
            shared = (np.array(spots[i]) + np.array(spots[j])) / 2 + rng.uniform(-9, 9, (12, 2))
            ties.append(
                Tie(
                    one=i,
                    other=j,
                    one_px=one.to_picture(shared) + rng.normal(0, 0.7, (12, 2)),
                    other_px=true[j].to_picture(shared) + rng.normal(0, 0.7, (12, 2)),
                )
            )
    fitted = adjust(told, [ERROR] * len(true), ties)
    before = np.mean([far(a, b) for a, b in zip(told, true, strict=True)])
    after = np.mean([far(a, b) for a, b in zip(fitted.views, true, strict=True)])
    heights = [v.up_m - 45 for v in fitted.views]
    assert after < 0.5 * before
    assert abs(np.mean(heights)) < 0.5


def test_tiles_keep_the_best_view_and_come_back_from_disk(tmp_path):
    store = TileStore(tmp_path, 0.1)
    window = GroundWindow.around(box(-30, -30, 30, 30), 0.1)
    size = (window.height, window.width)
    store.lay(window, np.full((*size, 3), 10, np.uint8), np.full(size, 100, np.uint8))
    better = np.zeros(size, np.uint8)
    better[:, : size[1] // 2] = 200
    store.lay(window, np.full((*size, 3), 90, np.uint8), better)
    store.flush()
    patch, known = TileStore(tmp_path, 0.1).read(window)
    assert known.all()
    assert patch[5, 5, 0] == 90
    assert patch[5, -5, 0] == 10
    coarse, whole = TileStore(tmp_path, 0.1).read(GroundWindow.around(box(-5, -5, 20, 20), 0.25))
    assert whole[10:-10, 10:-10].all()
    assert coarse[50, 90, 0] == 10
    _, unknown = store.read(GroundWindow.around(box(400, 400, 410, 410), 0.1))
    assert not unknown.any()


def test_a_damaged_tile_is_named(tmp_path):
    (tmp_path / "0_0.png").write_bytes(b"nothing")
    with pytest.raises(FlightError, match=r"0_0\.png: damaged"):
        TileStore(tmp_path, 0.1).read(GroundWindow.around(box(1, 1, 2, 2), 0.1))


def test_rectifying_puts_the_ground_where_it_is(ground):
    """A rendered picture laid onto the ground shows the ground's own pixels."""
    window = GroundWindow.around(box(-10, -10, 10, 10), 0.13)
    light = Light(noise=0, blur_px=0.3, vignette=0)
    for view in (camera(), camera(pitch_deg=-60, north_m=-20), replace(camera(), yaw_deg=-70)):
        image = render(Scene.of(ground), view, light, np.random.default_rng(0))
        patch, shown = rectify(image, view, window)
        cells = np.stack(np.meshgrid(np.arange(window.width), np.arange(window.height)), -1)
        spots = np.round(ground.to_px(window.to_ground(cells.astype(float)))).astype(int)
        true = ground.image[spots[..., 1], spots[..., 0]]
        away = np.abs(patch.astype(int) - true.astype(int)).mean(axis=2)[shown]
        assert np.median(away) < 8
