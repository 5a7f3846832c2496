"""A sealed clip in an incident's evidence."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from api.service import Service
from detector.evidence import EvidenceKind, Slot
from detector.inference.fake import FakeDetector
from detector.types import Clip

PERSON_PX = (180.0, 40.0, 240.0, 170.0)


def sees_a_person() -> FakeDetector:
    """On the film of `made_video`, in every picture."""
    return FakeDetector(lambda image: [("person", 0.7, PERSON_PX)], ("person",), sha256="1" * 64)


def add_clip(service: Service, incident_id: UUID, data: bytes, seconds: int = 3) -> UUID:
    """Returns the evidence's id."""
    records = service.records
    incident = records.queries.incident(incident_id)
    at = incident.opened_at
    clip = Clip(data=data, container="mp4", starts_at=at, ends_at=at + timedelta(seconds=seconds))
    number = len(records.queries.evidence(incident_id)) + 1
    slot = Slot(incident_id=incident_id, opened_at=at, number=number, kind=EvidenceKind("clip"))
    with records.database.transaction() as transaction:
        file = records.packer.pack_clip(slot, clip, "wall")
        records.ledger.add(transaction, incident_id, file)
    return records.queries.evidence(incident_id)[-1].id
