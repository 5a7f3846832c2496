"""Manhole covers that are missing, open or broken."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from detector.rules.base import (
    RuleConfig,
    coverage_text,
    known_classes,
    place_of,
    unit_box,
    version_of,
    zone_at,
)
from detector.types import Finding, Look, Posting, Track, ZoneKind

VIOLATION = "cover"
REVISION = 1


class CoverConfig(RuleConfig):
    """Parameters of the cover rule."""

    rule: Literal["cover"] = "cover"
    missing_classes: frozenset[str] = frozenset({"cover_missing"})
    damaged_classes: frozenset[str] = frozenset({"cover_damaged"})
    missing_confirm_looks: int = Field(default=2, ge=1)  # fixed cameras: against a flicker
    missing_certain_score: float = Field(default=0.9, ge=0, le=1)  # from which one look suffices
    damaged_confirm_looks: int = Field(default=10, ge=1)
    damaged_confirm_passes: int = Field(default=2, ge=1)  # moving sources
    min_strong_share: float = Field(default=0.5, ge=0, le=1)  # of looks, at the class threshold
    min_class_share: float = Field(default=0.6, ge=0, le=1)
    min_side_px: float = Field(default=10, ge=0)
    missing_posting: Posting = Posting.AT_ONCE
    damaged_posting: Posting = Posting.AFTER_VERDICT


class CoverRule:
    """Missing or open: urgent, at once, without a dwell timer. Broken: after confirmation in
    several looks of a fixed camera or several passes of moving ones."""

    violation = VIOLATION

    def __init__(self, config: CoverConfig) -> None:
        self.config = config
        self.classes = known_classes(config.missing_classes | config.damaged_classes)
        self.version = version_of(VIOLATION, REVISION, config)

    def judge(self, look: Look) -> tuple[Finding, ...]:
        return tuple(
            self._finding(look, track) for track in look.tracks if self._holds(look, track)
        )

    def _holds(self, look: Look, track: Track) -> bool:
        if track.class_name not in self.classes or not self._is_clear(look, track):
            return False
        if track.class_name in self.config.missing_classes:
            return self._missing_confirmed(look, track)
        if look.fixed:
            return track.strong_looks >= self.config.damaged_confirm_looks
        return track.passes >= self.config.damaged_confirm_passes

    def _is_clear(self, look: Look, track: Track) -> bool:
        box, c = track.box_px, self.config
        return (
            min(box.width, box.height) >= c.min_side_px
            and track.class_share >= c.min_class_share
            and track.strong_looks >= c.min_strong_share * track.coverage.looks_total
            and zone_at(look, unit_box(look, box), ZoneKind.IGNORE) is None
        )

    def _missing_confirmed(self, look: Look, track: Track) -> bool:
        if not look.fixed or track.last_score >= self.config.missing_certain_score:
            return True
        return track.strong_looks >= self.config.missing_confirm_looks

    def _finding(self, look: Look, track: Track) -> Finding:
        missing = track.class_name in self.config.missing_classes
        state = "missing or open" if missing else "damaged"
        passes = f", {track.passes} passes" if track.passes > 1 else ""
        return Finding(
            violation=VIOLATION,
            subtype="cover_missing" if missing else "cover_damaged",
            place=place_of(look, track),
            class_name=track.class_name,
            score=track.score,
            first_seen_at=track.first_seen_at,
            threshold_at=look.at,
            seen_at=look.at,
            seen_now=track.seen_now,
            coverage=track.coverage,
            zone=None,
            urgent=missing,
            posting=self.config.missing_posting if missing else self.config.damaged_posting,
            rule_version=self.version,
            reason=f"manhole cover {state}, {coverage_text(track.coverage)}{passes}",
        )


CONFIG = CoverConfig
RULE = CoverRule
