"""What one picture says of each piece of ground: how likely a structure came or went there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.flights.change_network import CLASSES
from detector.flights.change_planes import STEP
from detector.flights.ground_window import GroundWindow
from detector.flights.parallax import Lean
from detector.geometry.camera_model import View

Bytes = NDArray[np.uint8]
_PLANES = 9  # of a kept file
_COLOURS = 3  # of a day: brightness, red:green, blue:green
STEPS = 50  # of a log unit, that a byte counts
_CAME, _WENT = CLASSES.index("added"), CLASSES.index("removed")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Likelihood:
    """`came` and `went` (H, W): probabilities times 255; `weight` (H, W): quality of the view, 0
    where the picture says nothing; `before` and `after` (3, H, W): what the ground looked like,
    log brightness, red:green and blue:green as in change_planes.py, times 50, both moved as `came`
    is. Cells lie on one grid for all pictures of a flight."""

    window: GroundWindow
    came: Bytes
    went: Bytes
    weight: Bytes
    before: NDArray[np.int8]
    after: NDArray[np.int8]


def likelihood_of(
    probabilities: NDArray[np.float32],
    planes: NDArray[np.float32],
    quality: Bytes,
    window: GroundWindow,
    view: View,
    height_m: float,
) -> Likelihood:
    """Lays what the network says of a picture (3, H / 2, W / 2) onto the flight's grid; `planes`
    (7, H / 2, W / 2) are what it was told (change_planes.py), `quality` (H, W) is as in
    `Likelihood.weight`, all of `window`.

    A structure that came is seen `height_m` above the surface, too far from the camera and too
    large: it is moved to its foot, as in `sighting.lowered`. What went is in the baseline.
    """
    cell_m = window.cell_m * STEP
    grid = GroundWindow.around(window.outline, cell_m)
    lean, upright = Lean.of(view, height_m), Lean.of(view, 0.0)

    def laid(plane: NDArray[np.float32], lean: Lean, step: int) -> NDArray[np.float32]:
        matrix = _to_plane(grid, window, lean, step)
        size = grid.width, grid.height
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(plane, matrix, size, flags=flags), np.float32)

    known = quality.astype(np.float32)
    weight = np.minimum(laid(known, lean, 1), laid(known, upright, 1))
    return Likelihood(
        window=grid,
        came=_bytes(laid(probabilities[_CAME], lean, STEP) * 255),
        went=_bytes(laid(probabilities[_WENT], upright, STEP) * 255),
        weight=_bytes(weight),
        before=np.stack([_signed(laid(plane, lean, STEP)) for plane in planes[:3]]),
        after=np.stack([_signed(laid(plane, lean, STEP)) for plane in planes[3:6]]),
    )


def _to_plane(
    grid: GroundWindow, window: GroundWindow, lean: Lean, step: int
) -> NDArray[np.float64]:
    """(2, 3): the pixel of a plane of `step` cells a pixel for a cell of the grid, when what
    stands on the ground leans so."""

    def pixel(x: float, y: float) -> NDArray[np.float64]:
        foot = grid.to_ground(np.array([x, y]))
        ground = foot + lean.at(foot)
        return (window.to_cells(ground) - (step - 1) / 2) / step

    start = pixel(0, 0)
    return np.stack([pixel(1, 0) - start, pixel(0, 1) - start, start], axis=1)


def _bytes(plane: NDArray[np.float32]) -> Bytes:
    return np.asarray(np.clip(np.round(plane), 0, 255), np.uint8)


def _signed(plane: NDArray[np.float32]) -> NDArray[np.int8]:
    return np.asarray(np.clip(np.round(plane * STEPS), -127, 127), np.int8)


def write_likelihood(path: Path, one: Likelihood) -> None:
    """A PNG of all planes, one below the other, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    looks = [*one.before.view(np.uint8), *one.after.view(np.uint8)]
    planes = [one.came, one.went, one.weight, *looks]
    done, data = cv2.imencode(".png", np.vstack(planes))
    if not done:
        raise OSError(f"{path}: cannot be encoded")
    part = path.with_suffix(".part")
    part.write_bytes(data.tobytes())
    os.replace(part, path)


def read_likelihood(path: Path, window: GroundWindow) -> Likelihood | None:
    """None where there is no such file, or one of another size."""
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except FileNotFoundError:
        return None
    drawn = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if len(data) else None
    if drawn is None or drawn.shape != (_PLANES * window.height, window.width):
        return None
    planes = np.asarray(drawn, np.uint8).reshape(_PLANES, window.height, window.width)
    return Likelihood(
        window=window,
        came=planes[0],
        went=planes[1],
        weight=planes[2],
        before=planes[3 : 3 + _COLOURS].view(np.int8),
        after=planes[3 + _COLOURS :].view(np.int8),
    )
