"""A north-up raster of the ground, and pictures laid into it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from shapely.geometry import Polygon

from detector.geometry.camera_model import View

Image = NDArray[np.uint8]
_GRID_PX = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundWindow:
    """`width` by `height` cells of `cell_m`; the north-west corner is a multiple of the cell."""

    west_cell: int
    north_cell: int
    width: int
    height: int
    cell_m: float

    @classmethod
    def around(cls, outline: Polygon, cell_m: float, margin_m: float = 0.0) -> GroundWindow:
        """The smallest window that holds an outline and a margin."""
        west, south, east, north = outline.buffer(margin_m).bounds if margin_m else outline.bounds
        west_cell, north_cell = math.floor(west / cell_m), math.ceil(north / cell_m)
        return cls(
            west_cell=west_cell,
            north_cell=north_cell,
            width=max(1, math.ceil(east / cell_m) - west_cell),
            height=max(1, north_cell - math.floor(south / cell_m)),
            cell_m=cell_m,
        )

    @classmethod
    def holding(cls, windows: Sequence[GroundWindow]) -> GroundWindow:
        """The smallest window that holds others, all of one cell size. At least one of them."""
        west = min(w.west_cell for w in windows)
        north = max(w.north_cell for w in windows)
        return cls(
            west_cell=west,
            north_cell=north,
            width=max(w.west_cell + w.width for w in windows) - west,
            height=north - min(w.north_cell - w.height for w in windows),
            cell_m=windows[0].cell_m,
        )

    def part(self, top: int, left: int, height: int, width: int) -> GroundWindow:
        """A window that begins `top` rows and `left` columns from this one's corner."""
        return GroundWindow(
            west_cell=self.west_cell + left,
            north_cell=self.north_cell - top,
            width=width,
            height=height,
            cell_m=self.cell_m,
        )

    def common(self, other: GroundWindow) -> GroundWindow | None:
        """The cells that both windows have."""
        west = max(self.west_cell, other.west_cell)
        east = min(self.west_cell + self.width, other.west_cell + other.width)
        north = min(self.north_cell, other.north_cell)
        south = max(self.north_cell - self.height, other.north_cell - other.height)
        if west >= east or south >= north:
            return None
        top, left = self.north_cell - north, west - self.west_cell
        return self.part(top, left, north - south, east - west)

    def place(self, part: GroundWindow) -> tuple[slice, slice]:
        """Rows and columns of this window that hold a part of it."""
        top, left = self.north_cell - part.north_cell, part.west_cell - self.west_cell
        return slice(top, top + part.height), slice(left, left + part.width)

    def to_ground(self, cells: NDArray[np.float64]) -> NDArray[np.float64]:
        """East, north (N, 2) of columns and rows (N, 2); whole numbers are cells' middles."""
        east = (self.west_cell + 0.5 + cells[..., 0]) * self.cell_m
        north = (self.north_cell - 0.5 - cells[..., 1]) * self.cell_m
        return np.stack([east, north], -1)

    def to_cells(self, east_north_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Columns and rows (N, 2): the inverse of `to_ground`."""
        x = east_north_m[..., 0] / self.cell_m - self.west_cell - 0.5
        y = self.north_cell - 0.5 - east_north_m[..., 1] / self.cell_m
        return np.stack([x, y], -1)

    @property
    def outline(self) -> Polygon:
        ring = np.array(
            [
                [-0.5, -0.5],
                [self.width - 0.5, -0.5],
                [self.width - 0.5, self.height - 0.5],
                [-0.5, self.height - 0.5],
            ]
        )
        return Polygon(self.to_ground(ring))


def rectify(image: Image, view: View, window: GroundWindow) -> tuple[Image, NDArray[np.bool_]]:
    """The picture as seen from above (H, W, 3), and where it shows the ground at all (H, W)."""
    source, lens_view = _shrunk(image, view, window.cell_m)
    xs = np.arange(0, window.width + _GRID_PX, _GRID_PX, dtype=np.float64)
    ys = np.arange(0, window.height + _GRID_PX, _GRID_PX, dtype=np.float64)
    grid = np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2)
    # A pixel's middle lies half a pixel from the corner that the lens counts from.
    spots = lens_view.to_picture(window.to_ground(grid)) - 0.5
    coarse = np.nan_to_num(spots, nan=-1e5).reshape(len(ys), len(xs), 2).astype(np.float32)
    at_x = np.arange(window.width, dtype=np.float32) / _GRID_PX
    at_y = np.arange(window.height, dtype=np.float32) / _GRID_PX
    fine_x, fine_y = np.meshgrid(at_x, at_y)
    maps = cv2.remap(coarse, fine_x, fine_y, cv2.INTER_LINEAR)
    height, width = source.shape[:2]
    inside = (
        (maps[..., 0] >= 0)
        & (maps[..., 1] >= 0)
        & (maps[..., 0] <= width - 1)
        & (maps[..., 1] <= height - 1)
    )
    patch = cv2.remap(
        source, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(patch, np.uint8), inside


def _shrunk(image: Image, view: View, cell_m: float) -> tuple[Image, View]:
    """Halves the picture while it is much finer than the raster: against aliasing."""
    factor = 1.0
    while view.ground_px_m() / factor < cell_m * 0.55 and factor > 0.1:
        factor /= 2
    if factor == 1.0:
        return image, view
    size = round(image.shape[1] * factor), round(image.shape[0] * factor)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), View(
        lens=view.lens.scaled(factor),
        east_m=view.east_m,
        north_m=view.north_m,
        up_m=view.up_m,
        yaw_deg=view.yaw_deg,
        pitch_deg=view.pitch_deg,
        roll_deg=view.roll_deg,
    )
