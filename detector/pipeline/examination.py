"""What one look at one source showed."""

from __future__ import annotations

from dataclasses import dataclass

from detector.types import Box, Detections, Finding, Look


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examination:
    """`present` holds (violation, unit box) of all that a rule cares for and was seen now, whether
    or not it meets the rule; `occluded` the unit boxes of what can hide things."""

    look: Look
    weak_detections: Detections  # down to the floor score, for masking
    findings: tuple[Finding, ...]
    present: tuple[tuple[str, Box], ...]
    occluded: tuple[Box, ...]
    model_sha256: tuple[str, ...]
