"""Parameters of flights: how exact the aircraft are, how fine the ground is compared."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from detector.flights.city_bounds import CityBounds


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SensorErrors(_Part):
    """One-sigma uncertainties where the telemetry itself tells none."""

    position_m: float = Field(default=1.5, gt=0)  # of east and of north, plain GNSS
    position_rtk_m: float = Field(default=0.05, gt=0)  # RtkFlag 50
    position_rtk_float_m: float = Field(default=0.5, gt=0)  # RtkFlag 34
    height_m: float = Field(default=1.5, gt=0)  # barometer above take-off
    height_share: float = Field(default=0.01, ge=0)  # and this much of the height
    pitch_deg: float = Field(default=0.7, gt=0)
    yaw_deg: float = Field(default=1.5, gt=0)
    roll_deg: float = Field(default=0.5, gt=0)
    surface_m: float = Field(default=1.0, ge=0)  # of the roof's or the ground's own height
    missing_pitch_deg: float = Field(default=10.0, gt=0)  # no gimbal data: straight down taken
    missing_roll_deg: float = Field(default=3.0, gt=0)
    flight_yaw_deg: float = Field(default=6.0, gt=0)  # gimbal yaw taken from the airframe
    missing_yaw_deg: float = Field(default=104.0, gt=0)  # any direction is as likely
    missing_height_m: float = Field(default=40.0, gt=0)
    terrain_m: float = Field(default=11.0, gt=0)  # of terrain models: DTED 2, 18 m in 90 of 100
    focal_calibrated: float = Field(default=0.003, gt=0)  # relative
    focal_35mm: float = Field(default=0.04, gt=0)  # relative: a rounded equivalent
    focal_guessed: float = Field(default=0.15, gt=0)


class FlightConfig(_Part):
    """How a flight is read and put on the ground."""

    bounds: CityBounds | None = None
    time_zone: str = "Asia/Shanghai"  # of clocks that name no offset: DJI writes local time
    surface_above_takeoff_m: float = 0.0  # height of the roofs looked at, above take-off
    assumed_height_m: float = Field(default=80.0, gt=0)  # where no height is told
    assumed_focal_35mm: float = Field(default=24.0, gt=0)
    errors: SensorErrors = SensorErrors()
    video_interval_s: float = Field(default=2.0, gt=0)
