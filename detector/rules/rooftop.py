"""Suspected additions on roofs, as a comparison of two flights finds them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import numpy as np
from pydantic import Field

from detector.rules.base import RuleConfig, known_classes, version_of
from detector.types import Box, Coverage, Finding, Look, Place, Posting

VIOLATION = "rooftop"
REVISION = 1


class RooftopConfig(RuleConfig):
    """Parameters of the rooftop rule."""

    rule: Literal["rooftop"] = "rooftop"
    classes: frozenset[str] = frozenset({"rooftop_shed", "rooftop_canopy"})
    min_area_m2: float = Field(default=6.0, gt=0)
    min_pictures: int = Field(default=1, ge=1)
    posting: Posting = Posting.AFTER_VERDICT


class RooftopRule:
    """Judges no single look: only two flights together tell new from existing. `judge` is empty;
    the comparison of flights hands what it found to `finding`."""

    violation = VIOLATION
    subtype = "rooftop_new"

    def __init__(self, config: RooftopConfig) -> None:
        self.config = config
        self.classes = known_classes(config.classes)
        self.version = version_of(VIOLATION, REVISION, config)

    def judge(self, look: Look) -> tuple[Finding, ...]:
        return ()

    def holds(self, class_name: str, area_m2: float, pictures: int) -> bool:
        """Whether a new structure is large and sure enough to be a violation."""
        c = self.config
        return class_name in c.classes and area_m2 >= c.min_area_m2 and pictures >= c.min_pictures

    def finding(
        self,
        *,
        place: Place,
        class_name: str,
        score: float,
        seen_at: datetime,
        shown: tuple[int, int],
        reason: str,
    ) -> Finding:
        """`shown`: pictures in which it was seen, of those that show its place."""
        return Finding(
            violation=self.violation,
            subtype=self.subtype,
            place=place,
            class_name=class_name,
            score=score,
            first_seen_at=seen_at,
            threshold_at=seen_at,
            seen_at=seen_at,
            seen_now=True,
            coverage=Coverage(
                looks_present=shown[0],
                looks_total=max(shown),
                looks_occluded=0,
                span_s=0.0,
                blind_s=0.0,
            ),
            zone=None,
            urgent=False,
            posting=self.config.posting,
            rule_version=self.version,
            reason=reason,
        )


def bounding_box_unit(
    ring_px: tuple[tuple[float, float], ...], width_px: int, height_px: int
) -> Box:
    """The outline's box in fractions of its picture, held within it."""
    ring = np.array(ring_px, np.float64) / (width_px, height_px)
    (x1, y1), (x2, y2) = np.clip(ring.min(axis=0), 0, 1), np.clip(ring.max(axis=0), 0, 1)
    return Box(float(x1), float(y1), float(x2), float(y2))


CONFIG = RooftopConfig
RULE = RooftopRule
