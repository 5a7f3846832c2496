"""Daylight on the plane: sky, sun, the shadows of relief and of what stands outside the picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from near.noise import Mask, cloud, step, turned
from near.plane import Plane, Surface


@dataclass(frozen=True, slots=True, kw_only=True)
class Sun:
    way: tuple[float, float, float]  # unit vector towards it
    strength: float  # beside the sky's 1; 0 under clouds
    warm: float

    @property
    def colour(self) -> NDArray[np.float32]:
        return self.strength * np.array([1 + self.warm, 1, 1 - 1.5 * self.warm], np.float32)

    def slip(self, height_m: float) -> tuple[float, float]:
        """How far on the ground the shadow of a point so high lies from below it."""
        x, y, z = self.way
        return -x / z * height_m, -y / z * height_m


SKY = np.array([0.92, 0.98, 1.1], np.float32)


def random_sun(rng: np.random.Generator) -> Sun:
    lift, turn = np.radians(rng.uniform(18, 75)), rng.uniform(0, 2 * np.pi)
    way = (np.cos(lift) * np.cos(turn), np.cos(lift) * np.sin(turn), np.sin(lift))
    strength = 0.0 if rng.random() < 0.4 else float(rng.uniform(0.8, 4))
    x, y, z = (float(c) for c in way)
    return Sun(way=(x, y, z), strength=strength, warm=float(rng.uniform(0, 0.15)))


def outside_shadow(rng: np.random.Generator, plane: Plane) -> Mask:
    """How much sun gets past trees, walls and people: 1 all of it."""
    kind, side = rng.random(), plane.side_px
    lit = np.ones((side, side), np.float32)
    if kind < 0.2:  # leaves
        field = cloud(rng, side, float(rng.uniform(0.1, 0.5)) / plane.m_a_px)
        lit = step(field, float(rng.uniform(-1, 0.6)), float(rng.uniform(0.2, 0.8)))
    elif kind < 0.4:  # a wall, or a post
        x, y = plane.grid()
        turn = rng.uniform(0, 2 * np.pi)
        along = turned(x, y, turn)[0] - float(rng.uniform(-0.7, 0.7)) * plane.half_m
        lit = step(along, 0.0, 0.04)
        if rng.random() < 0.4:
            lit = 1 - lit * step(-along, -float(rng.uniform(0.05, 0.4)), 0.04)
    elif kind < 0.55:  # whoever takes the picture
        shape = np.zeros((side, side), np.float32)
        at = rng.uniform(0.1, 0.9, 2) * side
        wide = float(rng.uniform(0.15, 0.3)) / plane.m_a_px
        turn = float(rng.uniform(0, 360))
        middle = (round(float(at[0])), round(float(at[1])))
        cv2.ellipse(shape, middle, (round(3 * wide), round(wide)), turn, 0, 360, 1.0, -1)
        lit = 1 - cv2.GaussianBlur(shape, (0, 0), max(0.02 / plane.m_a_px, 1))
    return np.asarray(lit, np.float32)


def lit(
    surface: Surface, plane: Plane, sun: Sun, sunny: Mask, towards_eye: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(H, W, 3) linear colours of a surface; `sunny` says how much sun reaches each place."""
    height = surface.height_m
    down = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3) / (8 * plane.m_a_px)
    across = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3) / (8 * plane.m_a_px)
    length = np.sqrt(1 + down**2 + across**2)
    normal = np.stack([-across, -down, np.ones_like(down)], -1) / length[..., None]
    facing = np.clip(normal @ np.array(sun.way, np.float32), 0, None) * sunny
    facing *= _relief_shadow(height, plane, sun)
    hollow = height - cv2.GaussianBlur(height, (0, 0), max(0.012 / plane.m_a_px, 1.0))
    open_sky = np.clip(1 + 60 * hollow, 0.35, 1.15) * (0.75 + 0.25 * normal[..., 2])
    colour = surface.albedo * (open_sky[..., None] * SKY + facing[..., None] * sun.colour)
    half = np.array(sun.way, np.float32) + towards_eye
    half /= np.linalg.norm(half)
    shine = np.clip(normal @ half, 0, 1) ** 40 * sunny * 0.6
    mirror = np.clip(2 * normal[..., 2] * (normal @ towards_eye) - towards_eye[2], 0, 1)
    grazing = 0.04 + 0.5 * (1 - np.clip(normal @ towards_eye, 0, 1)) ** 4
    sheen = surface.gloss * (shine * sun.strength + grazing * mirror)
    return np.asarray(colour + sheen[..., None] * SKY, np.float32)


def _relief_shadow(height: NDArray[np.float32], plane: Plane, sun: Sun) -> Mask:
    """Where raised parts keep the sun off; by steps of a few pixels towards it."""
    if sun.strength == 0:
        return np.ones_like(height)
    x, y, z = sun.way
    flat = float(np.hypot(x, y))
    hidden = np.zeros_like(height)
    for far in (1.0, 2.0, 3.5, 6.0, 10.0):
        dx, dy = x / max(flat, 1e-3) * far, y / max(flat, 1e-3) * far
        move = np.array([[1, 0, -dx], [0, 1, -dy]], np.float32)
        size = (height.shape[1], height.shape[0])
        there = cv2.warpAffine(height, move, size, borderMode=cv2.BORDER_REFLECT)
        rise = there - height - far * plane.m_a_px * z / max(flat, 1e-3)
        hidden = np.maximum(hidden, np.clip(rise / 0.0015, 0, 1))
    return np.asarray(1 - hidden, np.float32)
