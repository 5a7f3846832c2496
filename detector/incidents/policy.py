"""When an incident is cleared, comes back, or is left alone after a rejection."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from detector.incidents.same_place import SamePlaceConfig


class ViolationPolicy(BaseModel):
    """The life of one violation's incidents. Seconds are of the source's own clock."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clear_after_looks: int = Field(default=5, ge=1)
    """Cleared after so many good looks without it …"""

    clear_after_s: float = Field(default=60, ge=0)
    """… and after so long watched without it. Blind and occluded looks count for neither."""

    reopen_within_s: float = Field(default=1800, ge=0)
    """Back within this time of its clearing: the same incident again. Later: a new one."""

    suppress_after_rejection_s: float = Field(default=7 * 86400, ge=0)
    """A rejected thing that left and comes back within this time stays rejected."""

    raise_again_after_s: float = Field(default=300, ge=0)
    """A case was closed, and so long afterwards the camera still sees the violation: it is raised
    again with a new picture. Before that the street may just be being cleared."""

    escalation: tuple[str, ...] = ()
    """Subtypes from mild to grave; a graver one at the same place raises the incident."""

    def rank(self, subtype: str) -> int:
        """Gravity of a subtype; -1 for one outside the escalation."""
        return self.escalation.index(subtype) if subtype in self.escalation else -1


def _default_policies() -> dict[str, ViolationPolicy]:
    cover = ViolationPolicy(
        clear_after_s=300,
        reopen_within_s=86400,
        escalation=("cover_damaged", "cover_missing"),
    )
    return {"cover": cover}


class RegistryConfig(BaseModel):
    """Rules of identity and of an incident's life."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: SamePlaceConfig = SamePlaceConfig()
    default: ViolationPolicy = ViolationPolicy()
    violations: Mapping[str, ViolationPolicy] = Field(default_factory=_default_policies)
    """Violation to its own policy; the others take `default`."""

    longest_gap_s: float = Field(default=120, gt=0)
    """At most so much of the time between two looks counts as watched: a stopped service must
    not make things look gone."""

    def policy(self, violation: str) -> ViolationPolicy:
        return self.violations.get(violation, self.default)
