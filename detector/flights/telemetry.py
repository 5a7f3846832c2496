"""What is known of one picture's taking, whatever the telemetry's form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from detector.types import Pose


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """One moment of a flight. None: not told. Degrees and metres; angles as DJI gives them.

    `remarks` are plain sentences on what was odd or missing.
    """

    captured_at: datetime | None = None
    lon_deg: float | None = None
    lat_deg: float | None = None
    height_above_takeoff_m: float | None = None
    altitude_m: float | None = None  # absolute
    gimbal_yaw_deg: float | None = None
    gimbal_pitch_deg: float | None = None
    gimbal_roll_deg: float | None = None
    flight_yaw_deg: float | None = None
    focal_px: float | None = None  # calibrated
    centre_px: tuple[float, float] | None = None  # optical centre
    dewarp: tuple[float, ...] | None = None  # fx, fy, cx, cy, k1, k2, p1, p2, k3
    dewarped: bool = False  # the picture was straightened in the aircraft
    focal_35mm: float | None = None
    field_across_deg: float | None = None  # of view, of the whole picture
    field_down_deg: float | None = None
    camera: str = ""
    rtk_flag: int | None = None
    position_sigma_m: float | None = None  # of east and of north, where the receiver tells
    height_sigma_m: float | None = None
    assumed: tuple[str, ...] = ()  # which of pitch, roll, height rest on an assumption
    remarks: tuple[str, ...] = ()

    @property
    def has_position(self) -> bool:
        return self.lon_deg is not None and self.lat_deg is not None

    def pose(self, error_radius_m: float) -> Pose | None:
        """The pipeline's pose; None without a position."""
        if self.lon_deg is None or self.lat_deg is None:
            return None
        return Pose(
            lon_deg=self.lon_deg,
            lat_deg=self.lat_deg,
            error_radius_m=error_radius_m,
            height_above_takeoff_m=self.height_above_takeoff_m,
            gimbal_yaw_deg=self.gimbal_yaw_deg,
            gimbal_pitch_deg=self.gimbal_pitch_deg,
            gimbal_roll_deg=self.gimbal_roll_deg,
            focal_px=self.focal_px,
        )
