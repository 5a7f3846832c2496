"""Flies over a scene: a grid of photographs with telemetry that errs as a drone's does."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
from shapely.geometry import Polygon, mapping
from sim_camera import Light, render
from sim_changes import Truth
from sim_photo import photo
from sim_scene import Scene

from detector.geometry.camera_model import Lens, View
from detector.geometry.local_frame import LocalFrame


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A flight. `area_m` is west, south, east, north of the ground to be seen."""

    area_m: tuple[float, float, float, float]
    height_m: float = 80.0
    heading_deg: float = 0.0
    pitch_deg: float = -90.0
    overlap: float = 0.6
    size_px: tuple[int, int] = (1600, 1200)
    starts_at: datetime
    rtk: bool = False
    enlarge: int = 1  # rendered so many times smaller: twelve megapixels cost the camera little


@dataclass(frozen=True, kw_only=True)
class Errors:
    """One-sigma telemetry errors: of the whole flight, and of each picture on top."""

    position_m: tuple[float, float] = (0.7, 0.4)
    height_m: tuple[float, float] = (0.8, 0.3)
    pitch_deg: tuple[float, float] = (0.3, 0.2)
    yaw_deg: tuple[float, float] = (0.8, 0.5)
    roll_deg: tuple[float, float] = (0.2, 0.15)

    def drawn(self, rng: np.random.Generator, which: int) -> np.ndarray:
        """(east, north, up, yaw, pitch, roll)."""
        s = (
            self.position_m[which],
            self.position_m[which],
            self.height_m[which],
            self.yaw_deg[which],
            self.pitch_deg[which],
            self.roll_deg[which],
        )
        return rng.normal(0, s)


PLAIN = Errors()
RTK = Errors(position_m=(0.02, 0.02), height_m=(0.05, 0.03))


def lens_for(size_px: tuple[int, int]) -> Lens:
    """A 24 mm equivalent with a mild barrel distortion."""
    width, height = size_px
    focal = 0.7 * width
    return Lens(
        width_px=width,
        height_px=height,
        fx_px=focal,
        fy_px=focal,
        cx_px=width / 2 - width * 0.003,
        cy_px=height / 2 + height * 0.002,
        distortion=(-0.05, 0.02, 0.0003, -0.0002, 0.0),
    )


def views(plan: Plan) -> list[View]:
    """Places of the pictures, row by row to and fro."""
    lens = lens_for(plan.size_px)
    west, south, east, north = plan.area_m
    wide = plan.height_m * plan.size_px[0] / lens.fx_px
    tall = plan.height_m * plan.size_px[1] / lens.fy_px
    step_x, step_y = wide * (1 - plan.overlap), tall * (1 - plan.overlap)
    ahead = plan.height_m / math.tan(math.radians(min(-plan.pitch_deg, 89.9)))
    turn = math.radians(plan.heading_deg)
    back = np.array([math.sin(turn), math.cos(turn)]) * ahead
    middle = np.array([(west + east) / 2, (south + north) / 2])
    half = np.array([east - west, north - south]) / 2
    span = abs(half[0] * math.cos(turn)) + abs(half[1] * math.sin(turn))
    reach = abs(half[0] * math.sin(turn)) + abs(half[1] * math.cos(turn))
    xs = np.linspace(-span, span, max(2, math.ceil(2 * span / step_x) + 1))
    ys = np.linspace(-reach, reach, max(2, math.ceil(2 * reach / step_y) + 1))
    found = []
    for i, x in enumerate(xs):
        for y in ys if i % 2 == 0 else ys[::-1]:
            right = np.array([math.cos(turn), -math.sin(turn)])
            forward = np.array([math.sin(turn), math.cos(turn)])
            spot = middle + right * x + forward * y - back
            found.append(
                View(
                    lens=lens,
                    east_m=float(spot[0]),
                    north_m=float(spot[1]),
                    up_m=plan.height_m,
                    yaw_deg=plan.heading_deg,
                    pitch_deg=plan.pitch_deg,
                )
            )
    return found


