"""One day's state of the ground: what stands on it, what was painted, where shadows fall."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from shapely import affinity
from shapely.geometry import Polygon
from sim_ground import Ground


@dataclass(frozen=True, kw_only=True)
class Structure:
    """A shed or canopy: a box on the roof plane. `texture` is its roof seen from above."""

    id: str
    kind: str  # "rooftop_shed" or "rooftop_canopy"
    corners_m: np.ndarray  # (4, 2) east, north of its foot
    height_m: float
    texture: np.ndarray
    building_id: str

    @property
    def outline(self) -> Polygon:
        return Polygon(self.corners_m)


@dataclass(kw_only=True)
class Scene:
    """The ground of one day, with the sun's place."""

    ground: Ground
    image: np.ndarray
    sun_azimuth_deg: float = 150.0
    sun_elevation_deg: float = 50.0
    structures: list[Structure] = field(default_factory=list)

    @classmethod
    def of(cls, ground: Ground) -> Scene:
        return cls(ground=ground, image=ground.image.copy())

    def mask(self, outline: Polygon, soft_px: float = 0.6) -> tuple[np.ndarray, slice, slice]:
        """Coverage (h, w) 0 to 1 of a polygon and the rows and columns that it lies in."""
        ring = self.ground.to_px(np.array(outline.exterior.coords))
        low = np.maximum(np.floor(ring.min(axis=0)).astype(int) - 4, 0)
        high = np.minimum(
            np.ceil(ring.max(axis=0)).astype(int) + 5,
            (self.image.shape[1], self.image.shape[0]),
        )
        size = np.maximum(high - low, 1)
        mask = np.zeros((size[1], size[0]), np.uint8)
        points = np.round((ring - low) * 16).astype(np.int32)
        cv2.fillPoly(mask, [points], 255, cv2.LINE_AA, 4)
        soft = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), soft_px)
        return soft, slice(low[1], low[1] + size[1]), slice(low[0], low[0] + size[0])

    def darken(self, outline: Polygon, to: float = 0.5, soft_px: float = 1.0) -> None:
        """A cast shadow: sky light is left, which is bluer than the sun's."""
        if outline.is_empty or outline.geom_type != "Polygon":
            return
        mask, rows, columns = self.mask(outline, soft_px)
        keep = np.array([to * 1.1, to, to * 0.95], np.float32)
        patch = self.image[rows, columns].astype(np.float32)
        patch *= 1 - mask[..., None] * (1 - keep)
        self.image[rows, columns] = np.clip(patch, 0, 255).astype(np.uint8)

    def tint(self, outline: Polygon, colour: tuple[float, float, float], cover: float) -> None:
        """Repaints a surface: its pattern of light and dark stays, its colour goes."""
        mask, rows, columns = self.mask(outline)
        patch = self.image[rows, columns].astype(np.float32)
        grey = patch.mean(axis=2, keepdims=True)
        level = float(np.median(grey[mask > 0.5])) if (mask > 0.5).any() else 128.0
        painted = np.array(colour, np.float32) * (grey / max(level, 1)) ** 0.8
        share = mask[..., None] * cover
        self.image[rows, columns] = np.clip(patch * (1 - share) + painted * share, 0, 255).astype(
            np.uint8
        )

    def lay(self, corners_m: np.ndarray, texture: np.ndarray, soft_px: float = 0.5) -> None:
        """Puts a picture flat onto the ground, its corners from (0, 0) clockwise."""
        corners = self.ground.to_px(corners_m).astype(np.float32)
        mask, rows, columns = self.mask(Polygon(corners_m), soft_px)
        h, w = texture.shape[:2]
        source = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
        shift = np.array([columns.start, rows.start], np.float32)
        turn = cv2.getPerspectiveTransform(source, corners - shift)
        flat = cv2.warpPerspective(
            texture, turn, (mask.shape[1], mask.shape[0]), borderMode=cv2.BORDER_REPLICATE
        )
        patch = self.image[rows, columns].astype(np.float32)
        mixed = patch * (1 - mask[..., None]) + flat * mask[..., None]
        self.image[rows, columns] = np.clip(mixed, 0, 255).astype(np.uint8)

    def shadow_of(self, outline: Polygon, height_m: float) -> Polygon:
        """Where a box of that height throws its shadow, its own foot left out."""
        reach = height_m / math.tan(math.radians(self.sun_elevation_deg))
        away = math.radians(self.sun_azimuth_deg + 180)
        steps = [
            affinity.translate(outline, math.sin(away) * reach * t, math.cos(away) * reach * t)
            for t in (0.0, 0.5, 1.0)
        ]
        hull = steps[0].union(steps[1]).convex_hull.union(steps[1].union(steps[2]).convex_hull)
        rest = hull.difference(outline)
        return max(rest.geoms, key=lambda g: g.area) if hasattr(rest, "geoms") else rest

    def build(self, structure: Structure) -> None:
        """Sets a structure up: its shadow onto the ground, itself into the list."""
        self.darken(self.shadow_of(structure.outline, structure.height_m), 0.5)
        self.structures.append(structure)
