"""Verdicts and outcomes of a running service become a set of pictures to learn from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from detector.incidents.database import Database
from detector.incidents.evidence_row import EvidenceRow, read_evidence
from detector.incidents.incident_row import read_incident
from detector.incidents.outcome import read_outcomes
from detector.incidents.schema import cases, incidents, outcomes, verdicts
from detector.incidents.verdicts import read_verdict
from detector.types import Incident
from detector.types.taxonomy import MODEL_CLASSES
from training.judged import Judged
from training.own_set import Incoming, OwnSet, safe_stem, write_own_set
from training.reviewed_split import ReviewedSplit
from training.verdict_labels import Nothing, judged_by

CLASSES = tuple(dict.fromkeys(name for names in MODEL_CLASSES.values() for name in names))
"""Class order of the set's label files: every class of every model."""

LICENCE = "the city's own footage; stays with it"

ReadPicture = Callable[[EvidenceRow], bytes]
"""Gives a stored picture's content. Raises KeyError where retention has deleted it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedConfig:
    """What is taken over."""

    name: str = "reviewed"
    variant: str = "clean"  # evidence variant: clean (faces and plates hidden) or sealed
    since: datetime | None = None  # incidents opened from then on
    timezone: str = "Asia/Shanghai"  # whose days divide the set
    split: ReviewedSplit = ReviewedSplit()  # noqa: RUF009  (frozen, without state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """What was made, and what was left out and why."""

    written: OwnSet
    left_out: Counter[str] = field(default_factory=Counter)  # reason -> incidents

    @property
    def sides(self) -> Counter[str]:
        return Counter(picture.side or "" for picture in self.written.pictures)

    @property
    def judged(self) -> Counter[str]:
        """Label, or "none of ..." for hard negatives -> places."""
        return Counter(
            item.label or f"none of {', '.join(item.classes)}"
            for picture in self.written.pictures
            for item in picture.judged or ()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    incident: Incident
    row: EvidenceRow
    judged: Judged


def write_reviewed(
    folder: Path, database: Database, read_picture: ReadPicture, config: ReviewedConfig
) -> Reviewed:
    """Write the set; incidents of one look share its picture."""
    left_out: Counter[str] = Counter()
    with database.reading() as transaction:
        found = list(_judgements(transaction, config, left_out))
    found.sort(key=lambda item: (item.incident.source_id, item.row.captured_at, item.row.key))
    pictures = _pictures(found, read_picture, config, left_out)
    own = write_own_set(folder, config.name, LICENCE, CLASSES, (), pictures)
    return Reviewed(written=own, left_out=left_out)


def answered_incidents(transaction: Connection, since: datetime | None = None) -> list[UUID]:
    """Incidents with a verdict or an outcome, oldest first."""
    told = select(cases.c.incident_id).join(outcomes, outcomes.c.case_id == cases.c.id)
    query = select(incidents.c.id).where(
        incidents.c.id.in_(select(verdicts.c.incident_id)) | incidents.c.id.in_(told)
    )
    if since is not None:
        query = query.where(incidents.c.opened_at >= since)
    return list(transaction.scalars(query.order_by(incidents.c.opened_at, incidents.c.id)))


def _judgements(
    transaction: Connection, config: ReviewedConfig, left_out: Counter[str]
) -> Iterator[_Found]:
    for incident_id in answered_incidents(transaction, config.since):
        incident = read_incident(transaction, incident_id)
        told = read_outcomes(transaction, incident.case_id) if incident.case_id else ()
        judged = judged_by(incident, read_verdict(transaction, incident_id), told)
        if isinstance(judged, Nothing):
            left_out[judged.why] += 1
            continue
        row = picture_row(read_evidence(transaction, incident_id), config.variant)
        if row is None:
            left_out[f"no {config.variant} picture is kept"] += 1
            continue
        yield _Found(incident=incident, row=row, judged=judged)


def picture_row(rows: Sequence[EvidenceRow], variant: str) -> EvidenceRow | None:
    """The picture in which the incident was opened: its box was drawn there."""
    for row in rows:
        if (row.kind, row.variant) == ("threshold", variant) and row.deleted_at is None:
            return row
    return None


def _pictures(
    found: Sequence[_Found],
    read_picture: ReadPicture,
    config: ReviewedConfig,
    left_out: Counter[str],
) -> Iterator[Incoming]:
    zone = ZoneInfo(config.timezone)
    days = {_day(item, zone) for item in found}
    newest = config.split.newest(days)
    looks = groupby(found, key=lambda item: (item.incident.source_id, item.row.captured_at))
    for (camera, at), group in looks:
        items = list(group)
        data = _content(items[0].row, read_picture, left_out, len(items))
        if data is None:
            continue
        day = _day(items[0], zone)
        yield Incoming(
            stem=safe_stem(f"{camera}_{at:%Y%m%dT%H%M%S}_{str(items[0].incident.id)[:8]}"),
            suffix=".jpg",
            data=data,
            camera=camera,
            day=day,
            side=config.split.side(camera, day, newest),
            judged=tuple(item.judged for item in items),
        )


def _content(
    row: EvidenceRow, read_picture: ReadPicture, left_out: Counter[str], count: int
) -> bytes | None:
    try:
        data = read_picture(row)
    except KeyError:
        left_out["its picture has been deleted"] += count
        return None
    if row.variant != "sealed" and sha256(data).hexdigest() != row.sha256:
        left_out["its picture is not as it was recorded"] += count
        return None
    return data


def _day(item: _Found, zone: ZoneInfo) -> str:
    return f"{item.row.captured_at.astimezone(zone):%Y-%m-%d}"
