"""What rules share: their version, their zones, their sentences."""

from __future__ import annotations

import hashlib
import json

from pydantic import BaseModel, ConfigDict

from detector.geometry.polygon import foot_share
from detector.types import Box, ConfigError, Coverage, Look, Place, Track, Zone, ZoneKind
from detector.types.taxonomy import MODEL_CLASSES

KNOWN_CLASSES = frozenset(name for classes in MODEL_CLASSES.values() for name in classes)


class RuleConfig(BaseModel):
    """Base of every rule's parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def known_classes(names: frozenset[str]) -> frozenset[str]:
    """The names, if the taxonomy has them all. Raises ConfigError naming the unknown ones."""
    unknown = sorted(names - KNOWN_CLASSES)
    if unknown:
        raise ConfigError(
            f"unknown class {', '.join(unknown)}; known: {', '.join(sorted(KNOWN_CLASSES))}"
        )
    return names


def version_of(name: str, revision: int, config: RuleConfig) -> str:
    """Name, revision of the code and a short hash of the parameters."""
    text = json.dumps(config.model_dump(), sort_keys=True, default=_ordered)
    return f"{name}/{revision}+{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _ordered(value: object) -> object:
    """Sets have another order in each process; a version must not."""
    return sorted(value) if isinstance(value, frozenset) else str(value)


def unit_box(look: Look, box_px: Box) -> Box:
    return box_px.scaled(1 / look.width_px, 1 / look.height_px)


def place_of(look: Look, track: Track) -> Place:
    return Place(
        source_id=look.source_id,
        box_unit=unit_box(look, track.box_px),
        position=track.position,
        fixed=look.fixed,
    )


def zone_at(look: Look, box_unit: Box, *kinds: ZoneKind) -> Zone | None:
    """The zone of these kinds in which most of the box's foot stands, at least half of it."""
    shares = [
        (foot_share(box_unit, zone.polygon_unit), -i, zone)
        for i, zone in enumerate(look.zones)
        if zone.kind in kinds
    ]
    best = max(shares, default=None, key=lambda item: item[:2])
    return best[2] if best and best[0] >= 0.5 else None


def duration_text(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def coverage_text(coverage: Coverage) -> str:
    """Such as "seen in 41 of 44 looks over 15 min 0 s (blind 2 min 0 s)"."""
    text = (
        f"seen in {coverage.looks_present} of {coverage.looks_total} looks"
        f" over {duration_text(coverage.span_s)}"
    )
    if coverage.blind_s >= 1:
        text += f" (blind {duration_text(coverage.blind_s)})"
    return text
