"""An incident as the registry compares it with what is seen."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, bindparam, or_, select
from sqlalchemy.sql import ColumnElement

from detector.geometry.ground import lon_lat_deg
from detector.incidents.policy import RegistryConfig, ViolationPolicy
from detector.incidents.same_place import SamePlaceConfig, box_likeness, position_likeness
from detector.incidents.schema import incidents
from detector.types import Box, IncidentStatus, Place, Position, VerdictAnswer

_METRES_A_DEGREE = 110_000  # of latitude; a little less than true, so that the search is wider
_OPEN_AT = (  # asked at nearly every look: putting it together would cost as much as the answer
    select(incidents.c.id)
    .where(
        incidents.c.source_id == bindparam("source"),
        incidents.c.status == IncidentStatus.OPEN.value,
    )
    .limit(1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIncident:
    """The part of an incident's row that decides whether a finding is this incident."""

    id: UUID
    violation: str
    subtype: str
    source_id: str
    urgent: bool
    status: IncidentStatus
    verdict: VerdictAnswer
    boxes: tuple[Box, Box]  # where it was opened, where it was detected last
    position: Position | None
    score: float
    last_seen_at: datetime
    cleared_at: datetime | None
    reopened: int
    absent_looks: int
    absent_s: float
    absent_at: datetime | None

    @property
    def open(self) -> bool:
        return self.status == IncidentStatus.OPEN

    @property
    def rejected(self) -> bool:
        return self.verdict == VerdictAnswer.REJECTED

    def likeness(self, place: Place, config: SamePlaceConfig) -> float | None:
        """How well a place agrees with this incident's, 0 to 1; None: elsewhere.

        A fixed camera's incident is where it was opened or where it was detected last, so that
        a cart that shifts by and by stays the same one.
        """
        if not place.fixed:
            if self.position is None or place.position is None:
                return None
            return position_likeness(self.position, place.position, config)
        found = [box_likeness(box, place.box_unit, config) for box in self.boxes]
        return max((value for value in found if value is not None), default=None)

    def accepts(self, subtype: str, at: datetime, fixed: bool, policy: ViolationPolicy) -> bool:
        """Whether a thing of that subtype, seen here at that time, is this incident."""
        if self.rejected:
            return self._stays_rejected(subtype, at, fixed, policy)
        if self.cleared_at is None:
            return True
        return (at - self.cleared_at).total_seconds() <= policy.reopen_within_s

    def _stays_rejected(
        self, subtype: str, at: datetime, fixed: bool, policy: ViolationPolicy
    ) -> bool:
        if policy.rank(subtype) > policy.rank(self.subtype):
            return False  # the operator rejected something milder
        # Whether a thing stayed between the passes of a moving source is not known.
        since = self.cleared_at if fixed else (self.cleared_at or self.last_seen_at)
        return since is None or (at - since).total_seconds() <= policy.suppress_after_rejection_s


def fixed_incidents(
    transaction: Connection, source_id: str, wanted: Iterable[str], earliest: datetime
) -> list[KnownIncident]:
    """A fixed camera's incidents that are open or were cleared since `earliest`, locked."""
    return _read(
        transaction,
        incidents.c.fixed.is_(True),
        incidents.c.source_id == source_id,
        incidents.c.violation.in_(list(wanted)),
        _recent(earliest),
    )


def has_open_incident(transaction: Connection, source_id: str) -> bool:
    """Whether a look of that source can change anything where it shows nothing."""
    return transaction.execute(_OPEN_AT, {"source": source_id}).first() is not None


def moving_incidents(
    transaction: Connection, places: Iterable[Place], violation: str, config: RegistryConfig
) -> list[KnownIncident]:
    """Incidents of all moving sources near any of the places, locked, whatever their age."""
    near = [_near(place.position, config) for place in places if place.position]
    if not near:
        return []
    return _read(
        transaction, incidents.c.fixed.is_(False), incidents.c.violation == violation, or_(*near)
    )


def _near(position: Position, config: RegistryConfig) -> ColumnElement[bool]:
    lon, lat = lon_lat_deg(position)
    reach = config.place.max_radius_m / _METRES_A_DEGREE
    # Meridians converge; the lower bound keeps it finite at the poles.
    wide = reach / max(0.01, math.cos(math.radians(abs(lat) + reach)))
    return and_(
        incidents.c.lat_deg.between(lat - reach, lat + reach),
        incidents.c.lon_deg.between(lon - wide, lon + wide),
    )


def _recent(earliest: datetime) -> ColumnElement[bool]:
    return or_(incidents.c.status == IncidentStatus.OPEN.value, incidents.c.cleared_at >= earliest)


def _read(transaction: Connection, *where: ColumnElement[bool]) -> list[KnownIncident]:
    # Locked in one order, so that a verdict on one of them and this look take turns.
    query = select(incidents).where(*where).order_by(incidents.c.id).with_for_update()
    return [_known(row) for row in transaction.execute(query).mappings()]


def _known(row: Any) -> KnownIncident:
    position = None
    if row["x"] is not None:
        position = Position(
            x=row["x"], y=row["y"], crs=row["crs"], error_radius_m=row["error_radius_m"]
        )
    return KnownIncident(
        id=row["id"],
        violation=row["violation"],
        subtype=row["subtype"],
        source_id=row["source_id"],
        urgent=row["urgent"],
        status=IncidentStatus(row["status"]),
        verdict=VerdictAnswer(row["verdict"]),
        boxes=(Box(*row["box_unit"]), Box(*row["seen_box_unit"])),
        position=position,
        score=row["score"],
        last_seen_at=row["last_seen_at"],
        cleared_at=row["cleared_at"],
        reopened=row["reopened"],
        absent_looks=row["absent_looks"],
        absent_s=row["absent_s"],
        absent_at=row["absent_at"],
    )
