"""Opens and updates cases in the transaction of what caused it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import Connection, insert, select, update

from detector.incidents.case import Case, read_case
from detector.incidents.case_codes import CodeTable
from detector.incidents.case_log import write_case_event
from detector.incidents.case_number import next_case_number
from detector.incidents.case_state import CaseState
from detector.incidents.component import CaseComponent, component_value
from detector.incidents.incident_row import read_incident
from detector.incidents.journal import SYSTEM, IncidentEventKind, write_event
from detector.incidents.letter import LetterKind
from detector.incidents.outbox import Outbox
from detector.incidents.reason_text import reason_zh
from detector.incidents.schema import cases
from detector.incidents.utc import utc_now
from detector.types import Incident, Place

_DESCRIPTION_CHARS: Final = 1000


class CaseDeskConfig(BaseModel):
    """How cases are numbered and coded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code_table: CodeTable = CodeTable()
    time_zone: str = "Asia/Shanghai"
    """Of the day in a case's number."""

    number_prefix: str = Field(default="XJ", pattern=r"^[A-Z0-9]{1,8}$")
    """Begins a case's number. Instances that exchange cases need different ones."""

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError) as error:
            raise ValueError(f"unknown time zone {value!r}") from error
        return value


class CaseDesk:
    """One case an incident, at most: a second opening finds the first.

    Every method works in the caller's transaction, which holds the incident's row. `grid_of`
    gives the grid code of a place, where grids are known, and `component_of` the ledger's
    entry of a cover.
    """

    def __init__(
        self,
        config: CaseDeskConfig,
        outbox: Outbox,
        grid_of: Callable[[Place], str | None] = lambda place: None,
        clock: Callable[[], datetime] = utc_now,
        component_of: Callable[[Incident], CaseComponent | None] = lambda incident: None,
    ) -> None:
        self._config = config
        self._component_of = component_of
        self._outbox = outbox
        self._grid_of = grid_of
        self._clock = clock

    def open(self, transaction: Connection, incident_id: UUID, actor: str = SYSTEM) -> UUID:
        """The incident's case; opened, with its deliveries, where there was none."""
        incident = read_incident(transaction, incident_id)
        if incident.case_id is not None:
            return incident.case_id
        case_id, now = uuid4(), self._clock()
        number = next_case_number(
            transaction, now.astimezone(self._zone).date(), self._config.number_prefix
        )
        row = {
            "id": case_id,
            "number": number,
            "incident_id": incident.id,
            "violation": incident.violation,
            "source_id": incident.source_id,
            "state": CaseState.REPORTED.value,
            "grid": self._grid_of(incident.place),
            "component": component_value(self._component_of(incident)),
            "opened_at": now,
            "updated_at": now,
            "version": 1,
            "letters": 0,
            **self._content(incident),
        }
        transaction.execute(insert(cases), row)
        write_case_event(
            transaction, case_id, now, "opened", actor=actor, to_state=CaseState.REPORTED
        )
        write_event(
            transaction, incident.id, IncidentEventKind.CASE_OPENED, now, f"case {number}", actor
        )
        case = read_case(transaction, case_id)
        self._outbox.post(transaction, case, replace(incident, case_id=case_id), LetterKind.OPENED)
        return case_id

    def update(
        self, transaction: Connection, incident_id: UUID, note: str, actor: str = SYSTEM
    ) -> None:
        """The incident became graver or was corrected: the case and its destinations follow."""
        incident = read_incident(transaction, incident_id)
        if incident.case_id is None:
            return
        self._change(transaction, incident.case_id, "updated", actor, note, incident=incident)
        self._tell(transaction, incident.case_id, LetterKind.UPDATED)

    def void(self, transaction: Connection, incident_id: UUID, actor: str, note: str) -> None:
        """作废: an operator rejected it. A case that is closed or refused keeps its state."""
        case = self._case(transaction, incident_id)
        if case is None:
            return
        state = case.state if case.state.finished else CaseState.VOID
        self._change(transaction, case.id, "voided", actor, note, state=state)
        self._tell(transaction, case.id, LetterKind.VOIDED)

    def closed_for_s(self, transaction: Connection, incident_id: UUID) -> float | None:
        """Since when its case is closed (结案); None: it is not, or there is no case."""
        query = select(cases.c.ended_at).where(
            cases.c.incident_id == incident_id, cases.c.state == CaseState.CLOSED.value
        )
        ended_at: datetime | None = transaction.execute(query).scalar()
        return None if ended_at is None else (self._clock() - ended_at).total_seconds()

    def reopened(
        self, transaction: Connection, incident_id: UUID, note: str = "seen again"
    ) -> None:
        """It came back, or never went: a closed case goes back to work (回退), no second one is
        opened."""
        case = self._case(transaction, incident_id)
        if case is None:
            return
        state = CaseState.SENT_BACK if case.state == CaseState.CLOSED else case.state
        self._change(transaction, case.id, "reopened", SYSTEM, note, state=state)
        self._tell(transaction, case.id, LetterKind.REOPENED)

    def cleared(self, transaction: Connection, incident_id: UUID) -> None:
        """The after picture is offered as the verification (核查); the state is the worker's."""
        case = self._case(transaction, incident_id)
        if case is None or case.state.finished:
            return
        note = "no longer seen; the after picture is offered for verification (核查)"
        self._change(transaction, case.id, "verification_offered", SYSTEM, note)
        self._tell(transaction, case.id, LetterKind.CLEARED)

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._config.time_zone)

    def _content(self, incident: Incident) -> dict[str, Any]:
        table = self._config.code_table
        code = table.code(incident.violation, incident.subtype)
        name = code.name if code else incident.violation
        text = f"疑似{name}：{reason_zh(incident.reason)}"
        return {
            "subtype": incident.subtype,
            "urgent": incident.urgent,
            "code_kind": code.kind if code else None,
            "code": code.code if code else None,
            "code_table_version": table.version,
            "description": text[:_DESCRIPTION_CHARS],
        }

    def _case(self, transaction: Connection, incident_id: UUID) -> Case | None:
        query = select(cases.c.id).where(cases.c.incident_id == incident_id).with_for_update()
        case_id = transaction.execute(query).scalar()
        return None if case_id is None else read_case(transaction, case_id)

    def _change(
        self,
        transaction: Connection,
        case_id: UUID,
        kind: str,
        actor: str,
        note: str,
        *,
        state: CaseState | None = None,
        incident: Incident | None = None,
    ) -> None:
        before = read_case(transaction, case_id).state
        after, now = state or before, self._clock()
        values = self._content(incident) if incident else {}
        if after != before:
            ended = {"worker": None, "lease_until": None} if after.finished else {}
            values |= {"state": after.value, "ended_at": now if after.finished else None, **ended}
        transaction.execute(
            update(cases)
            .where(cases.c.id == case_id)
            .values(**values, updated_at=now, version=cases.c.version + 1)
        )
        moved = {} if after == before else {"from_state": before, "to_state": after}
        write_case_event(transaction, case_id, now, kind, actor=actor, note=note, **moved)

    def _tell(self, transaction: Connection, case_id: UUID, kind: LetterKind) -> None:
        case = read_case(transaction, case_id)
        incident = read_incident(transaction, case.incident_id)
        self._outbox.post(transaction, case, incident, kind)
