"""Casts a view's rays onto a site: ground, slabs upon it, the edges of holes, wells under them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from near.noise import Field, Mask
from near.plane import Plane
from near.site import Cover, Site, Slab, slab_shadow
from near.sun import SKY, Sun, lit
from near.view import View

_FINER = 1.5
_EDGE_STEPS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rays:
    """One for each pixel of a raster, from an eye down to a plane."""

    plane: Plane
    eye: NDArray[np.float32]
    way: NDArray[np.float32]  # (H, W, 3); falls one metre

    def ground(self, z: float = 0.0) -> tuple[Field, Field]:
        """x and y where each ray is at height z."""
        fall = float(self.eye[2]) - z
        return self.eye[0] + self.way[..., 0] * fall, self.eye[1] + self.way[..., 1] * fall

    def at(
        self, raster: NDArray[np.float32], z: float = 0.0, border: int = cv2.BORDER_CONSTANT
    ) -> NDArray[np.float32]:
        """What of a raster each ray meets in the plane at height z."""
        x, y = (self.plane.pixel(metres) for metres in self.ground(z))
        return np.asarray(cv2.remap(raster, x, y, cv2.INTER_LINEAR, borderMode=border), np.float32)


def cast(site: Site, view: View, sun: Sun, sunny: Mask) -> NDArray[np.float32]:
    """(H, W, 3) linear RGB."""
    ways = view.ways(_FINER)
    down = np.maximum(-ways[..., 2], 1e-3)
    rays = _Rays(plane=site.plane, eye=view.eye, way=ways / down[..., None])
    towards_eye = view.eye / np.linalg.norm(view.eye)
    slabs = [cover.slab for cover in site.covers if cover.slab]
    clear = sunny
    for slab in slabs:
        sunny = sunny * slab_shadow(slab, site.plane, sun.slip(slab.thick_m))
    seen = rays.at(lit(site.surface, site.plane, sun, sunny, towards_eye))
    beyond = 1 - rays.at(np.ones_like(sunny))
    if beyond.any():  # the bare ground mirrored: no cover comes twice
        bare = lit(site.bare, site.plane, sun, clear, towards_eye)
        seen = seen + rays.at(bare, border=cv2.BORDER_REFLECT) * beyond[..., None]
    gone = rays.at(site.surface.gone)
    if float(gone.max()) > 0.5:
        seen = _below(site, rays, sun, sunny, seen, gone)
    for slab in slabs:
        top = lit(slab.surface, site.plane, sun, np.ones_like(sunny), towards_eye)
        seen = _with_slab(slab, top, rays, sun, seen)
    size = (view.width_px, view.height_px)
    return np.asarray(cv2.resize(seen, size, interpolation=cv2.INTER_AREA), np.float32)


def _below(
    site: Site,
    rays: _Rays,
    sun: Sun,
    sunny: Mask,
    seen: NDArray[np.float32],
    gone: Mask,
) -> NDArray[np.float32]:
    """Where the surface is gone: its broken edge, bars, or the well."""
    surface = site.surface
    result = seen.copy()
    mine = _nearest(site.covers, *rays.ground())
    let_in = surface.gone * sunny
    for number, cover in enumerate(site.covers):
        open_here = (gone > 0.5) & (mine == number)
        if not open_here.any():
            continue
        hole = open_here.copy()
        for k in range(1, _EDGE_STEPS + 1):
            hole &= rays.at(surface.gone, -cover.thick_m * k / _EDGE_STEPS) >= 0.5
        edge = open_here & ~hole
        inside = rays.at(surface.albedo, -cover.thick_m, cv2.BORDER_REFLECT)
        result[edge] = (inside * (SKY * 0.45 + 0.15 * sun.colour))[edge]
        result[hole] = _well_colours(cover, rays, rays.way[hole], sun, let_in)
        bars = rays.at(surface.bars, -cover.thick_m / 2)
        rust = np.array([0.16, 0.09, 0.05], np.float32) * (SKY * 0.5 + 0.3 * sun.colour)
        result[hole & (bars > 0.5)] = rust
    soft = np.clip(gone * 2 - 0.5, 0, 1)[..., None]
    return np.asarray(seen * (1 - soft) + result * soft, np.float32)


def _nearest(covers: list[Cover], x: Field, y: Field) -> NDArray[np.intp]:
    far = np.stack([np.hypot(x - c.at[0], y - c.at[1]) for c in covers])
    return np.asarray(far.argmin(0), np.intp)


def _well_colours(
    cover: Cover, rays: _Rays, ways: NDArray[np.float32], sun: Sun, let_in: Mask
) -> NDArray[np.float32]:
    """(N, 3) of those of the rays that enter a well."""
    start = rays.eye + ways * rays.eye[2]
    points, floor, around = cover.well.hit(start.astype(np.float32), ways)
    x, y, z = sun.way
    up = -points[:, 2] / z
    column = np.round(rays.plane.pixel(points[:, 0] + up * x)).astype(int)
    row = np.round(rays.plane.pixel(points[:, 1] + up * y)).astype(int)
    last = rays.plane.side_px - 1
    shaft = let_in[np.clip(row, 0, last), np.clip(column, 0, last)]
    light = shaft[:, None] * sun.colour * np.where(floor, z, 0.5)[:, None]
    return cover.well.colour(points, floor, around, light.astype(np.float32))


def _with_slab(
    slab: Slab,
    top: NDArray[np.float32],
    rays: _Rays,
    sun: Sun,
    seen: NDArray[np.float32],
) -> NDArray[np.float32]:
    """What is seen with a lid upon the ground: its top, and its side below that."""
    side = slab.surface.albedo * (SKY * 0.35 + 0.2 * sun.colour)
    layers = [(side, slab.thick_m * k / _EDGE_STEPS) for k in range(_EDGE_STEPS)]
    for colours, z in (*layers, (top, slab.thick_m)):
        alpha = rays.at(slab.alpha, z)[..., None]
        seen = seen * (1 - alpha) + rays.at(colours, z) * alpha
    return np.asarray(seen, np.float32)
