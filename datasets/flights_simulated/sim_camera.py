"""Renders what a camera of known pose sees of a scene."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from sim_scene import Scene, Structure

from detector.geometry.camera_model import View


@dataclass(frozen=True, kw_only=True)
class Light:
    """Exposure, colour and the camera's own faults."""

    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    gamma: float = 1.0
    noise: float = 2.5
    blur_px: float = 0.6
    vignette: float = 0.15

    @classmethod
    def random(cls, rng: np.random.Generator) -> Light:
        level = rng.uniform(0.75, 1.2)
        warm = rng.uniform(-0.10, 0.10)
        return cls(
            gain=(level * (1 - warm), level, level * (1 + warm)),
            gamma=float(rng.uniform(0.85, 1.2)),
            noise=float(rng.uniform(1.5, 4)),
            blur_px=float(rng.uniform(0.4, 0.9)),
            vignette=float(rng.uniform(0.05, 0.25)),
        )


def render(scene: Scene, view: View, light: Light, rng: np.random.Generator) -> np.ndarray:
    """The picture (H, W, 3) BGR; ground outside the scene is grey."""
    lens = view.lens
    image = _ground(scene, view)
    order = sorted(scene.structures, key=lambda s: -_away(view, s))
    for structure in order:
        _draw(image, scene, view, structure)
    picture = cv2.GaussianBlur(image, (0, 0), light.blur_px).astype(np.float32) / 255
    picture = np.power(picture, light.gamma) * np.array(light.gain, np.float32)
    y, x = np.mgrid[: lens.height_px, : lens.width_px].astype(np.float32)
    r2 = ((x / lens.width_px - 0.5) ** 2 + (y / lens.height_px - 0.5) ** 2) * 2
    picture *= (1 - light.vignette * r2)[..., None]
    picture = picture * 255 + rng.normal(0, light.noise, picture.shape).astype(np.float32)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _ground(scene: Scene, view: View) -> np.ndarray:
    """Every fourth pixel's ground point is exact, those between are interpolated."""
    lens, step = view.lens, 4
    us = np.arange(0, lens.width_px + step, step, dtype=np.float64)
    vs = np.arange(0, lens.height_px + step, step, dtype=np.float64)
    # Pixel middles lie half a pixel from the corner that the lens counts from.
    grid = np.stack(np.meshgrid(us, vs), -1).reshape(-1, 2) + 0.5
    spots = scene.ground.to_px(view.to_ground(grid)).reshape(len(vs), len(us), 2)
    spots = np.nan_to_num(spots, nan=-1e6).astype(np.float32)
    inverse = np.array([[1 / step, 0, 0], [0, 1 / step, 0]], np.float32)
    maps = [
        cv2.remap(
            spots[..., i],
            *_regular(lens.width_px, lens.height_px, inverse),
            interpolation=cv2.INTER_LINEAR,
        )
        for i in (0, 1)
    ]
    return cv2.remap(scene.image, maps[0], maps[1], cv2.INTER_LINEAR, borderValue=(110, 110, 110))


def _regular(width: int, height: int, inverse: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return x * inverse[0, 0], y * inverse[1, 1]


def _away(view: View, structure: Structure) -> float:
    middle = structure.corners_m.mean(axis=0)
    return float(np.hypot(middle[0] - view.east_m, middle[1] - view.north_m))


def _draw(image: np.ndarray, scene: Scene, view: View, structure: Structure) -> None:
    foot = np.column_stack([structure.corners_m, np.zeros(4)])
    top = np.column_stack([structure.corners_m, np.full(4, structure.height_m)])
    feet, tops = view.to_picture(foot), view.to_picture(top)
    if not np.isfinite(feet).all() or not np.isfinite(tops).all():
        return
    both = np.vstack([feet, tops])
    size = np.array([view.lens.width_px, view.lens.height_px])
    if (both.max(axis=0) < -50).any() or (both.min(axis=0) > size + 50).any():
        return
    if structure.kind == "rooftop_shed":
        _walls(image, scene, view, structure, feet, tops)
    h, w = structure.texture.shape[:2]
    source = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    _paste(image, structure.texture, source, tops.astype(np.float32))


def _walls(
    image: np.ndarray,
    scene: Scene,
    view: View,
    structure: Structure,
    feet: np.ndarray,
    tops: np.ndarray,
) -> None:
    sun = np.radians(scene.sun_azimuth_deg)
    colour = structure.texture.reshape(-1, 3).mean(axis=0)
    for i in range(4):
        j = (i + 1) % 4
        side = structure.corners_m[j] - structure.corners_m[i]
        out = np.array([-side[1], side[0]]) / max(float(np.hypot(*side)), 1e-6)
        middle = (structure.corners_m[i] + structure.corners_m[j]) / 2
        if out @ (middle - structure.corners_m.mean(axis=0)) < 0:
            out = -out
        if out @ (np.array([view.east_m, view.north_m]) - middle) <= 0:
            continue  # seen from behind
        lit = 0.45 + 0.45 * max(0.0, float(out @ np.array([np.sin(sun), np.cos(sun)])))
        wall = np.array([feet[i], feet[j], tops[j], tops[i]])
        cv2.fillPoly(
            image,
            [np.round(wall * 16).astype(np.int32)],
            tuple(float(v) for v in colour * lit),
            cv2.LINE_AA,
            4,
        )


def _paste(image: np.ndarray, texture: np.ndarray, source: np.ndarray, target: np.ndarray) -> None:
    low = np.maximum(np.floor(target.min(axis=0)).astype(int) - 2, 0)
    high = np.minimum(np.ceil(target.max(axis=0)).astype(int) + 3, image.shape[1::-1])
    if (high <= low).any():
        return
    turn = cv2.getPerspectiveTransform(source, target - low.astype(np.float32))
    size = tuple(int(v) for v in high - low)
    flat = cv2.warpPerspective(texture, turn, size, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros(size[::-1], np.uint8)
    cv2.fillPoly(mask, [np.round((target - low) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    share = mask[..., None].astype(np.float32) / 255
    part = image[low[1] : high[1], low[0] : high[0]]
    part[:] = (part * (1 - share) + flat * share).astype(np.uint8)
