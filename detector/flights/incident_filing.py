"""Opens an incident for each new addition, and clears those whose structure is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from sqlalchemy import Connection

from detector.evidence import Caption, EvidenceKind, EvidencePacker, Mark, Shot, Slot
from detector.flights.before_after import BeforeAfter, box_in_pair
from detector.flights.comparison import Comparison
from detector.flights.finding import FlightFinding, FlightVerdict
from detector.flights.ledger import LedgerVerdict
from detector.geometry.local_frame import LocalFrame
from detector.incidents import Changes, EvidenceLedger, IncidentRegistry, Observation
from detector.rules.rooftop import RooftopRule
from detector.types import Detections, Finding, Frame, Incident, Place

_CLOCK = "exif"
PairOf = Callable[[FlightFinding], BeforeAfter | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightSource:
    """Which source the incidents name, and which models judged."""

    source_id: str
    model_sha256: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """What the records made of a comparison. `incident_of`: by the finding's id."""

    changes: Changes
    incident_of: dict[str, UUID]


def file_incidents(
    transaction: Connection,
    registry: IncidentRegistry,
    comparison: Comparison,
    rule: RooftopRule,
    source: FlightSource,
) -> Filed:
    """One observation of a moving source: what the rule holds for a violation becomes an incident,
    the same one again when another flight, or this one again, shows it."""
    frame = comparison.baseline.frame
    made = {
        one.id: violation
        for one in comparison.findings
        if (violation := _violation(one, rule, source.source_id, frame)) is not None
    }
    changes = registry.record(
        transaction,
        Observation(
            source_id=source.source_id,
            fixed=False,
            at=comparison.current_at,
            clock=_CLOCK,
            good_look=True,
            examined=frozenset({rule.violation}),
            findings=tuple(made.values()),
            model_sha256=source.model_sha256,
        ),
    )
    incident_of = {
        name: incident_id
        for name, violation in made.items()
        for incident_id, seen in changes.seen
        if seen is violation
    }
    return Filed(changes=changes, incident_of=incident_of)


def add_pairs(
    transaction: Connection,
    packer: EvidencePacker,
    ledger: EvidenceLedger,
    filed: Filed,
    findings: Iterable[FlightFinding],
    pair_of: PairOf,
) -> None:
    """Gives each incident that was opened both days' pictures. Raises DiskFull."""
    opened = {incident.id: incident for incident in filed.changes.opened}
    for finding in findings:
        incident = opened.pop(filed.incident_of.get(finding.id, UUID(int=0)), None)
        pair = pair_of(finding) if incident is not None else None
        if incident is None or pair is None:
            continue
        moments = (
            (EvidenceKind.FIRST, pair.before, finding.baseline_at),
            (EvidenceKind.THRESHOLD, pair.after, finding.current_at),
        )
        alone = finding.baseline_at == finding.current_at  # a flight by itself has no day before
        for number, (kind, image, at) in enumerate(moments[alone:], 1):
            frame = Frame(
                source_id=incident.source_id,
                seq=number,
                captured_at=at,
                clock=_CLOCK,
                image=image,
            )
            slot = Slot(
                incident_id=incident.id, opened_at=incident.opened_at, number=number, kind=kind
            )
            for file in packer.pack_picture(slot, _shot(frame, incident, kind)):
                ledger.add(transaction, incident.id, file)


def _shot(frame: Frame, incident: Incident, kind: EvidenceKind) -> Shot:
    box = incident.place.box_unit.scaled(frame.width_px, frame.height_px)
    before = kind is EvidenceKind.FIRST
    label = "before" if before else f"{incident.class_name.replace('_', ' ')} {incident.score:.2f}"
    return Shot(
        frame=frame,
        detections=_nobody(),
        marks=[Mark(box_px=box, label=label, subject=not before)],
        caption=Caption(
            title=label,
            taken_at=frame.captured_at,
            clock=frame.clock,
            source_name=incident.source_id,
            zone_name=None,
        ),
    )


def _nobody() -> Detections:
    """A person is four cells across at 6 cm: no face and no plate can be made out, so that there
    is nothing to hide."""
    return Detections(
        xyxy_px=np.zeros((0, 4), np.float32),
        score=np.zeros(0, np.float32),
        class_id=np.zeros(0, np.int32),
        classes=("person",),
    )


def _violation(
    finding: FlightFinding, rule: RooftopRule, source_id: str, frame: LocalFrame
) -> Finding | None:
    """What the rule makes of a finding; nothing of approved or existing stock."""
    decided = finding.ledger in (LedgerVerdict.EXISTING, LedgerVerdict.APPROVED)
    if finding.verdict is not FlightVerdict.NEW or decided or not finding.views:
        return None
    if not rule.holds(finding.class_name, finding.area_m2, finding.seen_in):
        return None
    return rule.finding(
        place=Place(
            source_id=source_id,
            box_unit=box_in_pair(finding, frame),
            position=finding.position,
            fixed=False,
        ),
        class_name=finding.class_name,
        score=finding.score,
        seen_at=finding.current_at,
        shown=(finding.seen_in, finding.shown_in),
        reason=finding.reason,
    )
