"""Where each picture of a flight was taken and what ground it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from shapely.geometry import Polygon

from detector.flights.config import FlightConfig
from detector.flights.errors import FlightError
from detector.flights.flight_folder import FlightFolder
from detector.flights.shot import Shot
from detector.geometry.camera_model import View
from detector.geometry.footprint import ground_footprint
from detector.geometry.local_frame import LocalFrame
from detector.geometry.pose_error import error_radii_m


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectedShot:
    """A shot on the ground. None where its telemetry does not suffice."""

    shot: Shot
    view: View | None
    centre_lon_lat_deg: tuple[float, float] | None  # where the optical axis meets the surface
    error_radius_m: float | None  # of that point, 95 %
    footprint_m: Polygon | None  # in the local frame
    footprint_lon_lat_deg: tuple[tuple[float, float], ...] | None


def origin_of(folder: FlightFolder) -> LocalFrame:
    """A local frame in the middle of the flight. Raises FlightError without any position."""
    places = [
        (shot.telemetry.lon_deg, shot.telemetry.lat_deg)
        for shot in folder.shots
        if shot.telemetry.lon_deg is not None and shot.telemetry.lat_deg is not None
    ]
    if not places:
        raise FlightError(f"{folder.path}: no picture has a position")
    lon, lat = np.median(np.array(places, np.float64), axis=0)
    return LocalFrame(round(float(lon), 6), round(float(lat), 6))


def inspect_shot(shot: Shot, frame: LocalFrame, config: FlightConfig) -> InspectedShot:
    """Puts one picture on the ground by its telemetry alone."""
    view = shot.view(frame, config)
    outline = ground_footprint(view) if view is not None else None
    if view is None or outline is None:
        return InspectedShot(
            shot=shot,
            view=view,
            centre_lon_lat_deg=None,
            error_radius_m=None,
            footprint_m=None,
            footprint_lon_lat_deg=None,
        )
    middle = np.array([[shot.lens.cx_px, shot.lens.cy_px]])
    radius = float(error_radii_m(view, shot.pose_error(config), middle)[0])
    centre = view.to_ground(middle)
    known = bool(np.isfinite(centre).all() and np.isfinite(radius))
    corners = frame.to_lon_lat(np.array(outline.exterior.coords))
    return InspectedShot(
        shot=shot,
        view=view,
        centre_lon_lat_deg=_pair(frame.to_lon_lat(centre)[0]) if known else None,
        error_radius_m=radius if known else None,
        footprint_m=outline,
        footprint_lon_lat_deg=tuple(_pair(corner) for corner in corners),
    )


def as_json(found: InspectedShot) -> dict[str, Any]:
    """Pose, position and footprint (GeoJSON polygon, WGS-84) of one picture."""
    told, lens = found.shot.telemetry, found.shot.lens
    outline = found.footprint_lon_lat_deg
    return {
        "file": found.shot.name,
        "captured_at": found.shot.captured_at.isoformat(),
        "clock": found.shot.clock,
        "pose": {
            "lon_deg": told.lon_deg,
            "lat_deg": told.lat_deg,
            "crs": "EPSG:4326",
            "height_above_takeoff_m": told.height_above_takeoff_m,
            "altitude_m": told.altitude_m,
            "gimbal_yaw_deg": told.gimbal_yaw_deg,
            "gimbal_pitch_deg": told.gimbal_pitch_deg,
            "gimbal_roll_deg": told.gimbal_roll_deg,
            "flight_yaw_deg": told.flight_yaw_deg,
            "focal_px": round(lens.fx_px, 2),
            "rtk_flag": told.rtk_flag,
        },
        "position": None
        if found.centre_lon_lat_deg is None or found.error_radius_m is None
        else {
            "x": round(found.centre_lon_lat_deg[0], 8),
            "y": round(found.centre_lon_lat_deg[1], 8),
            "crs": "EPSG:4326",
            "error_radius_m": round(found.error_radius_m, 2),
        },
        "footprint": None
        if outline is None
        else {
            "type": "Polygon",
            "coordinates": [[[round(x, 8), round(y, 8)] for x, y in outline]],
        },
        "footprint_m2": None if found.footprint_m is None else round(found.footprint_m.area, 1),
        "remarks": list(found.shot.remarks),
    }


def _pair(values: Any) -> tuple[float, float]:
    return float(values[0]), float(values[1])
