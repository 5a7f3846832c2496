"""Zones, permits and privacy masks that were drawn on a page: they take the place of the file's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import Connection, insert, select, update

from api.config import CityConfig
from detector.incidents import ConflictError, Database
from detector.incidents.access_schema import camera_settings
from detector.incidents.utc import utc_now
from detector.pipeline.camera_config import CameraConfig, ZoneConfig

Corner = tuple[float, float]
_CORNERS: Final = 100


class CameraSettings(BaseModel):
    """What can be drawn on a camera's picture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zones: tuple[ZoneConfig, ...] = Field(default=(), max_length=50)
    privacy_polygons_unit: tuple[tuple[Corner, ...], ...] = Field(default=(), max_length=50)

    @field_validator("zones")
    @classmethod
    def _names_once(cls, zones: tuple[ZoneConfig, ...]) -> tuple[ZoneConfig, ...]:
        names = [zone.name for zone in zones]
        if len(set(names)) < len(names):
            raise PydanticCustomError("field_zones_alike", "two zones have the same name")
        if any(len(zone.polygon_unit) > _CORNERS for zone in zones):
            raise PydanticCustomError(
                "field_corners", "a zone has at most {most} corners", {"least": 3, "most": _CORNERS}
            )
        return zones

    @field_validator("privacy_polygons_unit")
    @classmethod
    def _in_picture(cls, masks: tuple[tuple[Corner, ...], ...]) -> tuple[tuple[Corner, ...], ...]:
        if not all(3 <= len(polygon) <= _CORNERS for polygon in masks):
            raise PydanticCustomError(
                "field_corners",
                "a privacy mask has {least} to {most} corners",
                {"least": 3, "most": _CORNERS},
            )
        if not all(0 <= value <= 1 for polygon in masks for corner in polygon for value in corner):
            raise PydanticCustomError(
                "field_zone_outside", "a privacy mask has corners outside 0..1"
            )
        return masks


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSettings:
    """`version` 0: nothing was saved, the file's are in force."""

    settings: CameraSettings
    version: int
    updated_at: datetime | None
    updated_by: str


def with_saved(config: CityConfig, database: Database) -> CityConfig:
    """The configuration with what was drawn since; called when a service starts."""
    return config.model_copy(update={"cameras": cameras_with_saved(config.cameras, database)})


def cameras_with_saved(
    cameras: Iterable[CameraConfig], database: Database
) -> tuple[CameraConfig, ...]:
    """The cameras with what was drawn on their pictures, by one question for all."""
    with database.reading() as transaction:
        rows = transaction.execute(select(camera_settings)).mappings()
        saved = {row["camera_id"]: CameraSettings.model_validate(row["settings"]) for row in rows}
    return tuple(
        applied(camera, saved[camera.id]) if camera.id in saved else camera for camera in cameras
    )


def camera_with_saved(camera: CameraConfig, database: Database) -> CameraConfig:
    """The camera with what was drawn on its picture, if anything was."""
    with database.reading() as transaction:
        return applied(camera, read_settings(transaction, camera).settings)


def applied(camera: CameraConfig, settings: CameraSettings) -> CameraConfig:
    return camera.model_copy(
        update={
            "zones": settings.zones,
            "privacy_polygons_unit": settings.privacy_polygons_unit,
        }
    )


def read_settings(transaction: Connection, camera: CameraConfig) -> SavedSettings:
    """What was saved; else what the file says."""
    query = select(camera_settings).where(camera_settings.c.camera_id == camera.id)
    row = transaction.execute(query).mappings().first()
    if row is None:
        settings = CameraSettings(
            zones=camera.zones, privacy_polygons_unit=camera.privacy_polygons_unit
        )
        return SavedSettings(settings=settings, version=0, updated_at=None, updated_by="")
    return SavedSettings(
        settings=CameraSettings.model_validate(row["settings"]),
        version=row["version"],
        updated_at=row["updated_at"],
        updated_by=row["updated_by"],
    )


def save_settings(
    transaction: Connection, camera: CameraConfig, settings: CameraSettings, version: int, who: str
) -> SavedSettings:
    """Raises ConflictError when somebody else has saved since `version`."""
    before = read_settings(transaction, camera)
    if before.version != version:
        raise ConflictError(
            f"{before.updated_by} has changed {camera.id} meanwhile; load it again, then draw",
            code="settings_changed",
            operator=before.updated_by,
            id=camera.id,
        )
    values = {
        "settings": settings.model_dump(mode="json"),
        "version": version + 1,
        "updated_at": utc_now(),
        "updated_by": who[:100],
    }
    if version == 0:
        transaction.execute(insert(camera_settings).values(camera_id=camera.id, **values))
    else:
        here = camera_settings.c.camera_id == camera.id
        transaction.execute(update(camera_settings).where(here).values(**values))
    return read_settings(transaction, camera)
