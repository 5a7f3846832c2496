"""Opens an incident for each new addition, and clears those whose structure is gone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from detector.flights.comparison import Comparison
from detector.flights.finding import FlightFinding, FlightVerdict
from detector.flights.ledger import LedgerVerdict
from detector.incidents import Changes, IncidentRegistry, Observation
from detector.rules.rooftop import VIOLATION, RooftopRule, bounding_box_unit
from detector.types import Finding, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightSource:
    """Which source the incidents name, and which models judged."""

    source_id: str
    model_sha256: tuple[str, ...] = ()


def file_incidents(
    transaction: Connection,
    registry: IncidentRegistry,
    comparison: Comparison,
    rule: RooftopRule,
    source: FlightSource,
) -> Changes:
    """One observation of a moving source: what the rule holds for a violation becomes an incident,
    the same one again when another flight sees it again."""
    findings = tuple(violations(comparison.findings, rule, source.source_id))
    return registry.record(
        transaction,
        Observation(
            source_id=source.source_id,
            fixed=False,
            at=comparison.current_at,
            clock="exif",
            good_look=True,
            examined=frozenset({VIOLATION}),
            findings=findings,
            model_sha256=source.model_sha256,
        ),
    )


def violations(
    findings: Iterable[FlightFinding], rule: RooftopRule, source_id: str
) -> Iterable[Finding]:
    """What the rule makes of each finding; nothing of approved or existing stock."""
    for finding in findings:
        decided = finding.ledger in (LedgerVerdict.EXISTING, LedgerVerdict.APPROVED)
        if finding.verdict is not FlightVerdict.NEW or decided or not finding.views:
            continue
        if not rule.holds(finding.class_name, finding.area_m2, finding.seen_in):
            continue
        view = finding.views[0]
        box_unit = bounding_box_unit(view.ring_px, view.width_px, view.height_px)
        yield rule.finding(
            place=Place(
                source_id=source_id, box_unit=box_unit, position=finding.position, fixed=False
            ),
            class_name=finding.class_name,
            score=finding.score,
            seen_at=finding.current_at,
            shown=(finding.seen_in, finding.shown_in),
            reason=finding.reason,
        )
