"""Incidents between the table and the record."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, select

from detector.geometry.ground import lon_lat_deg
from detector.incidents.errors import NotFoundError
from detector.incidents.schema import cases, incidents
from detector.types import Box, Incident, IncidentStatus, Place, Position, VerdictAnswer


@cache
def incident_query() -> Select[Any]:
    """All columns of incidents, and `case_id`. Built once: that takes longer than to run it."""
    joined = incidents.outerjoin(cases, cases.c.incident_id == incidents.c.id)
    return select(incidents, cases.c.id.label("case_id")).select_from(joined)


def read_incident(transaction: Connection, incident_id: UUID) -> Incident:
    """Raises NotFoundError."""
    found = read_incidents(transaction, [incident_id])
    if not found:
        raise NotFoundError(
            f"no incident has the id {incident_id}", code="no_incident", id=incident_id
        )
    return found[0]


def read_incidents(transaction: Connection, ids: Iterable[UUID]) -> tuple[Incident, ...]:
    """In the order of `ids`; unknown ones are left out."""
    wanted = list(ids)
    if not wanted:
        return ()
    rows = transaction.execute(incident_query().where(incidents.c.id.in_(wanted))).mappings()
    found = {row["id"]: incident_of(row) for row in rows}
    return tuple(found[i] for i in wanted if i in found)


def incident_of(row: Any) -> Incident:
    """The record of one row of `incident_query`."""
    return Incident(
        id=row["id"],
        violation=row["violation"],
        subtype=row["subtype"],
        source_id=row["source_id"],
        place=place_of(row),
        class_name=row["class_name"],
        status=IncidentStatus(row["status"]),
        verdict=VerdictAnswer(row["verdict"]),
        urgent=row["urgent"],
        score=row["score"],
        first_seen_at=row["first_seen_at"],
        opened_at=row["opened_at"],
        last_seen_at=row["last_seen_at"],
        cleared_at=row["cleared_at"],
        reopened=row["reopened"],
        reason=row["reason"],
        coverage_text=row["coverage_text"],
        rule_version=row["rule_version"],
        model_sha256=tuple(row["model_sha256"]),
        clock=row["clock"],
        case_id=row["case_id"],
    )


def place_of(row: Any) -> Place:
    position = None
    if row["x"] is not None:
        position = Position(
            x=row["x"], y=row["y"], crs=row["crs"], error_radius_m=row["error_radius_m"]
        )
    return Place(
        source_id=row["source_id"],
        box_unit=Box(*row["box_unit"]),
        position=position,
        fixed=row["fixed"],
    )


def place_values(place: Place) -> dict[str, Any]:
    """A place's columns. Raises ConfigError for a position in a crs that is not accepted."""
    values: dict[str, Any] = {
        "source_id": place.source_id,
        "fixed": place.fixed,
        "box_unit": list(place.box_unit.as_tuple()),
        "seen_box_unit": list(place.box_unit.as_tuple()),
    }
    position = place.position
    if position is not None:
        lon, lat = lon_lat_deg(position)
        values |= {"x": position.x, "y": position.y, "crs": position.crs}
        values |= {"error_radius_m": position.error_radius_m, "lon_deg": lon, "lat_deg": lat}
    return values
