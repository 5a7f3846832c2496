"""What an operator's verdict and the city's outcome say of an incident's picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from detector.incidents.outcome import Outcome, OutcomeKind
from detector.incidents.verdicts import Verdict
from detector.types import Box, Incident, VerdictAnswer
from detector.types.taxonomy import MODEL_CLASSES, VIOLATION_CLASSES
from training.judged import Judged

COVER_STATES: Final = ("cover_ok", "cover_damaged", "cover_missing")

EXCLUSIVE: Final = {"cover": COVER_STATES}
"""Violation -> classes of which a labelled place holds one at most, where that is more."""

_SILENT: Final = re.compile(
    r"permitted|allowed|licen[cs]e|within the shop|cannot be told|unclear|seen twice|duplicate"
    r"|jurisdiction|not our|许可|允许|店内未越线|看不清|无法判断|重复|辖区|管辖|权属",
    re.IGNORECASE,
)
"""Reasons that do not say the thing is absent: it was there, or nobody knows."""

_SOUND: Final = re.compile(r"cover is sound|井盖完好", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """The answer says nothing of what is to be seen, and why."""

    why: str


def judged_by(
    incident: Incident, verdict: Verdict | None, outcomes: Sequence[Outcome]
) -> Judged | Nothing:
    """A label, a hard negative, or nothing.

    The city's refusal weighs more than the desk's confirmation: somebody was there. Handled or
    closed cases confirm what no operator has answered.
    """
    if incident.violation not in VIOLATION_CLASSES:
        return Nothing(why=f"violation {incident.violation} has no classes")
    refusal = next((o for o in reversed(outcomes) if o.kind is OutcomeKind.REFUSED), None)
    if refusal is not None:
        return _rejected(incident, refusal.reason, refusal.destination)
    if verdict is not None and verdict.answer is VerdictAnswer.REJECTED:
        return _rejected(incident, verdict.reason, verdict.operator)
    if verdict is not None:
        name = verdict.class_name or incident.class_name
        return _labelled(incident, name, verdict.box_unit, verdict.operator)
    done = next((o for o in outcomes if o.kind in (OutcomeKind.HANDLED, OutcomeKind.CLOSED)), None)
    if done is not None:
        return _labelled(incident, incident.class_name, None, done.destination)
    return Nothing(why="nobody has answered")


def _labelled(incident: Incident, name: str, box: Box | None, by: str) -> Judged | Nothing:
    if not any(name in classes for classes in MODEL_CLASSES.values()):
        return Nothing(why=f"no model has a class {name!r}")
    group = EXCLUSIVE.get(incident.violation, VIOLATION_CLASSES[incident.violation])
    return _judged(incident, tuple(dict.fromkeys((*group, name))), name, "", by, box)


def _rejected(incident: Incident, reason: str, by: str) -> Judged | Nothing:
    if _SOUND.search(reason) and incident.violation == "cover":
        return _judged(incident, COVER_STATES, "cover_ok", reason, by, None)
    if _SILENT.search(reason):
        return Nothing(why=f"rejected for what is not to be seen: {reason}")
    return _judged(incident, VIOLATION_CLASSES[incident.violation], None, reason, by, None)


def _judged(
    incident: Incident,
    classes: tuple[str, ...],
    label: str | None,
    reason: str,
    by: str,
    box: Box | None,
) -> Judged | Nothing:
    place = box or incident.place.box_unit
    if place.width < 1e-3 or place.height < 1e-3:
        return Nothing(why="its box has no area")
    return Judged(
        box=place, classes=classes, label=label, reason=reason, incident=str(incident.id), by=by
    )
