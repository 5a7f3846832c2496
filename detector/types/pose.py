"""Where a moving camera was and where it looked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Position and attitude of the camera when the picture was taken.

    Angles follow the DJI convention: NED, yaw from north, pitch -90 straight down. Unknown
    attitude, height, lens or error is None.
    """

    lat_deg: float
    lon_deg: float
    crs: str = "EPSG:4326"
    error_radius_m: float = 10.0  # of the position itself
    height_above_takeoff_m: float | None = None
    gimbal_yaw_deg: float | None = None
    gimbal_pitch_deg: float | None = None
    gimbal_roll_deg: float | None = None
    focal_px: float | None = None

    def __post_init__(self) -> None:
        if not -90 <= self.lat_deg <= 90:
            raise ValueError(f"lat_deg outside -90..90: {self.lat_deg}")
        if not -180 <= self.lon_deg <= 180:
            raise ValueError(f"lon_deg outside -180..180: {self.lon_deg}")
