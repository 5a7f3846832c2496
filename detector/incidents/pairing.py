"""Which finding is which incident."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from detector.incidents.assignment import assign
from detector.incidents.known import KnownIncident
from detector.incidents.policy import RegistryConfig
from detector.incidents.same_place import SamePlaceConfig, box_likeness, position_likeness
from detector.types import Finding, Place

# A rejected incident yields to one that is not, where a finding could be either.
_REJECTED_COSTS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Findings that are one thing, and the incident they are; None: a new one."""

    findings: tuple[Finding, ...]  # the first one leads
    known: KnownIncident | None


def pair(
    findings: Sequence[Finding],
    known: Sequence[KnownIncident],
    at: datetime,
    config: RegistryConfig,
) -> list[Group]:
    """Pairs the findings of one look and one violation with the incidents there are.

    First with open incidents, one to one, as many as possible and the nearest; what is left
    with those that were cleared a while ago. Two findings share an incident only where they are
    at one place themselves. What fits nothing is a new incident.
    """
    pairing = _Pairing(findings, at, config)
    pairing.meet([k for k in known if k.open])
    pairing.join_doubles()
    pairing.meet([k for k in known if not k.open])
    pairing.join_doubles()
    return pairing.groups()


class _Pairing:
    def __init__(self, findings: Sequence[Finding], at: datetime, config: RegistryConfig) -> None:
        # The graver and surer finding leads where two of them are one thing.
        policy = config.policy
        self._findings = sorted(
            findings, key=lambda f: (-policy(f.violation).rank(f.subtype), -f.score)
        )
        self._at = at
        self._config = config
        self._known: dict[int, KnownIncident] = {}
        self._leader: dict[int, int] = {}

    def meet(self, known: Sequence[KnownIncident]) -> None:
        rows = self._left()
        costs = [[self._cost(self._findings[row], k) for k in known] for row in rows]
        for row, column in zip(rows, assign(costs), strict=True):
            if column is not None:
                self._known[row] = known[column]

    def join_doubles(self) -> None:
        """Joins each finding that is left to one at the same place that is settled."""
        for row in self._left():
            leader = self._same_place(row, lambda other: other in self._known)
            if leader is not None:
                self._leader[row] = leader

    def groups(self) -> list[Group]:
        fresh: list[int] = []
        for row in self._left():
            leader = self._same_place(row, fresh.__contains__)
            if leader is None:
                fresh.append(row)
            else:
                self._leader[row] = leader
        return [
            Group(findings=(self._findings[row], *self._followers(row)), known=self._known.get(row))
            for row in sorted({*self._known, *fresh})
        ]

    def _followers(self, leader: int) -> list[Finding]:
        return [self._findings[row] for row, other in self._leader.items() if other == leader]

    def _left(self) -> list[int]:
        settled = self._known.keys() | self._leader.keys()
        return [row for row in range(len(self._findings)) if row not in settled]

    def _same_place(self, row: int, wanted: Callable[[int], bool]) -> int | None:
        place = self._findings[row].place
        for other in filter(wanted, range(len(self._findings))):
            if same_place(place, self._findings[other].place, self._config.place):
                return other
        return None

    def _cost(self, finding: Finding, known: KnownIncident) -> float | None:
        policy = self._config.policy(finding.violation)
        if not known.accepts(finding.subtype, self._at, finding.place.fixed, policy):
            return None
        if not known.open and not finding.seen_now:
            return None  # only a detection brings something back
        likeness = known.likeness(finding.place, self._config.place)
        if likeness is None:
            return None
        return (1 - likeness) + (_REJECTED_COSTS if known.rejected else 0)


def same_place(one: Place, other: Place, config: SamePlaceConfig) -> bool:
    """Whether two places of one look are the same.

    Two things in one picture of a moving source are told apart by their boxes: their positions
    share the picture's error, and their radii say nothing about the distance between them.
    """
    if one.source_id == other.source_id:
        return box_likeness(one.box_unit, other.box_unit, config) is not None
    if one.position is None or other.position is None:
        return False
    return position_likeness(one.position, other.position, config) is not None
