"""A service's cameras as the cluster sees them: units that nodes hold and hand over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from detector.cluster import Fence, Load
from detector.pipeline.camera_config import CameraConfig
from detector.types import XunjieError

if TYPE_CHECKING:
    from api.service import Service

_log = structlog.get_logger(__name__)
MOVING: Final = "moving sources"
"""They have one tracker between them, so one node has them all."""


def unit_of(camera: CameraConfig) -> str:
    """What a node must hold to look at the camera; also where its presence is kept."""
    return MOVING if getattr(camera.source, "moving", False) else camera.id


class SharedCameras:
    """The Holder of a Member."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def units(self) -> frozenset[str]:
        return frozenset(unit_of(camera) for camera in self._service.config.cameras)

    def hold(self, fence: Fence) -> None:
        self._service.look_at(fence)

    def let_go(self, unit: str, *, save: bool) -> None:
        self._service.look_away(unit, save=save)

    def load(self) -> Load:
        engine = self._service.engine
        return Load(cameras=len(engine.cameras), looks=engine.looks)

    def signalled(self, subject: str) -> None:
        try:
            self._service.hear(subject)
        except XunjieError as error:
            _log.error("change_not_taken", subject=subject, error=str(error))
