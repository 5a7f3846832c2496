"""A pending incident as a small card, for answering many at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Connection, select

from api.service import Records
from detector.incidents.incident_row import read_incidents
from detector.incidents.reason_text import reason_zh
from detector.incidents.schema import evidence

_BEST: Final = ("threshold", "last", "first", "after")


class ReviewCard(BaseModel):
    id: UUID
    subtype: str
    source_id: str
    urgent: bool
    opened_at: datetime
    reason: str
    reason_zh: str
    picture_id: UUID | None
    holder: str | None  # who is looking at it


def review_cards(records: Records, which: Sequence[tuple[UUID, str | None]]) -> list[ReviewCard]:
    """In the order given."""
    holders = dict(which)
    with records.database.reading() as transaction:
        found = read_incidents(transaction, list(holders))
        pictures = shown_pictures(transaction, list(holders))
    return [
        ReviewCard(
            id=incident.id,
            subtype=incident.subtype,
            source_id=incident.source_id,
            urgent=incident.urgent,
            opened_at=incident.opened_at,
            reason=incident.reason,
            reason_zh=reason_zh(incident.reason),
            picture_id=pictures.get(incident.id),
            holder=holders[incident.id],
        )
        for incident in found
    ]


def shown_pictures(transaction: Connection, ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The most telling masked picture of each incident that has one."""
    query = select(evidence.c.incident_id, evidence.c.kind, evidence.c.id).where(
        evidence.c.incident_id.in_(ids),
        evidence.c.variant == "shown",
        evidence.c.deleted_at.is_(None),
    )
    kinds: dict[UUID, dict[str, UUID]] = {}
    for owner, kind, key in transaction.execute(query):
        kinds.setdefault(owner, {})[kind] = key
    best = {i: next((k[kind] for kind in _BEST if kind in k), None) for i, k in kinds.items()}
    return {i: key for i, key in best.items() if key is not None}
