"""What one look did to the incidents."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from detector.types import Finding, Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Incidents as they are after the look; one may be in several of the groups."""

    opened: tuple[Incident, ...] = ()
    reopened: tuple[Incident, ...] = ()
    escalated: tuple[Incident, ...] = ()
    cleared: tuple[Incident, ...] = ()  # each wants its "after" picture
    seen: tuple[tuple[UUID, Finding], ...] = ()  # which incident each finding belongs to
    cases: tuple[UUID, ...] = ()  # opened by this look

    @property
    def any(self) -> bool:
        """True where something happened that an operator would want to know."""
        return bool(self.opened or self.reopened or self.escalated or self.cleared)
