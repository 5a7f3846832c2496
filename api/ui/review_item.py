"""Everything the review page shows of one incident, in one piece."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select

from api.service import Records
from api.ui.clip_desk import clip_row
from api.ui.review_card import shown_pictures
from detector.geometry.ground import lon_lat_deg
from detector.incidents import EvidenceRow, SamePlaceConfig
from detector.incidents.incident_row import read_incidents
from detector.incidents.reason_text import reason_zh
from detector.incidents.same_place import box_likeness, position_likeness
from detector.incidents.schema import incidents
from detector.types import Incident, VerdictAnswer

_SIMILAR: Final = 6
_COMPARED: Final = 200


class Picture(BaseModel):
    """Masked; `shown` has boxes and caption drawn in, `clean` has not."""

    kind: str
    captured_at: datetime
    shown_id: UUID | None
    clean_id: UUID | None


class Similar(BaseModel):
    """An earlier incident at the same place."""

    id: UUID
    subtype: str
    opened_at: datetime
    verdict: VerdictAnswer
    picture_id: UUID | None


class ReviewItem(BaseModel):
    incident: Incident
    reason_zh: str
    lon_deg: float | None
    lat_deg: float | None
    pictures: list[Picture]
    clip: bool  # there is one to play
    similar: list[Similar]


def review_item(records: Records, place: SamePlaceConfig, incident_id: UUID) -> ReviewItem:
    """Raises NotFoundError."""
    incident = records.queries.incident(incident_id)
    rows = records.queries.evidence(incident_id)
    lon, lat = lon_lat_deg(incident.place.position) if incident.place.position else (None, None)
    return ReviewItem(
        incident=incident,
        reason_zh=reason_zh(incident.reason),
        lon_deg=lon,
        lat_deg=lat,
        pictures=_pictures(rows),
        clip=clip_row(rows) is not None,
        similar=_similar(records, place, incident),
    )


def _pictures(rows: Sequence[EvidenceRow]) -> list[Picture]:
    """By moment, in the order in which they were taken."""
    found: dict[tuple[str, datetime], dict[str, UUID]] = {}
    for row in rows:
        if row.deleted_at is None and row.variant in ("shown", "clean"):
            found.setdefault((row.kind, row.captured_at), {})[row.variant] = row.id
    return [
        Picture(
            kind=kind,
            captured_at=at,
            shown_id=variants.get("shown"),
            clean_id=variants.get("clean"),
        )
        for (kind, at), variants in sorted(found.items(), key=lambda item: item[0][1])
    ]


def _similar(records: Records, config: SamePlaceConfig, incident: Incident) -> list[Similar]:
    columns = incidents.c
    query = (
        select(columns.id)
        .where(
            columns.source_id == incident.source_id,
            columns.violation == incident.violation,
            columns.opened_at < incident.opened_at,
        )
        .order_by(columns.opened_at.desc())
        .limit(_COMPARED)
    )
    with records.database.reading() as transaction:
        ids = list(transaction.execute(query).scalars())
        earlier = [
            other
            for other in read_incidents(transaction, ids)
            if _same_place(incident, other, config)
        ][:_SIMILAR]
        pictures = shown_pictures(transaction, [other.id for other in earlier])
    return [
        Similar(
            id=other.id,
            subtype=other.subtype,
            opened_at=other.opened_at,
            verdict=other.verdict,
            picture_id=pictures.get(other.id),
        )
        for other in earlier
    ]


def _same_place(one: Incident, other: Incident, config: SamePlaceConfig) -> bool:
    if one.place.fixed:
        return box_likeness(one.place.box_unit, other.place.box_unit, config) is not None
    here, there = one.place.position, other.place.position
    if here is None or there is None:
        return False
    return position_likeness(here, there, config) is not None
