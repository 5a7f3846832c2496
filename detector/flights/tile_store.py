"""The ground of a flight as tiles on disk, so that memory does not grow with the estate."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.flights.errors import FlightError
from detector.flights.ground_window import GroundWindow, Image

_SIDE = 512
_KEPT = 48  # tiles in memory, 1 MiB each


class TileStore:
    """Tiles of 512 by 512 cells. Each cell holds its colour and the quality (1 to 255) of the
    view it came from; 0: never seen. Laying the same picture twice changes nothing."""

    def __init__(self, folder: Path, cell_m: float) -> None:
        self._folder, self.cell_m = folder, cell_m
        self._cache: OrderedDict[tuple[int, int], NDArray[np.uint8]] = OrderedDict()
        self._dirty: set[tuple[int, int]] = set()

    def lay(self, window: GroundWindow, patch: Image, quality: NDArray[np.uint8]) -> None:
        """Puts a patch down wherever its quality beats what is there."""
        for key, here, there in self._parts(window):
            tile = self._tile(key)
            part = tile[there]
            better = quality[here] > part[..., 3]
            part[..., :3][better] = patch[here][better]
            part[..., 3][better] = quality[here][better]
            self._dirty.add(key)
            self._evict()

    def read(self, window: GroundWindow) -> tuple[Image, NDArray[np.bool_]]:
        """The ground (H, W, 3) of a window and where it is known (H, W)."""
        found = np.zeros((window.height, window.width, 4), np.uint8)
        cells = window if window.cell_m == self.cell_m else self._native(window)
        target = found if cells is window else np.zeros((cells.height, cells.width, 4), np.uint8)
        for key, here, there in self._parts(cells):
            target[here] = self._tile(key)[there]
            self._evict()
        if cells is not window:
            found = _resampled(target, cells, window)
        return found[..., :3].copy(), found[..., 3] > 0

    def flush(self) -> None:
        """Writes what has changed, each tile whole or not at all."""
        for key in sorted(self._dirty):
            self._write(key, self._cache[key])
        self._dirty.clear()

    def bounds_cells(self) -> tuple[int, int, int, int] | None:
        """West, south, east, north in cells of what the tiles cover; None without any."""
        keys = [tuple(int(p) for p in f.stem.split("_")) for f in self._folder.glob("*.png")]
        if not keys:
            return None
        xs, ys = [k[0] for k in keys], [k[1] for k in keys]
        return min(xs) * _SIDE, min(ys) * _SIDE, (max(xs) + 1) * _SIDE, (max(ys) + 1) * _SIDE

    def _native(self, window: GroundWindow) -> GroundWindow:
        return GroundWindow.around(window.outline, self.cell_m, self.cell_m * 2)

    def _parts(
        self, window: GroundWindow
    ) -> Iterator[tuple[tuple[int, int], tuple[slice, slice], tuple[slice, slice]]]:
        """Tile keys with the window's part and the tile's part that lie on each other."""
        west, north = window.west_cell, window.north_cell
        east, south = west + window.width, north - window.height
        for ty in range(south // _SIDE, (north - 1) // _SIDE + 1):
            for tx in range(west // _SIDE, (east - 1) // _SIDE + 1):
                x0, x1 = max(west, tx * _SIDE), min(east, (tx + 1) * _SIDE)
                top, bottom = min(north, (ty + 1) * _SIDE), max(south, ty * _SIDE)
                here = (slice(north - top, north - bottom), slice(x0 - west, x1 - west))
                edge = (ty + 1) * _SIDE
                there = (
                    slice(edge - top, edge - bottom),
                    slice(x0 - tx * _SIDE, x1 - tx * _SIDE),
                )
                yield (tx, ty), here, there

    def _tile(self, key: tuple[int, int]) -> NDArray[np.uint8]:
        if key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        path = self._path(key)
        tile = np.zeros((_SIDE, _SIDE, 4), np.uint8)
        if path.exists():
            read = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            if read is None or read.shape != tile.shape:
                raise FlightError(f"{path}: damaged tile; remove it and ingest the flight again")
            tile = np.asarray(read, np.uint8)
        self._cache[key] = tile
        return tile

    def _evict(self) -> None:
        while len(self._cache) > _KEPT:
            key, tile = self._cache.popitem(last=False)
            if key in self._dirty:
                self._write(key, tile)
                self._dirty.discard(key)

    def _path(self, key: tuple[int, int]) -> Path:
        return self._folder / f"{key[0]}_{key[1]}.png"

    def _write(self, key: tuple[int, int], tile: NDArray[np.uint8]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        done, data = cv2.imencode(".png", tile, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        if not done:
            raise FlightError(f"{self._path(key)}: cannot be encoded")
        part = self._path(key).with_suffix(".part")
        part.write_bytes(data.tobytes())
        os.replace(part, self._path(key))


def _resampled(
    native: NDArray[np.uint8], cells: GroundWindow, window: GroundWindow
) -> NDArray[np.uint8]:
    """The tiles' cells seen at another size; a cell is known where all it came from is."""
    factor = cells.cell_m / window.cell_m
    origin = window.to_cells(cells.to_ground(np.zeros((1, 2))))[0]
    warp = np.array([[factor, 0, origin[0]], [0, factor, origin[1]]], np.float64)
    blurred = native
    if factor < 0.8:
        blurred = cv2.GaussianBlur(native, (0, 0), 0.4 / factor)  # type: ignore[assignment]
        blurred[..., 3] = native[..., 3]
    out = cv2.warpAffine(
        blurred, warp, (window.width, window.height), flags=cv2.INTER_LINEAR, borderValue=0
    )
    return np.asarray(out, np.uint8)