def fly(scene: Scene, plan: Plan, folder: Path, seed: int, light: Light | None = None) -> int:
    """Writes the photographs; returns how many. True poses go into `poses.json`."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    errors = RTK if plan.rtk else PLAIN
    common = errors.drawn(rng, 0)
    light = light or Light.random(rng)
    poses = {}
    for number, planned in enumerate(views(plan), 1):
        true = _moved(planned, rng.normal(0, (1.0, 1.0, 0.6, 1.5, 0.6, 0.4)))
        told = _moved(true, common + errors.drawn(rng, 1))
        name = f"DJI_{number:04}.JPG"
        at = plan.starts_at + timedelta(seconds=3 * number)
        image = _rendered(scene, true, light, rng, plan.enlarge)
        photo(folder / name, at, _tags(told, scene.ground.frame, plan.rtk), image)
        poses[name] = {
            key: round(getattr(true, key), 4)
            for key in ("east_m", "north_m", "up_m", "yaw_deg", "pitch_deg", "roll_deg")
        }
    (folder / "poses.json").write_text(json.dumps(poses, indent=1))
    return len(poses)


def _rendered(
    scene: Scene, view: View, light: Light, rng: np.random.Generator, enlarge: int
) -> np.ndarray:
    if enlarge == 1:
        return render(scene, view, light, rng)
    small = render(scene, replace(view, lens=view.lens.scaled(1 / enlarge)), light, rng)
    size_px = view.lens.width_px, view.lens.height_px
    return cv2.resize(small, size_px, interpolation=cv2.INTER_CUBIC)


def _moved(view: View, by: np.ndarray) -> View:
    return replace(
        view,
        east_m=view.east_m + by[0],
        north_m=view.north_m + by[1],
        up_m=view.up_m + by[2],
        yaw_deg=view.yaw_deg + by[3],
        pitch_deg=view.pitch_deg + by[4],
        roll_deg=view.roll_deg + by[5],
    )


def _tags(told: View, frame: LocalFrame, rtk: bool) -> dict[str, object]:
    lon, lat = frame.to_lon_lat(np.array([[told.east_m, told.north_m]]))[0]
    lens = told.lens
    bent = ",".join(f"{v:.8f}" for v in lens.distortion)
    centre = f"{lens.cx_px - lens.width_px / 2:.4f},{lens.cy_px - lens.height_px / 2:.4f}"
    tags: dict[str, object] = {
        "GpsLatitude": f"{lat:.9f}",
        "GpsLongtitude": f"{lon:.9f}",
        "RelativeAltitude": f"{told.up_m:+.3f}",
        "AbsoluteAltitude": f"{told.up_m + 12:+.3f}",
        "GimbalYawDegree": f"{(told.yaw_deg + 180) % 360 - 180:+.2f}",
        "GimbalPitchDegree": f"{told.pitch_deg:+.2f}",
        "GimbalRollDegree": f"{told.roll_deg:+.2f}",
        "CalibratedFocalLength": f"{lens.fx_px:.4f}",
        "DewarpFlag": "0",
        "DewarpData": f"2026-01-01;{lens.fx_px:.4f},{lens.fy_px:.4f},{centre},{bent}",
    }
    return tags | ({"RtkFlag": "50"} if rtk else {})


def truth_json(truth: Truth, frame: LocalFrame) -> dict[str, object]:
    """The truth as GeoJSON geometries in WGS-84."""

    def placed(outline: Polygon) -> dict[str, object]:
        return mapping(Polygon(frame.to_lon_lat(np.array(outline.exterior.coords))))

    def rows(structures: list) -> list[dict[str, object]]:
        return [
            {
                "id": s.id,
                "class": s.kind,
                "area_m2": round(s.outline.area, 2),
                "height_m": round(s.height_m, 2),
                "building_id": s.building_id,
                "geometry": placed(s.outline),
            }
            for s in structures
        ]

    return {
        "added": rows(truth.added),
        "removed": rows(truth.removed),
        "kept": rows(truth.kept),
        "recoloured": [placed(p) for p in truth.recoloured],
        "distractors": [{"kind": k, "geometry": placed(p)} for k, p in truth.distractors],
    }
