"""What the city queue receives: one case an incident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, select

from detector.incidents.case_state import CaseState
from detector.incidents.component import CaseComponent, component_of
from detector.incidents.errors import NotFoundError
from detector.incidents.incident_row import place_of
from detector.incidents.schema import cases, incidents
from detector.types import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """As it stands in the embedded queue."""

    id: UUID
    number: str  # for people, e.g. XJ-20261124-000123
    incident_id: UUID
    violation: str
    subtype: str
    urgent: bool
    state: CaseState
    code_kind: str | None  # "event" or "component"; None: the table has no code for it
    code: str | None
    code_table_version: str
    description: str
    source_id: str
    place: Place
    grid: str | None  # 15-digit grid code, where one is known
    opened_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    worker: str | None  # who has claimed it, until lease_until
    lease_until: datetime | None
    version: int  # counts changes; give it back to change the state
    component: CaseComponent | None = None  # a cover's entry in the city's ledger
    path: tuple[str, ...] = ()  # instances that had it before this one; empty: it is our own

    @property
    def county_code(self) -> str | None:
        """Six digits: the grid's, or else the component's."""
        if self.grid:
            return self.grid[:6]
        return self.component.county_code if self.component else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent:
    """One line of a case's log."""

    id: int
    case_id: UUID
    at: datetime
    kind: str
    from_state: CaseState | None
    to_state: CaseState | None
    actor: str
    note: str


_PLACE = ("x", "y", "crs", "error_radius_m", "box_unit", "fixed")


@cache
def case_query() -> Select[Any]:
    """All columns of cases, and those of the incident's place. Built once, as `incident_query`."""
    joined = cases.join(incidents, incidents.c.id == cases.c.incident_id)
    return select(cases, *(incidents.c[name] for name in _PLACE)).select_from(joined)


def read_case(transaction: Connection, case_id: UUID) -> Case:
    """Raises NotFoundError."""
    row = transaction.execute(case_query().where(cases.c.id == case_id)).mappings().first()
    if row is None:
        raise NotFoundError(f"no case has the id {case_id}", code="no_case", id=case_id)
    return case_of(row)


def case_of(row: Any) -> Case:
    """The record of one row of `case_query`."""
    return Case(
        id=row["id"],
        number=row["number"],
        incident_id=row["incident_id"],
        violation=row["violation"],
        subtype=row["subtype"],
        urgent=row["urgent"],
        state=CaseState(row["state"]),
        code_kind=row["code_kind"],
        code=row["code"],
        code_table_version=row["code_table_version"],
        description=row["description"],
        source_id=row["source_id"],
        place=place_of(row),
        grid=row["grid"],
        opened_at=row["opened_at"],
        updated_at=row["updated_at"],
        ended_at=row["ended_at"],
        worker=row["worker"],
        lease_until=row["lease_until"],
        version=row["version"],
        component=component_of(row["component"]),
        path=tuple(row["path"] or ()),
    )
