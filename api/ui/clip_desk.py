"""Masked clips for the review page: made when somebody asks, kept in memory for a while."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from api.service import Service
from detector.evidence import ClipPicture, PolygonUnit, SealError, masked_clip
from detector.incidents import EvidenceRow, NotFoundError
from detector.pipeline.model_set import ModelSet
from detector.types import ConfigError, Detections, XunjieError

_WAIT_S: Final = 30.0
_Key = tuple[UUID, tuple[PolygonUnit, ...]]


class BusyError(XunjieError):
    """Another clip is being masked."""


class ClipDesk:
    """One clip is masked at a time: looks at cameras come first. Safe between threads."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._config = service.config.evidence.shown_clip
        self._masking = threading.Lock()
        self._kept: OrderedDict[_Key, tuple[ClipPicture, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def clip_of(self, incident_id: UUID) -> tuple[EvidenceRow, tuple[ClipPicture, ...]]:
        """The newest clip, masked. Raises NotFoundError where none is kept, BusyError, ConfigError
        where nobody knows what must be hidden."""
        rows = self._service.records.queries.evidence(incident_id)
        row = clip_row(rows)
        if row is None:
            raise NotFoundError(f"incident {incident_id} has no clip")
        # Whoever draws another mask is not to see what was masked without it.
        key = row.id, self._privacy(incident_id)
        kept = self._known(key)
        if kept is not None:
            return row, kept
        if not self._masking.acquire(timeout=_WAIT_S):
            raise BusyError("another clip is being masked: ask again in a moment")
        try:
            pictures = self._known(key) or self._masked(row, key[1])
        finally:
            self._masking.release()
        self._keep(key, pictures)
        return row, pictures

    def _masked(self, row: EvidenceRow, privacy: Sequence[PolygonUnit]) -> tuple[ClipPicture, ...]:
        try:
            data = self._service.records.packer.open_sealed(row.key)
        except (KeyError, SealError) as error:
            raise NotFoundError(f"clip {row.id} cannot be opened: {error}") from error
        masking = self._service.config.evidence.pictures.masking
        return masked_clip(data, self._see, masking, self._config, privacy)

    def _privacy(self, incident_id: UUID) -> tuple[PolygonUnit, ...]:
        """As they are drawn now. Without the camera's entry nobody knows them."""
        source_id = self._service.records.queries.incident(incident_id).source_id
        cameras = self._service.config.cameras
        camera = next((each for each in cameras if each.id == source_id), None)
        if camera is None:
            raise ConfigError(
                f"camera {source_id} is configured no more, so its privacy masks are not known; "
                "its clips can only be opened as originals"
            )
        return tuple(camera.privacy_polygons_unit)

    def _see(self, image: NDArray[np.uint8]) -> Detections:
        """What any released model sees of people and vehicles, weak detections included."""
        masking = self._service.config.evidence.pictures.masking
        hidden = {"person", *masking.plate_from_share, *masking.required_classes}
        models = [m for m in self._service.detectors if hidden & set(m.classes)]
        floor = min(masking.person_floor_score, masking.vehicle_floor_score)
        return ModelSet(models).see(image, floor)

    def _known(self, key: _Key) -> tuple[ClipPicture, ...] | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, key: _Key, pictures: tuple[ClipPicture, ...]) -> None:
        with self._lock:
            self._kept[key] = pictures
            while self._size_bytes() > self._config.cache_bytes and len(self._kept) > 1:
                self._kept.popitem(last=False)

    def _size_bytes(self) -> int:
        return sum(len(each.jpeg) for pictures in self._kept.values() for each in pictures)


def clip_row(rows: Sequence[EvidenceRow]) -> EvidenceRow | None:
    """The newest clip that retention has not deleted."""
    kept = [row for row in rows if row.kind == "clip" and row.deleted_at is None]
    return kept[-1] if kept else None
