"""One picture of a flight with its place in the air."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from detector.flights.config import FlightConfig, SensorErrors
from detector.flights.lens_of import lens_of
from detector.flights.telemetry import Telemetry
from detector.geometry.camera_model import Lens, View
from detector.geometry.local_frame import LocalFrame
from detector.geometry.pose_error import PoseError

_RTK_FIXED, _RTK_FLOAT = 50, 34
_ASSUMED = {
    "pitch": "the airframe's tilt under the camera is not told: level flight assumed, larger error "
    "radius",
    "roll": "the camera's roll is not told in full: level assumed, larger error radius",
    "height": "height above the ground in the picture's middle, as the aircraft has it, taken "
    "for that above take-off: larger error radius",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A picture, not yet decoded. `read` gives its (H, W, 3) BGR pixels or raises PictureError.

    The view's height is above the surface that the flight looks at (roofs or ground).
    """

    name: str
    captured_at: datetime
    clock: str  # "exif", "telemetry" or "file"
    telemetry: Telemetry
    lens: Lens
    remarks: tuple[str, ...]
    read: Callable[[], NDArray[np.uint8]]

    def view(self, frame: LocalFrame, config: FlightConfig) -> View | None:
        """Where the camera was in the local frame; None without a position."""
        told = self.telemetry
        if told.lon_deg is None or told.lat_deg is None:
            return None
        east, north = frame.to_local(np.array([[told.lon_deg, told.lat_deg]]))[0]
        height = told.height_above_takeoff_m
        up_m = config.assumed_height_m if height is None else height
        if height is not None:
            up_m -= config.surface_above_takeoff_m
        yaw = told.gimbal_yaw_deg if told.gimbal_yaw_deg is not None else told.flight_yaw_deg
        return View(
            lens=self.lens,
            east_m=float(east),
            north_m=float(north),
            up_m=up_m,
            yaw_deg=yaw or 0.0,
            pitch_deg=-90.0 if told.gimbal_pitch_deg is None else told.gimbal_pitch_deg,
            roll_deg=told.gimbal_roll_deg or 0.0,
        )

    def pose_error(self, config: FlightConfig) -> PoseError:
        """One-sigma uncertainties: what the telemetry tells, else what its kind is worth."""
        told, e = self.telemetry, config.errors
        across_m = told.position_sigma_m or _position_m(told.rtk_flag, e)
        if told.height_above_takeoff_m is None:
            up_m = e.missing_height_m
        else:
            up_m = e.height_m + e.height_share * abs(told.height_above_takeoff_m)
            if told.rtk_flag == _RTK_FIXED:
                up_m = max(told.height_sigma_m or e.position_rtk_m * 2, 0.2)
            if "height" in told.assumed:
                up_m = math.hypot(up_m, e.terrain_m)
        return PoseError(
            east_m=across_m,
            north_m=across_m,
            up_m=up_m,
            yaw_deg=_yaw_deg(told, e),
            pitch_deg=e.pitch_deg if _known(told, "pitch") else e.missing_pitch_deg,
            roll_deg=e.roll_deg if _known(told, "roll") else e.missing_roll_deg,
            surface_m=e.surface_m,
        )


def make_shot(
    *,
    name: str,
    captured_at: datetime,
    clock: str,
    telemetry: Telemetry,
    size_px: tuple[int, int],
    config: FlightConfig,
    read: Callable[[], NDArray[np.uint8]],
) -> Shot:
    """A shot with its lens; what is missing or odd becomes a remark."""
    lens, remark = lens_of(telemetry, *size_px, config)
    remarks = [*telemetry.remarks, *([remark] if remark else []), *_missing(telemetry, config)]
    return Shot(
        name=name,
        captured_at=captured_at,
        clock=clock,
        telemetry=telemetry,
        lens=lens,
        remarks=tuple(dict.fromkeys(remarks)),
        read=read,
    )


def _missing(told: Telemetry, config: FlightConfig) -> list[str]:
    remarks = []
    if told.gimbal_pitch_deg is None:
        remarks.append("no gimbal pitch: straight down assumed, larger error radius")
    if told.gimbal_yaw_deg is None and told.flight_yaw_deg is None:
        remarks.append("no yaw: direction unknown, larger error radius")
    elif told.gimbal_yaw_deg is None:
        remarks.append("no gimbal yaw: the airframe's taken, larger error radius")
    remarks += [text for name, text in _ASSUMED.items() if name in told.assumed]
    if told.height_above_takeoff_m is None:
        remarks.append(
            f"no height above take-off: {config.assumed_height_m:g} m assumed, larger error radius"
        )
    return remarks


def _known(told: Telemetry, angle: str) -> bool:
    return getattr(told, f"gimbal_{angle}_deg") is not None and angle not in told.assumed


def _position_m(rtk_flag: int | None, errors: SensorErrors) -> float:
    if rtk_flag == _RTK_FIXED:
        return errors.position_rtk_m
    return errors.position_rtk_float_m if rtk_flag == _RTK_FLOAT else errors.position_m


def _yaw_deg(told: Telemetry, errors: SensorErrors) -> float:
    if told.gimbal_yaw_deg is not None:
        return errors.yaw_deg
    return errors.missing_yaw_deg if told.flight_yaw_deg is None else errors.flight_yaw_deg
