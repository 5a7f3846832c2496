"""The gate's reasons, as its report tells them in English, taken apart for pages."""

from __future__ import annotations

import re
from typing import Final

from api.problem import Told

REASONS: Final = {
    "gate_side_worse": re.compile(
        r"(?P<things>[^:]+): (?P<figure>.+) (?P<candidate>[\d.]+) against (?P<running>[\d.]+) "
        r"on the (?P<side>\w+) side, difference (?P<low>\S+) to (?P<high>\S+)"
    ),
    "gate_clips_worse": re.compile(
        r"(?P<things>[^:]+): (?P<figure>.+) (?P<candidate>\S+) against (?P<running>\S+) "
        r"\((?P<low>\S+) to (?P<high>\S+)\)"
    ),
    "gate_rejections": re.compile(
        r"(?P<things>[^:]+): (?P<count>\d+) places that (?P<by>.+) rejected came apart from "
        r"(?P<labels>\d+) labels by (?P<apart>[\d.]+) only \((?P<low>[\d.]+) to (?P<high>[\d.]+); "
        r".+\), and (?P<found>\d+) are still found\. .+, first: (?P<places>.+)"
    ),
    "gate_few_labels": re.compile(r"no class has (?P<count>\d+) labels in the frozen set.*"),
    "gate_other_classes": re.compile(r".+ is \S+ with .+; running is \S+ with .+"),
}
"""By code, what `training.gate` and `training.rejections` write."""


def told_reason(reason: str) -> Told:
    """A reason that is none of these keeps its sentence alone."""
    for code, pattern in REASONS.items():
        found = pattern.fullmatch(reason)
        if found is not None:
            return Told(detail=reason, code=code, values=found.groupdict())
    return Told(detail=reason, code="", values={})
