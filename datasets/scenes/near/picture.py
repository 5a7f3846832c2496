"""Casts a view's rays onto a site: ground, slabs upon it, the edges of holes, wells under them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from near.noise import Field, Mask
from near.plane import Plane
from near.site import Cover, Site, slab_shadow
from near.sun import SKY, Sun, lit
from near.view import View

_FINER = 1.5
_EDGE_STEPS = 4


def cast(site: Site, view: View, sun: Sun, sunny: Mask) -> NDArray[np.float32]:
    """(H, W, 3) linear RGB."""
    ways = view.ways(_FINER)
    down = np.maximum(-ways[..., 2], 1e-3)
    unit = ways / down[..., None]  # falls one metre
    towards_eye = view.eye / np.linalg.norm(view.eye)
    for cover in site.covers:
        if cover.slab:
            sunny = sunny * slab_shadow(cover.slab, site.plane, sun.slip(cover.slab.thick_m))
    ground = lit(site.surface, site.plane, sun, sunny, towards_eye)
    seen = _beyond(site, view, unit, ground, lit(site.bare, site.plane, sun, sunny, towards_eye))
    gone = _at(site.plane, site.surface.gone, view, unit, 0.0)
    if float(gone.max()) > 0.5:
        seen = _below(site, view, unit, sun, sunny, seen, gone)
    for cover in site.covers:
        seen = _slab(cover, site.plane, view, unit, sun, sunny, towards_eye, seen)
    size = (view.width_px, view.height_px)
    return np.asarray(cv2.resize(seen, size, interpolation=cv2.INTER_AREA), np.float32)


def _beyond(
    site: Site,
    view: View,
    unit: NDArray[np.float32],
    ground: NDArray[np.float32],
    bare: NDArray[np.float32],
) -> NDArray[np.float32]:
    """The ground, and beyond its raster the bare ground mirrored: no cover comes twice."""
    far = _at(site.plane, bare, view, unit, 0.0, cv2.BORDER_REFLECT)
    near = _at(site.plane, ground, view, unit, 0.0)
    known = _at(site.plane, np.ones(bare.shape[:2], np.float32), view, unit, 0.0)[..., None]
    return np.asarray(near + far * (1 - known), np.float32)


def _at(
    plane: Plane,
    raster: NDArray[np.float32],
    view: View,
    unit: NDArray[np.float32],
    z: float,
    border: int = cv2.BORDER_CONSTANT,
) -> NDArray[np.float32]:
    """What of a raster each ray meets in the plane at height z."""
    fall = float(view.eye[2]) - z
    x = plane.pixel(view.eye[0] + unit[..., 0] * fall)
    y = plane.pixel(view.eye[1] + unit[..., 1] * fall)
    return np.asarray(cv2.remap(raster, x, y, cv2.INTER_LINEAR, borderMode=border), np.float32)


def _below(
    site: Site,
    view: View,
    unit: NDArray[np.float32],
    sun: Sun,
    sunny: Mask,
    seen: NDArray[np.float32],
    gone: Mask,
) -> NDArray[np.float32]:
    """Where the surface is gone: its broken edge, bars, or the well."""
    plane, surface = site.plane, site.surface
    result = seen.copy()
    x = view.eye[0] + unit[..., 0] * view.eye[2]
    y = view.eye[1] + unit[..., 1] * view.eye[2]
    mine = _nearest(site.covers, x, y)
    let_in = surface.gone * sunny
    for number, cover in enumerate(site.covers):
        open_here = (gone > 0.5) & (mine == number)
        if not open_here.any():
            continue
        depth = np.full(gone.shape, np.inf, np.float32)
        for k in range(1, _EDGE_STEPS + 1):
            z = -cover.thick_m * k / _EDGE_STEPS
            wall = open_here & (_at(plane, surface.gone, view, unit, z) < 0.5) & np.isinf(depth)
            depth[wall] = -z
        edge = open_here & np.isfinite(depth)
        inside = _at(plane, surface.albedo, view, unit, -cover.thick_m, cv2.BORDER_REFLECT)
        result[edge] = (inside * (SKY * 0.45 + 0.15 * sun.colour))[edge]
        hole = open_here & ~edge
        result[hole] = _well_colours(cover, plane, view, unit[hole], sun, let_in)
        bars = _at(plane, surface.bars, view, unit, -cover.thick_m / 2)
        rust = np.array([0.16, 0.09, 0.05], np.float32) * (SKY * 0.5 + 0.3 * sun.colour)
        result[hole & (bars > 0.5)] = rust
    soft = np.clip(gone * 2 - 0.5, 0, 1)[..., None]
    return np.asarray(seen * (1 - soft) + result * soft, np.float32)


def _nearest(covers: list[Cover], x: Field, y: Field) -> NDArray[np.intp]:
    far = np.stack([np.hypot(x - c.at[0], y - c.at[1]) for c in covers])
    return np.asarray(far.argmin(0), np.intp)


def _well_colours(
    cover: Cover,
    plane: Plane,
    view: View,
    unit: NDArray[np.float32],
    sun: Sun,
    let_in: Mask,
) -> NDArray[np.float32]:
    """(N, 3) of the rays, each (x, y, -1) a metre of fall, that enter a well."""
    start = view.eye + unit * view.eye[2]
    points, floor, around = cover.well.hit(start.astype(np.float32), unit)
    x, y, z = sun.way
    up = -points[:, 2] / z
    column = np.round(plane.pixel(points[:, 0] + up * x)).astype(int)
    row = np.round(plane.pixel(points[:, 1] + up * y)).astype(int)
    last = plane.side_px - 1
    shaft = let_in[np.clip(row, 0, last), np.clip(column, 0, last)]
    light = shaft[:, None] * sun.colour * np.where(floor, z, 0.5)[:, None]
    return cover.well.colour(points, floor, around, light.astype(np.float32))


def _slab(
    cover: Cover,
    plane: Plane,
    view: View,
    unit: NDArray[np.float32],
    sun: Sun,
    sunny: Mask,
    towards_eye: NDArray[np.float32],
    seen: NDArray[np.float32],
) -> NDArray[np.float32]:
    """A lid upon the ground: its top, and its side below that."""
    slab = cover.slab
    if slab is None:
        return seen
    top = lit(slab.surface, plane, sun, np.ones_like(sunny), towards_eye)
    side = slab.surface.albedo * (SKY * 0.35 + 0.2 * sun.colour)
    result = seen
    for k in range(_EDGE_STEPS):
        z = slab.thick_m * k / _EDGE_STEPS
        alpha = _at(plane, slab.alpha, view, unit, z)[..., None]
        result = result * (1 - alpha) + _at(plane, side, view, unit, z) * alpha
    alpha = _at(plane, slab.alpha, view, unit, slab.thick_m)[..., None]
    colour = _at(plane, top, view, unit, slab.thick_m)
    return np.asarray(result * (1 - alpha) + colour * alpha, np.float32)
