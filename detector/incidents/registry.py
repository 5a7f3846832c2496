"""The incident registry: what stands in the street becomes a record, once.

Identity is (violation, place, time window), never a track:

- Fixed camera: same source, and boxes that overlap by `min_iou`, or of which one's centre lies in
  the other with a bounded ratio of sizes; against where it was opened or was detected last.
- Moving sources: positions within the sum of their error radii (held between `min_radius_m` and
  `max_radius_m`), over all moving sources, so that a second car's or flight's pass meets the same
  incident.
- Two findings of one look are two incidents unless they overlap themselves.
- Opening and coming back take a detection in this look; a finding that is only carried over a gap
  keeps an incident as it is.
- Gone for `clear_after_looks` good looks and `clear_after_s` watched seconds (fixed cameras):
  cleared. A look counts as absence only where no finding, no detection and no live track of the
  violation's classes lies at the place, and nothing stands in front of it. Blind looks, occluded
  ones and looks that did not examine the violation pause the count. A moving source's incident is
  cleared by `clear`, or when its case is closed.
- Still detected `raise_again_after_s` after its case was closed: raised again, `reopened` + 1, its
  case goes back to work with a new picture.
- Back within `reopen_within_s` of the clearing: the same incident, `reopened` + 1, its case gets
  an update. Later: a new incident.
- A rejected incident keeps its place while the thing stays (moving: is seen again within
  `suppress_after_rejection_s`) and for `suppress_after_rejection_s` after it was cleared; only a
  graver subtype opens a new one there.
- A graver subtype at the same place raises the incident; a milder one does not lower it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, insert, update

from detector.incidents.absence import Absence
from detector.incidents.case_desk import CaseDesk
from detector.incidents.chain import START
from detector.incidents.changes import Changes
from detector.incidents.clearing import mark_cleared
from detector.incidents.coverage_text import coverage_text
from detector.incidents.dialect import lock_names
from detector.incidents.incident_row import place_values, read_incidents
from detector.incidents.journal import SYSTEM, IncidentEventKind, write_event
from detector.incidents.known import KnownIncident, fixed_incidents, moving_incidents
from detector.incidents.observation import Observation
from detector.incidents.pairing import Group, pair
from detector.incidents.policy import RegistryConfig
from detector.incidents.schema import incidents
from detector.types import Finding, IncidentStatus, Posting, VerdictAnswer


class IncidentRegistry:
    """Keeps no memory of its own: a restart changes nothing. See the module for the rules."""

    def __init__(self, config: RegistryConfig, desk: CaseDesk) -> None:
        self._config = config
        self._desk = desk

    def record(self, transaction: Connection, observation: Observation) -> Changes:
        """Turns one look into incidents, in the caller's transaction.

        Cases of findings that are posted at once, and all deliveries, are written in it too.
        Raises ConfigError for a position in a crs that is not accepted.
        """
        return _Look(transaction, observation, self._config, self._desk).record()

    def clear(
        self,
        transaction: Connection,
        incident_id: UUID,
        at: datetime,
        reason: str,
        actor: str = SYSTEM,
    ) -> bool:
        """Clears an incident because someone knows: a later pass's picture of the empty place,
        or a person. False where it is not open."""
        cleared = mark_cleared(transaction, incident_id, at, reason, actor)
        if cleared:
            self._desk.cleared(transaction, incident_id)
        return cleared


class _Look:
    """The work of one `record`."""

    def __init__(
        self,
        transaction: Connection,
        observation: Observation,
        config: RegistryConfig,
        desk: CaseDesk,
    ) -> None:
        self._transaction = transaction
        self._observation = observation
        self._config = config
        self._desk = desk
        self._ids: dict[str, list[UUID]] = {}
        self._seen: list[tuple[UUID, Finding]] = []
        self._cases: list[UUID] = []

    def record(self) -> Changes:
        observation = self._observation
        self._take_turns()
        known = self._fixed() if observation.fixed else {}
        if observation.good_look:
            for violation in sorted({f.violation for f in observation.findings}):
                self._meet(violation, known)
        if observation.fixed:
            self._absences([k for each in known.values() for k in each if k.open])
        return self._changes()

    def _take_turns(self) -> None:
        """Two processes must not both find a place empty and both open an incident there."""
        observation = self._observation
        if observation.fixed:
            lock_names(self._transaction, [f"source:{observation.source_id}"])
        else:
            violations = {f"moving:{f.violation}" for f in observation.findings}
            lock_names(self._transaction, violations)

    def _fixed(self) -> dict[str, list[KnownIncident]]:
        observation = self._observation
        wanted = observation.examined | {f.violation for f in observation.findings}
        policies = [self._config.policy(violation) for violation in wanted]
        window_s = max(
            (max(p.reopen_within_s, p.suppress_after_rejection_s) for p in policies), default=0
        )
        earliest = observation.at - timedelta(seconds=window_s)
        known: dict[str, list[KnownIncident]] = {}
        for one in fixed_incidents(
            self._transaction, observation.source_id, sorted(wanted), earliest
        ):
            known.setdefault(one.violation, []).append(one)
        return known

    def _meet(self, violation: str, fixed: dict[str, list[KnownIncident]]) -> None:
        observation = self._observation
        findings = [f for f in observation.findings if f.violation == violation]
        known: Sequence[KnownIncident] = fixed.get(violation, [])
        if not observation.fixed:
            places = [f.place for f in findings]
            known = moving_incidents(self._transaction, places, violation, self._config)
        for group in pair(findings, known, observation.at, self._config):
            self._settle(group)

    def _settle(self, group: Group) -> None:
        finding = group.findings[0]
        known = group.known
        if known is None:
            if not finding.seen_now:
                return
            incident_id = self._open(finding)
        else:
            incident_id = known.id
            self._see(known, finding)
        self._seen += [(incident_id, each) for each in group.findings]

    def _open(self, finding: Finding) -> UUID:
        incident_id, observation = uuid4(), self._observation
        row = {
            "id": incident_id,
            "violation": finding.violation,
            "zone": finding.zone,
            "status": IncidentStatus.OPEN.value,
            "verdict": VerdictAnswer.PENDING.value,
            "first_seen_at": finding.first_seen_at,
            "opened_at": observation.at,
            "last_seen_at": finding.seen_at,
            "reopened": 0,
            "absent_looks": 0,
            "absent_s": 0.0,
            "evidence_count": 0,
            "evidence_head": START,
            **place_values(finding.place),
            **self._conclusion(finding),
        }
        self._transaction.execute(insert(incidents), row)
        self._tell(incident_id, IncidentEventKind.OPENED, finding.reason)
        self._group("opened", incident_id)
        if finding.posting == Posting.AT_ONCE:
            self._cases.append(self._desk.open(self._transaction, incident_id))
        return incident_id

    def _see(self, known: KnownIncident, finding: Finding) -> None:
        if finding.seen_now:
            box = list(finding.place.box_unit.as_tuple())
            self._set(
                known,
                last_seen_at=max(known.last_seen_at, finding.seen_at),
                seen_box_unit=box,
                score=max(known.score, finding.score),
            )
        policy = self._config.policy(finding.violation)
        if not known.open:
            self._reopen(known)
        elif finding.seen_now and not known.rejected:
            self._raise_again(known, policy.raise_again_after_s)
        if policy.rank(finding.subtype) > policy.rank(known.subtype):
            self._escalate(known, finding)

    def _reopen(self, known: KnownIncident) -> None:
        self._set(
            known,
            status=IncidentStatus.OPEN.value,
            cleared_at=None,
            reopened=known.reopened + (not known.rejected),
            absent_looks=0,
            absent_s=0.0,
            absent_at=None,
        )
        if known.rejected:
            detail = "seen again, and rejected before"
            self._tell(known.id, IncidentEventKind.RETURNED, detail)
            return
        self._tell(known.id, IncidentEventKind.REOPENED, f"seen again after {known.cleared_at}")
        self._group("reopened", known.id)
        self._desk.reopened(self._transaction, known.id)

    def _raise_again(self, known: KnownIncident, after_s: float) -> None:
        closed_for_s = self._desk.closed_for_s(self._transaction, known.id)
        if closed_for_s is None or closed_for_s < after_s:
            return
        self._set(known, reopened=known.reopened + 1)
        detail = f"still seen {closed_for_s:.0f} s after its case was closed"
        self._tell(known.id, IncidentEventKind.REOPENED, detail)
        self._group("reopened", known.id)
        self._desk.reopened(self._transaction, known.id, detail)

    def _escalate(self, known: KnownIncident, finding: Finding) -> None:
        conclusion = self._conclusion(finding)
        conclusion["urgent"] = known.urgent or finding.urgent
        conclusion["score"] = max(known.score, finding.score)
        self._set(known, **conclusion)
        detail = f"{known.subtype} became {finding.subtype}: {finding.reason}"
        self._tell(known.id, IncidentEventKind.ESCALATED, detail)
        self._group("escalated", known.id)
        self._desk.update(self._transaction, known.id, detail)
        if finding.posting == Posting.AT_ONCE:
            self._post(known.id)

    def _conclusion(self, finding: Finding) -> dict[str, Any]:
        return {
            "subtype": finding.subtype,
            "class_name": finding.class_name,
            "urgent": finding.urgent,
            "posting": finding.posting.value,
            "score": finding.score,
            "reason": finding.reason,
            "coverage_text": coverage_text(finding.coverage),
            "rule_version": finding.rule_version,
            "model_sha256": list(self._observation.model_sha256),
            "clock": self._observation.clock,
        }

    def _post(self, incident_id: UUID) -> None:
        (incident,) = read_incidents(self._transaction, [incident_id])
        if incident.case_id is None:
            self._cases.append(self._desk.open(self._transaction, incident_id))

    def _absences(self, known: Sequence[KnownIncident]) -> None:
        absence = Absence(self._observation, self._config)
        for one in known:
            change = absence.judge(one)
            if change.values:
                self._set(one, **change.values)
            if change.clears:
                self._clear(one, change.values["absent_looks"], change.values["absent_s"])

    def _clear(self, known: KnownIncident, looks: int, seconds: float) -> None:
        detail = f"not seen in {looks} good looks over {seconds:.0f} watched seconds"
        mark_cleared(self._transaction, known.id, self._observation.at, detail)
        self._group("cleared", known.id)
        if not known.rejected:
            self._desk.cleared(self._transaction, known.id)

    def _set(self, known: KnownIncident, **values: Any) -> None:
        self._transaction.execute(
            update(incidents).where(incidents.c.id == known.id).values(**values)
        )

    def _tell(self, incident_id: UUID, kind: IncidentEventKind, detail: str) -> None:
        write_event(self._transaction, incident_id, kind, self._observation.at, detail)

    def _group(self, name: str, incident_id: UUID) -> None:
        self._ids.setdefault(name, []).append(incident_id)

    def _changes(self) -> Changes:
        groups = {name: read_incidents(self._transaction, ids) for name, ids in self._ids.items()}
        return Changes(seen=tuple(self._seen), cases=tuple(self._cases), **groups)
