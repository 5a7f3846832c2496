"""Zones, permits and privacy masks of a camera."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth.guard import AccessDep, IdentityDep
from api.deps import ERRORS, ServiceDep
from api.forwarding import ask, holder_address
from api.service import Service, rules_of
from api.ui.camera_settings import CameraSettings, SavedSettings, read_settings, save_settings
from detector.incidents import NotFoundError
from detector.incidents.reason_text import reason_zh
from detector.pipeline.camera_config import CameraConfig
from detector.pipeline.rule_trial import TriedFinding, try_rules

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


class TrialRequest(BaseModel):
    """Zones and permits as they are drawn, saved or not."""

    model_config = ConfigDict(extra="forbid")

    settings: CameraSettings


class TriedIncident(BaseModel):
    """What would have been opened. `stood_before`: in the first look already, so that it may have
    begun before."""

    violation: str
    subtype: str
    box_unit: tuple[float, float, float, float]
    zone: str | None
    at: datetime
    stood_before: bool
    reason: str
    reason_zh: str


class TrialAnswer(BaseModel):
    """The looks that are still in memory: at most the last hour, since this service started and
    at most 720. Their tracks are judged anew; no picture is looked at again."""

    looks: int
    from_at: datetime | None
    to_at: datetime | None
    incidents: list[TriedIncident]


@router.post("/{source_id}/settings/try", response_model=TrialAnswer)
def try_settings(
    source_id: str, body: TrialRequest, service: ServiceDep, request: Request
) -> TrialAnswer | Response:
    """What these zones and permits would have opened at the camera lately. Saves nothing."""
    config, camera = _camera(service, source_id), service.engine.camera(source_id)
    if camera is None and (other := holder_address(service, source_id, request)) is not None:
        return ask(other, request, json=body.model_dump(mode="json"))
    looks = camera.recent.all() if camera is not None and camera.view.fixed else ()
    zones = tuple(zone.zone() for zone in body.settings.zones)
    found = try_rules(looks, rules_of(config, service.config), zones)
    return TrialAnswer(
        looks=len(looks),
        from_at=looks[0].at if looks else None,
        to_at=looks[-1].at if looks else None,
        incidents=[_tried(each) for each in found],
    )


def _tried(found: TriedFinding) -> TriedIncident:
    finding = found.finding
    return TriedIncident(
        violation=finding.violation,
        subtype=finding.subtype,
        box_unit=finding.place.box_unit.as_tuple(),
        zone=finding.zone,
        at=finding.threshold_at,
        stood_before=found.stood_before,
        reason=finding.reason,
        reason_zh=reason_zh(finding.reason),
    )


def _camera(service: Service, source_id: str) -> CameraConfig:
    camera = next((each for each in service.config.cameras if each.id == source_id), None)
    if camera is None:
        raise NotFoundError(
            f"no source has the id {source_id[:100]}", code="no_source", id=source_id[:100]
        )
    return camera


def _answer(source_id: str, saved: SavedSettings) -> SettingsAnswer:
    return SettingsAnswer(
        source_id=source_id,
        settings=saved.settings,
        version=saved.version,
        updated_at=saved.updated_at,
        updated_by=saved.updated_by,
    )
