"""Vendors who occupy the road or the pavement."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from detector.geometry.polygon import box_share
from detector.rules.base import (
    RuleConfig,
    coverage_text,
    duration_text,
    known_classes,
    place_of,
    unit_box,
    version_of,
    zone_at,
)
from detector.rules.calendar import hours_text, permit_now
from detector.types import Box, Finding, Look, Posting, Track, Zone, ZoneKind

VIOLATION = "vendor"
REVISION = 1


class VendorConfig(RuleConfig):
    """Parameters of the vendor rule; seconds are of the source's own clock, blind time excluded."""

    rule: Literal["vendor"] = "vendor"
    classes: frozenset[str] = frozenset({"stall", "cart", "ground_goods"})
    dwell_s: float = Field(default=300, ge=0)
    min_looks: int = Field(default=3, ge=1)
    min_coverage_share: float = Field(default=0.6, ge=0, le=1)
    min_strong_share: float = Field(default=0.3, ge=0, le=1)  # of looks, at the class threshold
    min_class_share: float = Field(default=0.5, ge=0, le=1)
    shop_front_share: float = Field(default=0.1, gt=0, le=1)  # of the box over the shop front
    timezone: str = "Asia/Shanghai"
    posting: Posting = Posting.AFTER_VERDICT


class VendorRule:
    """A stall, cart or goods that stay for `dwell_s` where and when no permit covers them.

    A parasol alone is no vendor. Where zones of road or pavement are drawn only these count, else
    the whole picture. In a permitted place the longest-standing stalls up to the permitted number
    are allowed. When a permit ends, the time that was permitted still counts as dwell: a vendor who
    stays on is reported at once, as its users expect of closing hours.
    """

    violation = VIOLATION

    def __init__(self, config: VendorConfig) -> None:
        self.config = config
        self.classes = known_classes(config.classes)
        self.version = version_of(VIOLATION, REVISION, config)
        self._zone = ZoneInfo(config.timezone)

    def judge(self, look: Look) -> tuple[Finding, ...]:
        standing = sorted(
            (track for track in look.tracks if self._stands(track)),
            key=lambda track: (track.first_seen_at, track.track_id),
        )
        places = self._one_per_vendor(look, standing)
        excused = self._permitted(look, places)
        return tuple(
            self._finding(look, track)
            for track in places
            if track.track_id not in excused and self._counts_here(look, track)
        )

    def _stands(self, track: Track) -> bool:
        cover, c = track.coverage, self.config
        return (
            track.class_name in self.classes
            and cover.span_s - cover.blind_s >= c.dwell_s
            and cover.looks_present >= c.min_looks
            and cover.share >= c.min_coverage_share
            and track.strong_looks >= c.min_strong_share * cover.looks_total
            and track.class_share >= c.min_class_share
        )

    def _one_per_vendor(self, look: Look, tracks: list[Track]) -> list[Track]:
        """Goods, table and cart of one vendor overlap: the longest-standing stands for all."""
        kept: list[Track] = []
        for track in tracks:
            if not any(_same_vendor(track.box_px, other.box_px) for other in kept):
                kept.append(track)
        return kept

    def _permitted(self, look: Look, tracks: list[Track]) -> set[int]:
        local = look.at.astimezone(self._zone)
        excused: set[int] = set()
        for zone in look.zones:
            permit = permit_now(zone.permits, local) if zone.kind is ZoneKind.PERMITTED else None
            if permit is None:
                continue
            inside = [t for t in tracks if self._within(look, t) is zone]
            excused.update(track.track_id for track in inside[: permit.stalls])
        return excused

    def _within(self, look: Look, track: Track) -> Zone | None:
        return zone_at(look, unit_box(look, track.box_px), ZoneKind.PERMITTED)

    def _counts_here(self, look: Look, track: Track) -> bool:
        box = unit_box(look, track.box_px)
        if zone_at(look, box, ZoneKind.IGNORE):
            return False
        kinds = (ZoneKind.ROAD, ZoneKind.PAVEMENT)
        if not any(zone.kind in kinds for zone in look.zones):
            return True
        return zone_at(look, box, *kinds, ZoneKind.PERMITTED) is not None

    def _finding(self, look: Look, track: Track) -> Finding:
        box = unit_box(look, track.box_px)
        ground = zone_at(look, box, ZoneKind.PERMITTED) or zone_at(
            look, box, ZoneKind.ROAD, ZoneKind.PAVEMENT
        )
        return Finding(
            violation=VIOLATION,
            subtype=self._subtype(look, box),
            place=place_of(look, track),
            class_name=track.class_name,
            score=track.score,
            first_seen_at=track.first_seen_at,
            threshold_at=look.at,
            seen_at=look.at,
            seen_now=track.seen_now,
            coverage=track.coverage,
            zone=ground.name if ground else None,
            urgent=False,
            posting=self.config.posting,
            rule_version=self.version,
            reason=self._reason(track, ground, look.at),
        )

    def _subtype(self, look: Look, box: Box) -> str:
        """Goods that reach from a shop front over its line are the shop's, else a vendor's."""
        fronts = (zone for zone in look.zones if zone.kind is ZoneKind.SHOP_FRONT)
        share = max((box_share(box, zone.polygon_unit) for zone in fronts), default=0.0)
        return "shop_outside_line" if share >= self.config.shop_front_share else "mobile_vendor"

    def _reason(self, track: Track, zone: Zone | None, at: datetime) -> str:
        where = f" in {zone.kind.value} zone '{zone.name}'" if zone else ""
        text = (
            f"{track.class_name.replace('_', ' ')}{where}"
            f" for {duration_text(track.coverage.span_s)}, {coverage_text(track.coverage)}"
        )
        if zone and zone.kind is ZoneKind.PERMITTED and zone.permits:
            local = at.astimezone(self._zone)
            beyond = permit_now(zone.permits, local) is not None
            text += (
                ", more stalls than permitted"
                if beyond
                else f", outside the permitted hours {hours_text(zone.permits)}"
            )
        return text


def _same_vendor(one: Box, other: Box) -> bool:
    return one.covered_by(other) > 0.3 or other.covered_by(one) > 0.3


CONFIG = VendorConfig
RULE = VendorRule
