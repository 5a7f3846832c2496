"""The component (部件) that a case is about."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseComponent:
    """What the city's ledger says of a cover's place.

    Without a code nothing plausible stands within the error radius: ownerless or unknown, for a
    person to resolve.
    """

    code: str | None  # 16 digits
    kind: str | None  # the minor class
    owner: str  # department or company; empty: the ledger names none
    distance_m: float | None  # from the case's position
    others: int  # plausible ones within the error radius beside it
    note: str

    @property
    def county_code(self) -> str | None:
        return self.code[:6] if self.code else None


def component_of(value: dict[str, Any] | None) -> CaseComponent | None:
    """The record of a JSON column."""
    if value is None:
        return None
    return CaseComponent(**{name: value.get(name) for name in CaseComponent.__slots__})  # type: ignore[arg-type]


def component_value(component: CaseComponent | None) -> dict[str, Any] | None:
    return None if component is None else asdict(component)
