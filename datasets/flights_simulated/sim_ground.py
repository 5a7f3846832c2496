"""The ground that simulated flights look at: a north-up picture with building outlines."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from shapely.geometry import Polygon
from shapely.geometry import box as rectangle

from detector.geometry.local_frame import LocalFrame


@dataclass(frozen=True, kw_only=True)
class Building:
    """A footprint in metres east and north of the ground's middle."""

    id: str
    outline: Polygon
    material: str  # "concrete", "tin" or "": what its roof is made of


@dataclass(frozen=True, kw_only=True)
class Ground:
    """`image` (H, W, 3) BGR, row 0 in the north; pixels of `px_m` = (east, north) metres."""

    image: np.ndarray
    px_m: tuple[float, float]
    frame: LocalFrame
    buildings: tuple[Building, ...]

    @property
    def size_m(self) -> tuple[float, float]:
        return self.image.shape[1] * self.px_m[0], self.image.shape[0] * self.px_m[1]

    def to_px(self, east_north_m: np.ndarray) -> np.ndarray:
        """Columns and rows (N, 2) of metres (N, 2), for pixel centres at whole numbers."""
        half = np.array(self.size_m) / 2
        x = (east_north_m[..., 0] + half[0]) / self.px_m[0] - 0.5
        y = (half[1] - east_north_m[..., 1]) / self.px_m[1] - 0.5
        return np.stack([x, y], -1)


def mosaic_ground(folder: Path) -> Ground:
    """The georeferenced picture and the outlines of shared/data/rooftop/mosaic."""
    image = cv2.imread(str(folder / "banepa_train.jpg"))
    b = json.loads((folder / "banepa_train_bounds.json").read_text())
    frame = LocalFrame((b["west"] + b["east"]) / 2, (b["south"] + b["north"]) / 2)
    corners = frame.to_local(np.array([[b["west"], b["south"]], [b["east"], b["north"]]]))
    across = corners[1] - corners[0]
    px_m = (float(across[0]) / image.shape[1], float(across[1]) / image.shape[0])
    inside = rectangle(*(corners[0] + 2), *(corners[1] - 2))
    buildings = []
    for feature in json.loads((folder / "buildings.geojson").read_text())["features"]:
        ring = np.array(feature["geometry"]["coordinates"][0], float)[:, :2]
        outline = Polygon(frame.to_local(ring)).buffer(0)
        if outline.geom_type != "Polygon" or not inside.contains(outline):
            continue
        told = (feature["properties"].get("roof:material") or "").replace("concerte", "concrete")
        name = f"osm-{feature['properties']['osm_id']}"
        buildings.append(Building(id=name, outline=outline, material=told))
    return Ground(image=image, px_m=px_m, frame=frame, buildings=tuple(buildings))


def made_ground(seed: int = 1, side_m: float = 170.0, px_m: float = 0.13) -> Ground:
    """A town made of noise: plots, streets, trees, roofs with parapets, stains and clutter."""
    rng = np.random.default_rng(seed)
    side = round(side_m / px_m)
    image = cloud(rng, side, (96, 108, 112), 26)
    buildings: list[Building] = []
    plot_m, half = 21.0, side * px_m / 2
    for row in range(int(side_m // plot_m)):
        for column in range(int(side_m // plot_m)):
            middle = (np.array([column, row]) + 0.5) * plot_m - half
            if rng.random() < 0.12:
                _tree(rng, image, middle, px_m, half)
                continue
            outline, material = _building(rng, image, middle, px_m, half)
            name = f"made-{len(buildings) + 1}"
            buildings.append(Building(id=name, outline=outline, material=material))
    for column in range(int(side_m // plot_m) + 1):
        _street(image, column * plot_m / px_m, px_m)
    return Ground(
        image=image,
        px_m=(px_m, px_m),
        frame=LocalFrame(119.2, 34.6),
        buildings=tuple(buildings),
    )


def cloud(
    rng: np.random.Generator, side: int, colour: tuple[int, int, int], depth: float
) -> np.ndarray:
    """Natural-looking noise around a colour, coarse to fine."""
    total = np.zeros((side, side), np.float32)
    for step in (64, 16, 4, 1):
        small = rng.normal(0, 1, (side // step + 2, side // step + 2)).astype(np.float32)
        total += cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC) * (step**0.35)
    total *= depth / 8
    return np.clip(total[..., None] + np.array(colour, np.float32), 0, 255).astype(np.uint8)


def _px(points: np.ndarray, px_m: float, half: float) -> np.ndarray:
    x, y = (points[:, 0] + half) / px_m, (half - points[:, 1]) / px_m
    return np.round(np.stack([x, y], -1) * 16).astype(np.int32)


def _building(
    rng: np.random.Generator, image: np.ndarray, middle: np.ndarray, px_m: float, half: float
) -> tuple[Polygon, str]:
    sides = rng.uniform(11, 16, 2) / 2
    angle = rng.uniform(-0.25, 0.25)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * sides
    ring = square @ turn.T + middle
    material = "tin" if rng.random() < 0.25 else "concrete"
    level = rng.uniform(110, 190)
    roof = cloud(rng, image.shape[0] // 8, (int(level * 0.97), int(level), int(level)), 22)
    roof = np.tile(roof, (9, 9, 1))[: image.shape[0], : image.shape[1]]
    if material == "tin":
        stripes = 1 + 0.10 * np.sin(np.arange(image.shape[1]) * 2 * np.pi / 5)
        roof = np.clip(roof * stripes[None, :, None], 0, 255).astype(np.uint8)
    mask = np.zeros(image.shape[:2], np.uint8)
    shade = ring + np.array([1.2, 1.6])
    dark = np.zeros_like(mask)
    cv2.fillPoly(dark, [_px(shade, px_m, half)], 255, cv2.LINE_AA, 4)
    image[dark > 0] = (image[dark > 0] * 0.5).astype(np.uint8)
    cv2.fillPoly(mask, [_px(ring, px_m, half)], 255, cv2.LINE_AA, 4)
    image[mask > 127] = roof[mask > 127]
    edge = (level * 1.25,) * 3
    cv2.polylines(image, [_px(ring, px_m, half)], True, edge, 2, cv2.LINE_AA, 4)
    for _ in range(int(rng.integers(2, 6))):
        spot = middle + (rng.uniform(-0.7, 0.7, 2) * sides) @ turn.T
        bit = (square / sides * rng.uniform(0.3, 0.8, 2)) @ turn.T + spot
        colour = tuple(int(v) for v in rng.uniform(40, 220, 3))
        cv2.fillPoly(image, [_px(bit, px_m, half)], colour, cv2.LINE_AA, 4)
    return Polygon(ring), material


def _tree(
    rng: np.random.Generator, image: np.ndarray, middle: np.ndarray, px_m: float, half: float
) -> None:
    for _ in range(40):
        spot = middle + rng.normal(0, 2.5, 2)
        centre = _px(spot[None], px_m, half)[0]
        radius = int(rng.uniform(0.5, 1.3) / px_m * 16)
        colour = (35, int(rng.uniform(70, 130)), int(rng.uniform(40, 80)))
        cv2.circle(image, tuple(int(v) for v in centre), radius, colour, -1, cv2.LINE_AA, 4)


def _street(image: np.ndarray, at_px: float, px_m: float) -> None:
    width = round(3.2 / px_m)
    start = max(0, round(at_px - width / 2))
    strip = image[:, start : start + width].astype(np.float32)
    image[:, start : start + width] = np.clip(strip * 0.35 + 62, 0, 255).astype(np.uint8)
