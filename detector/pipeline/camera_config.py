"""What is watched for at one source, and where on its picture."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, field_validator, model_validator
from pydantic_core import PydanticCustomError

from detector.geometry.calibration import GroundCalibration, PicturePoint
from detector.sources.base import BaseSourceConfig
from detector.sources.registry import parse_source
from detector.sources.trust import TrustConfig
from detector.types import ConfigError, Permit, Position, Zone, ZoneKind
from detector.types.taxonomy import MODEL_CLASSES

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class PermitConfig(BaseModel):
    """When how many stalls may stand in a permitted zone; times are local to the city."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weekdays: tuple[str, ...] = _WEEKDAYS
    from_date: date | None = None
    to_date: date | None = None
    """The last day, inclusive."""

    from_time: time = time(0, 0)
    to_time: time = time(0, 0)
    """Equal times: the whole day. Earlier than `from_time`: over midnight."""

    stalls: int = Field(default=1, ge=1)

    @field_validator("weekdays")
    @classmethod
    def _known_days(cls, days: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [day for day in days if day not in _WEEKDAYS]
        if unknown:
            raise PydanticCustomError(
                "field_weekday",
                "unknown weekday '{day}'; use " + ", ".join(_WEEKDAYS),
                {"day": unknown[0]},
            )
        return days

    @field_validator("from_time", "to_time", mode="before")
    @classmethod
    def _yaml_minutes(cls, value: Any) -> Any:
        """YAML 1.1 reads an unquoted 16:00 as 960, the minutes of the day."""
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 24 * 60:
            return time(value // 60, value % 60)
        return value

    def permit(self) -> Permit:
        return Permit(
            weekdays=frozenset(_WEEKDAYS.index(day) for day in self.weekdays),
            from_date=self.from_date,
            to_date=self.to_date,
            from_time=self.from_time,
            to_time=self.to_time,
            stalls=self.stalls,
        )


class ZoneConfig(BaseModel):
    """A polygon on the picture, corners in fractions (0 to 1) of its width and height."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    kind: ZoneKind
    polygon_unit: tuple[tuple[float, float], ...] = Field(min_length=3)
    permits: tuple[PermitConfig, ...] = ()

    @model_validator(mode="after")
    def _buildable(self) -> ZoneConfig:
        try:
            self.zone()
        except ValueError as error:
            raise PydanticCustomError("field_zone_outside", "{why}", {"why": str(error)}) from error
        if self.permits and self.kind is not ZoneKind.PERMITTED:
            raise PydanticCustomError(
                "field_permits_elsewhere",
                "zone '{zone}': permits belong to a zone of kind 'permitted'",
                {"zone": self.name},
            )
        return self

    def zone(self) -> Zone:
        """Raises ValueError for corners outside the picture."""
        return Zone(
            name=self.name,
            kind=self.kind,
            polygon_unit=self.polygon_unit,
            permits=tuple(permit.permit() for permit in self.permits),
        )


class PositionConfig(BaseModel):
    """Where a fixed camera's scene lies: its cases carry this position."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    x: float
    y: float
    crs: str = "EPSG:4326"
    error_radius_m: float = Field(default=50, ge=0)

    def position(self) -> Position:
        return Position(x=self.x, y=self.y, crs=self.crs, error_radius_m=self.error_radius_m)


class CalibrationPointConfig(BaseModel):
    """A point that was marked on the picture and on the map."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    x_unit: float = Field(ge=0, le=1)
    y_unit: float = Field(ge=0, le=1)
    x: float
    y: float
    crs: str = "EPSG:4326"
    error_radius_m: float = Field(default=1, ge=0)

    def point(self) -> PicturePoint:
        position = Position(x=self.x, y=self.y, crs=self.crs, error_radius_m=self.error_radius_m)
        return PicturePoint(x_unit=self.x_unit, y_unit=self.y_unit, position=position)


_OWN = (
    "tasks",
    "rules",
    "zones",
    "privacy_polygons_unit",
    "position",
    "calibration",
    "trust",
    "priority",
    "closer",
)


class CameraConfig(BaseModel):
    """One source with what it is watched for. In a file the source's own keys (id, kind, url,
    interval_s, ...) stand beside these."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: SerializeAsAny[BaseSourceConfig]
    tasks: tuple[str, ...] = Field(default=("vendor", "cover"), min_length=1)
    rules: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Rule parameters of this source alone, by violation; they override the city's."""

    zones: tuple[ZoneConfig, ...] = ()
    privacy_polygons_unit: tuple[tuple[tuple[float, float], ...], ...] = ()
    """Windows and gardens that are never shown."""

    position: PositionConfig | None = None
    calibration: tuple[CalibrationPointConfig, ...] = ()
    """Four or more: things on the picture then get a ground position of their own."""

    trust: TrustConfig = TrustConfig()
    priority: float = Field(default=1, ge=0.25, le=4)
    """What a look here is worth when the machine is too slow for all."""

    closer: dict[str, Annotated[int, Field(ge=2, le=4)]] = Field(default_factory=dict)
    """Models that also look at parts of the picture, by name: so many beside and above each other,
    for what is small in it. With 2 a look of that model costs five passes, with 3 ten."""

    @property
    def id(self) -> str:
        return self.source.id

    @model_validator(mode="after")
    def _calibrated(self) -> CameraConfig:
        if self.calibration:
            try:
                self.ground()
            except ConfigError as error:
                raise ValueError(str(error)) from error
        return self

    def ground(self) -> GroundCalibration | None:
        """None: not calibrated."""
        if not self.calibration:
            return None
        return GroundCalibration([point.point() for point in self.calibration])

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, raw: Any) -> Any:
        if not isinstance(raw, dict) or "source" in raw:
            return raw
        own = {key: raw[key] for key in _OWN if key in raw}
        rest = {key: value for key, value in raw.items() if key not in _OWN}
        return {**own, "source": rest}

    @field_validator("closer")
    @classmethod
    def _known_models(cls, closer: dict[str, int]) -> dict[str, int]:
        unknown = sorted(closer.keys() - MODEL_CLASSES.keys())
        if unknown:
            raise PydanticCustomError(
                "field_model",
                "no model is called '{model}'; use " + ", ".join(MODEL_CLASSES),
                {"model": unknown[0]},
            )
        return closer

    @field_validator("source", mode="before")
    @classmethod
    def _any_kind(cls, raw: Any) -> Any:
        if isinstance(raw, BaseSourceConfig):
            return raw
        try:
            return parse_source(raw)
        except ConfigError as error:
            raise ValueError(str(error)) from error
