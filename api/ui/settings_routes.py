"""Zones, permits and privacy masks of a camera."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.auth.guard import AccessDep, IdentityDep
from api.deps import ERRORS, ServiceDep
from api.service import Service
from api.ui.camera_settings import CameraSettings, SavedSettings, read_settings, save_settings
from detector.incidents import NotFoundError
from detector.pipeline.camera_config import CameraConfig

router = APIRouter(prefix="/api/sources", tags=["sources"], responses=ERRORS)


class SettingsRequest(BaseModel):
    """`version` as it was read: nobody's drawing is overwritten unseen."""

    model_config = ConfigDict(extra="forbid")

    settings: CameraSettings
    version: int = Field(ge=0, le=2**31)


class SettingsAnswer(BaseModel):
    source_id: str
    settings: CameraSettings
    version: int
    updated_at: datetime | None
    updated_by: str


@router.get("/{source_id}/settings")
def get_settings(source_id: str, service: ServiceDep) -> SettingsAnswer:
    """As they are in force."""
    with service.records.database.reading() as transaction:
        return _answer(source_id, read_settings(transaction, _camera(service, source_id)))


@router.put("/{source_id}/settings")
def put_settings(
    source_id: str,
    body: SettingsRequest,
    service: ServiceDep,
    identity: IdentityDep,
    access: AccessDep,
) -> SettingsAnswer:
    """Saves them; in force from the camera's next look, and after a restart."""
    camera = _camera(service, source_id)
    with service.records.database.transaction() as transaction:
        saved = save_settings(transaction, camera, body.settings, body.version, identity.name)
        detail = {"zones": len(body.settings.zones), "version": saved.version}
        access.audit.write(transaction, identity, "camera_settings_saved", source_id, detail)
    service.apply_settings(source_id, saved.settings)
    return _answer(source_id, saved)


def _camera(service: Service, source_id: str) -> CameraConfig:
    camera = next((each for each in service.config.cameras if each.id == source_id), None)
    if camera is None:
        raise NotFoundError(f"no source has the id {source_id[:100]}")
    return camera


def _answer(source_id: str, saved: SavedSettings) -> SettingsAnswer:
    return SettingsAnswer(
        source_id=source_id,
        settings=saved.settings,
        version=saved.version,
        updated_at=saved.updated_at,
        updated_by=saved.updated_by,
    )
