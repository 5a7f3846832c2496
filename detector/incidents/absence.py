"""Whether a look of a fixed camera shows that something is gone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from detector.incidents.known import KnownIncident
from detector.incidents.observation import Observation
from detector.incidents.policy import RegistryConfig
from detector.types import Place

_HIDDEN_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceChange:
    """What a look does to one incident's count of absence."""

    values: dict[str, Any] = field(default_factory=dict)  # columns to set
    clears: bool = False


class Absence:
    """Judges open incidents of the look's camera."""

    def __init__(self, observation: Observation, config: RegistryConfig) -> None:
        self._look = observation
        self._config = config

    def judge(self, known: KnownIncident) -> AbsenceChange:
        look = self._look
        if not look.good_look or known.violation not in look.examined:
            return _paused(known)
        if self._is_there(known):
            return self._present(known)
        if self._stands(known) or self._hidden(known):
            return _paused(known)
        return self._absent(known)

    def _is_there(self, known: KnownIncident) -> bool:
        findings = self._look.findings
        places = [f.place for f in findings if f.seen_now and f.violation == known.violation]
        return self._any_at(known, [*places, *self._look.present_places.get(known.violation, ())])

    def _stands(self, known: KnownIncident) -> bool:
        """A finding that is carried over a gap proves neither."""
        return self._any_at(
            known, [f.place for f in self._look.findings if f.violation == known.violation]
        )

    def _any_at(self, known: KnownIncident, places: Iterable[Place]) -> bool:
        return any(known.likeness(place, self._config.place) is not None for place in places)

    def _hidden(self, known: KnownIncident) -> bool:
        places = self._look.occluded_places
        covered = any(
            box.covered_by(place.box_unit) >= _HIDDEN_SHARE
            for box in known.boxes
            for place in places
        )
        return covered or self._any_at(known, places)

    def _present(self, known: KnownIncident) -> AbsenceChange:
        values: dict[str, Any] = {}
        if self._look.at > known.last_seen_at:
            values["last_seen_at"] = self._look.at
        if known.absent_looks:
            values |= {"absent_looks": 0, "absent_s": 0.0, "absent_at": None}
        return AbsenceChange(values=values)

    def _absent(self, known: KnownIncident) -> AbsenceChange:
        policy = self._config.policy(known.violation)
        at, since = self._look.at, known.absent_at
        step_s = (at - since).total_seconds() if since else 0.0
        watched_s = known.absent_s + min(max(step_s, 0.0), self._config.longest_gap_s)
        looks = known.absent_looks + 1
        values = {"absent_looks": looks, "absent_s": watched_s, "absent_at": at}
        clears = looks >= policy.clear_after_looks and watched_s >= policy.clear_after_s
        return AbsenceChange(values=values, clears=clears)


def _paused(known: KnownIncident) -> AbsenceChange:
    """The time until the next good look will not count."""
    return AbsenceChange(values={} if known.absent_at is None else {"absent_at": None})
