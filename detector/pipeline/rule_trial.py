"""What rules would have found in looks of the past, with zones as they are now drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from detector.pipeline.replay import SAME_PLACE_IOU
from detector.types import Finding, Look, Rule, Zone


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedFinding:
    """A finding at the look in which the rule's condition was first met."""

    finding: Finding
    stood_before: bool  # it was met in the first look already: it began before the span


def try_rules(
    looks: Sequence[Look], rules: Sequence[Rule], zones: tuple[Zone, ...]
) -> tuple[TriedFinding, ...]:
    """Each violation at one place counts once. Tracks are those that were followed at the time:
    zones and permits change what a rule makes of them, not what was seen."""
    found: list[TriedFinding] = []
    for number, look in enumerate(looks):
        drawn = replace(look, zones=zones)
        for finding in (f for rule in rules for f in rule.judge(drawn)):
            if not any(_same(finding, other.finding) for other in found):
                found.append(TriedFinding(finding=finding, stood_before=number == 0))
    return tuple(found)


def _same(one: Finding, other: Finding) -> bool:
    return (
        one.violation == other.violation
        and one.place.box_unit.iou(other.place.box_unit) >= SAME_PLACE_IOU
    )
