"""Makes and records the evidence of what one look changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from pydantic import BaseModel, ConfigDict, Field

from detector.evidence import (
    Caption,
    EvidenceKind,
    EvidencePacker,
    FirstFrames,
    Mark,
    PolygonUnit,
    Shot,
    Slot,
)
from detector.incidents import Changes, EvidenceLedger, Transaction
from detector.incidents.evidence_row import read_evidence
from detector.pipeline.examination import Examination
from detector.types import Detections, Finding, Frame, Incident, Look, Source, Track

_log = structlog.get_logger(__name__)
_ID_BITS: Final = (1 << 62) - 1


class EvidenceDeskConfig(BaseModel):
    """Which moments are kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clip_before_s: float = Field(default=10, ge=0, le=120)
    clip_after_s: float = Field(default=5, ge=0, le=120)
    """Video around the moment in which the rule's condition was met."""

    last_every_s: float = Field(default=30, gt=0)
    """How often the picture of an open incident's last sighting is renewed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingClip:
    """A clip whose last seconds have not been filmed yet."""

    incident_id: UUID
    opened_at: datetime
    from_at: datetime
    to_at: datetime
    clock: str


class EvidenceDesk:
    """First, threshold, last and after pictures, and the clip around the threshold.

    Files are written before the rows that name them, in the look's own transaction: a crash in
    between leaves a file that no row names, never a row without its file.
    """

    def __init__(
        self,
        packer: EvidencePacker,
        ledger: EvidenceLedger,
        first_frames: FirstFrames,
        last_frames: FirstFrames,
        config: EvidenceDeskConfig,
    ) -> None:
        self._packer = packer
        self._ledger = ledger
        self._first = first_frames
        self._last = last_frames
        self._config = config
        self._last_kept: dict[UUID, datetime] = {}

    def adopt(self, source_id: str) -> None:
        """The source comes from another node: takes over the pictures kept for it."""
        self._first.adopt(source_id)
        self._last.adopt(source_id)

    def release(self, source_id: str) -> None:
        """The source goes to another node."""
        self._first.release(source_id)
        self._last.release(source_id)

    def before(self, frame: Frame, seen: Examination) -> None:
        """Keeps the picture in which each new track began. Raises DiskFull."""
        if seen.look.fixed:
            watched = [track.track_id for track in seen.look.tracks]
            began = [t.track_id for t in seen.look.tracks if t.first_seen_at == frame.captured_at]
            for track_id in began:  # one that began anew has an earlier picture, of another fact
                self._first.drop(frame.source_id, track_id)
            self._first.keep(frame, seen.weak_detections, began)
            self._first.retain(frame.source_id, watched)

    def record(
        self,
        transaction: Transaction,
        frame: Frame,
        seen: Examination,
        changes: Changes,
        privacy: Sequence[PolygonUnit],
    ) -> None:
        """Evidence of what the look changed, in its transaction. Raises DiskFull."""
        findings = dict(changes.seen)
        for incident in changes.opened:
            finding = findings.get(incident.id)
            self._first_picture(transaction, incident, finding, seen.look, privacy)
            self._picture(transaction, incident, EvidenceKind.THRESHOLD, frame, seen, privacy)
        for incident in (*changes.reopened, *changes.escalated):
            self._picture(transaction, incident, EvidenceKind.THRESHOLD, frame, seen, privacy)
        for incident in changes.cleared:
            self._last_picture(transaction, incident, privacy)
            self._picture(transaction, incident, EvidenceKind.AFTER, frame, seen, privacy)

    def after(self, frame: Frame, seen: Examination, changes: Changes) -> None:
        """Once the transaction stands: renews last sightings, forgets what is over."""
        for incident_id, finding in changes.seen:
            if finding.seen_now and finding.place.fixed:
                self._keep_last(frame, seen.weak_detections, incident_id)
        for incident in changes.cleared:
            self._last.drop(incident.source_id, _number(incident.id))
            self._last_kept.pop(incident.id, None)

    def pending_clip(self, incident: Incident, frame: Frame) -> PendingClip:
        at = frame.captured_at
        return PendingClip(
            incident_id=incident.id,
            opened_at=incident.opened_at,
            from_at=at - timedelta(seconds=self._config.clip_before_s),
            to_at=at + timedelta(seconds=self._config.clip_after_s),
            clock=frame.clock,
        )

    def clip(self, transaction: Transaction, source: Source, pending: PendingClip) -> bool:
        """Cuts the clip from the packets that the source has kept; False: it kept none."""
        clip = source.clip(pending.from_at, pending.to_at)
        if clip is None:
            return False
        slot = self._slot(transaction, pending.incident_id, pending.opened_at, EvidenceKind.CLIP)
        file = self._packer.pack_clip(slot, clip, pending.clock)
        self._ledger.add(transaction, pending.incident_id, file)
        return True

    def _keep_last(self, frame: Frame, detections: Detections, incident_id: UUID) -> None:
        kept = self._last_kept.get(incident_id)
        wait = timedelta(seconds=self._config.last_every_s)
        if kept is not None and frame.captured_at - kept < wait:
            return
        self._last.drop(frame.source_id, _number(incident_id))
        self._last.keep(frame, detections, [_number(incident_id)])
        self._last_kept[incident_id] = frame.captured_at

    def _first_picture(
        self,
        transaction: Transaction,
        incident: Incident,
        finding: Finding | None,
        look: Look,
        privacy: Sequence[PolygonUnit],
    ) -> None:
        track = _track_of(finding, look)
        if track is None or finding is None or finding.first_seen_at == finding.seen_at:
            return
        first = self._first.find(incident.source_id, track.track_id)
        if first is not None:
            kind = EvidenceKind.FIRST
            self._add(transaction, incident, kind, first.frame, first.detections, privacy)

    def _last_picture(
        self, transaction: Transaction, incident: Incident, privacy: Sequence[PolygonUnit]
    ) -> None:
        last = self._last.find(incident.source_id, _number(incident.id))
        if last is not None:
            kind = EvidenceKind.LAST
            self._add(transaction, incident, kind, last.frame, last.detections, privacy)

    def _picture(
        self,
        transaction: Transaction,
        incident: Incident,
        kind: EvidenceKind,
        frame: Frame,
        seen: Examination,
        privacy: Sequence[PolygonUnit],
    ) -> None:
        self._add(transaction, incident, kind, frame, seen.weak_detections, privacy)

    def _add(
        self,
        transaction: Transaction,
        incident: Incident,
        kind: EvidenceKind,
        frame: Frame,
        detections: Detections,
        privacy: Sequence[PolygonUnit],
    ) -> None:
        gone = kind is EvidenceKind.AFTER
        box = incident.place.box_unit.scaled(frame.width_px, frame.height_px)
        shot = Shot(
            frame=frame,
            detections=detections,
            marks=[Mark(box_px=box, label=_label(incident, gone=gone), subject=not gone)],
            caption=Caption(
                title=_label(incident, gone=gone),
                taken_at=frame.captured_at,
                clock=frame.clock,
                source_name=incident.source_id,
                zone_name=None,
            ),
            privacy_polygons_unit=privacy,
        )
        slot = self._slot(transaction, incident.id, incident.opened_at, kind)
        for file in self._packer.pack_picture(slot, shot):
            self._ledger.add(transaction, incident.id, file)

    def _slot(
        self, transaction: Transaction, incident_id: UUID, opened_at: datetime, kind: EvidenceKind
    ) -> Slot:
        number = len(read_evidence(transaction, incident_id)) + 1
        return Slot(incident_id=incident_id, opened_at=opened_at, number=number, kind=kind)


def _label(incident: Incident, *, gone: bool) -> str:
    if gone:
        return f"{incident.subtype.replace('_', ' ')} was here"
    return f"{incident.class_name.replace('_', ' ')} {incident.score:.2f}"


def _track_of(finding: Finding | None, look: Look) -> Track | None:
    """The track that the finding came from: tracks begin at their own time and place."""
    if finding is None:
        return None
    box = finding.place.box_unit.scaled(look.width_px, look.height_px)
    same = [t for t in look.tracks if t.first_seen_at == finding.first_seen_at]
    return max(same, key=lambda track: track.box_px.iou(box), default=None)


def _number(incident_id: UUID) -> int:
    return incident_id.int & _ID_BITS
