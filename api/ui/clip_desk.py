"""Masked clips for the review page: made when somebody asks, kept in memory for a while."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import numpy as np
import structlog
from numpy.typing import NDArray

from api.service import Service
from api.ui.clip_film import ClipFilm, FilmSoFar
from detector.evidence import PolygonUnit, SealError, masked_clip
from detector.incidents import EvidenceRow, NotFoundError
from detector.pipeline.model_set import ModelSet
from detector.types import ConfigError, Detections, XunjieError

_log = structlog.get_logger(__name__)
_WAIT_S: Final = 30.0
_Key = tuple[UUID, tuple[PolygonUnit, ...]]


class BusyError(XunjieError):
    """Another clip is being masked."""

    code = "clip_waits"


class ClipDesk:
    """One clip is masked at a time, in a thread of its own, and only as long as somebody asks for
    it: looks at cameras come first. Safe between threads."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._config = service.config.evidence.shown_clip
        self._masking = threading.Lock()
        self._films: OrderedDict[_Key, ClipFilm] = OrderedDict()
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def clip_of(self, incident_id: UUID, at_least: int = 1) -> tuple[EvidenceRow, FilmSoFar]:
        """The newest clip, masked as far as it has come; waits for `at_least` pictures of it.
        Raises NotFoundError where none is kept, BusyError, ConfigError where nobody knows what
        must be hidden."""
        rows = self._service.records.queries.evidence(incident_id)
        row = clip_row(rows)
        if row is None:
            raise NotFoundError(f"incident {incident_id} has no clip", code="no_clip")
        # Whoever draws another mask is not to see what was masked without it.
        film = self._film(row, self._privacy(incident_id))
        found = film.wait_for(at_least, _WAIT_S)
        if not found.complete and len(found.pictures) < at_least:
            raise BusyError("another clip is being masked: ask again in a moment")
        return row, found

    def stop(self) -> None:
        """Ends what is being masked at its next picture."""
        self._stopping.set()

    def _film(self, row: EvidenceRow, privacy: tuple[PolygonUnit, ...]) -> ClipFilm:
        """As it is kept, or begun now."""
        key = row.id, privacy
        with self._lock:
            film = self._films.get(key)
            if film is None:
                film = self._films[key] = ClipFilm()
                threading.Thread(
                    target=self._make, args=(key, row, film), name="clip", daemon=True
                ).start()
            self._films.move_to_end(key)
            return film

    def _make(self, key: _Key, row: EvidenceRow, film: ClipFilm) -> None:
        error: Exception | None = None
        try:
            if not self._mask(row, key[1], film):
                error = BusyError(
                    f"the masking of clip {row.id} was given up: ask again", code="clip_given_up"
                )
        except Exception as found:
            error = found
            if not isinstance(found, XunjieError):
                _log.exception("clip_not_masked", evidence=str(row.id))
        with self._lock:
            if error is not None:
                self._films.pop(key, None)  # the next one who asks begins it anew
            film.end(error)
            self._make_room()

    def _mask(self, row: EvidenceRow, privacy: Sequence[PolygonUnit], film: ClipFilm) -> bool:
        """False: nobody waits for it any more."""
        while not self._masking.acquire(timeout=0.2):
            if self._unwanted(film):
                return False
        try:
            masking = self._service.config.evidence.pictures.masking
            data = self._opened(row)
            for picture in masked_clip(data, self._see, masking, self._config, privacy):
                film.add(picture)
                if self._unwanted(film):
                    return False
            return True
        finally:
            self._masking.release()

    def _unwanted(self, film: ClipFilm) -> bool:
        return self._stopping.is_set() or film.idle_s() > self._config.give_up_after_s

    def _opened(self, row: EvidenceRow) -> bytes:
        try:
            return self._service.records.packer.open_sealed(row.key)
        except (KeyError, SealError) as error:
            raise NotFoundError(
                f"clip {row.id} cannot be opened: {error}", code="clip_unreadable"
            ) from error

    def _privacy(self, incident_id: UUID) -> tuple[PolygonUnit, ...]:
        """As they are drawn now. Without the camera's entry nobody knows them."""
        source_id = self._service.records.queries.incident(incident_id).source_id
        cameras = self._service.config.cameras
        camera = next((each for each in cameras if each.id == source_id), None)
        if camera is None:
            raise ConfigError(
                f"camera {source_id} is configured no more, so its privacy masks are not known; "
                "its clips can only be opened as originals",
                code="clip_masks_unknown",
                id=source_id,
            )
        return tuple(camera.privacy_polygons_unit)

    def _see(self, image: NDArray[np.uint8]) -> Detections:
        """What any released model sees of people and vehicles, weak detections included."""
        masking = self._service.config.evidence.pictures.masking
        hidden = {"person", *masking.plate_from_share, *masking.required_classes}
        models = [m for m in self._service.detectors if hidden & set(m.classes)]
        floor = min(masking.person_floor_score, masking.vehicle_floor_score)
        return ModelSet(models).see(image, floor)

    def _make_room(self) -> None:
        """The one that was asked for last stays, however large, and what is being made."""
        size_bytes = sum(film.size_bytes for film in self._films.values())
        for key, film in list(self._films.items())[:-1]:
            if size_bytes > self._config.cache_bytes and film.ended:
                size_bytes -= film.size_bytes
                del self._films[key]


def clip_row(rows: Sequence[EvidenceRow]) -> EvidenceRow | None:
    """The newest clip that retention has not deleted."""
    kept = [row for row in rows if row.kind == "clip" and row.deleted_at is None]
    return kept[-1] if kept else None
