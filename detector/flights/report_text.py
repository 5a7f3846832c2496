"""The words of a flight's report."""

from __future__ import annotations

from collections import Counter

from detector.flights.comparison import Comparison
from detector.flights.finding import FlightFinding, FlightVerdict

HEADLINES = {
    FlightVerdict.NEW: "Suspected new additions (疑似新增)",
    FlightVerdict.GROWN: "Suspected extensions (疑似扩建)",
    FlightVerdict.REMOVED: "Suspected removals (疑似拆除)",
    FlightVerdict.UNCHANGED: "As before (无变化)",
    FlightVerdict.NOT_VISIBLE: "Not visible on this flight (本次未见)",
}
NOTICE = (
    "Everything in this report is suspected (疑似). Whether a structure is legal is the officer's "
    "decision."
)


def title_of(comparison: Comparison) -> str:
    return f"{comparison.baseline.name} → {comparison.current_name}"


def summary_of(comparison: Comparison, seen_m2: float) -> list[str]:
    """Dates, how much was seen, how many of each."""
    good = [r for r in comparison.results if r.refused is None]
    errors = sorted(r.registration_error_m or 0.0 for r in good)
    counts = Counter(f.verdict for f in comparison.findings)
    return [
        f"Baseline of {comparison.baseline.dated_at:%Y-%m-%d %H:%M}, "
        f"{len(comparison.baseline.pictures)} pictures",
        f"This flight: {comparison.current_at:%Y-%m-%d %H:%M}, {len(good)} of "
        f"{len(comparison.results)} pictures laid onto the baseline, median registration error "
        f"{errors[len(errors) // 2]:.2f} m",
        f"Ground that both flights show: {seen_m2 / 1e4:.2f} ha",
        "; ".join(f"{HEADLINES[verdict]}: {counts[verdict]}" for verdict in FlightVerdict),
    ]


def lines_of(finding: FlightFinding) -> list[str]:
    """What a reader must know of one finding."""
    place = finding.position
    lines = [
        finding.reason,
        f"{place.x:.7f}, {place.y:.7f} ({place.crs}) ± {place.error_radius_m:.1f} m (95 %)",
        f"Building {finding.building_id or 'unknown'}; class {finding.class_name}; score "
        f"{finding.score:.2f}",
    ]
    if finding.views:
        pictures = ", ".join(view.picture for view in finding.views)
        lines.append(
            f"Pictures: {pictures}; registration error {finding.registration_error_m:.2f} m"
        )
    if finding.ledger_id:
        lines.append(f"Ledger row {finding.ledger_id}: {finding.ledger.value}")
    return lines


def not_judged(comparison: Comparison) -> list[str]:
    """What could not be judged and why."""
    refused = [f"{r.picture}: {r.refused}" for r in comparison.results if r.refused is not None]
    unused = [f"baseline: {text}" for text in comparison.baseline.not_used]
    return [*comparison.faults, *refused, *unused]
