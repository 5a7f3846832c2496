"""Coverage in words."""

from __future__ import annotations

from detector.types import Coverage


def coverage_text(coverage: Coverage) -> str:
    """E.g. "present in 41 of 44 looks over 15 min, blind 2 min"."""
    text = (
        f"present in {coverage.looks_present} of {coverage.looks_total} looks "
        f"over {_span(coverage.span_s)}, blind {_span(coverage.blind_s)}"
    )
    occluded = coverage.looks_occluded
    return f"{text}, hidden in {occluded} more" if occluded else text


def _span(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
