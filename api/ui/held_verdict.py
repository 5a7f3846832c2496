"""A verdict that can still be undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from detector.types import Box, VerdictAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldVerdict:
    """Given by an operator, committed at `commit_at` unless undone before."""

    incident_id: UUID
    operator: str
    answer: VerdictAnswer
    reason: str
    class_name: str | None
    box_unit: Box | None
    held_at: datetime
    commit_at: datetime

    def says_the_same(self, other: HeldVerdict) -> bool:
        mine = (self.operator, self.answer, self.reason, self.class_name, self.box_unit)
        return mine == (
            other.operator,
            other.answer,
            other.reason,
            other.class_name,
            other.box_unit,
        )

    def values(self) -> dict[str, Any]:
        """The columns of its row."""
        return {
            "incident_id": self.incident_id,
            "operator": self.operator,
            "answer": self.answer.value,
            "reason": self.reason,
            "class_name": self.class_name,
            "box_unit": list(self.box_unit.as_tuple()) if self.box_unit else None,
            "held_at": self.held_at,
            "commit_at": self.commit_at,
        }


def held_of(row: Any) -> HeldVerdict:
    return HeldVerdict(
        incident_id=row["incident_id"],
        operator=row["operator"],
        answer=VerdictAnswer(row["answer"]),
        reason=row["reason"],
        class_name=row["class_name"],
        box_unit=Box(*row["box_unit"]) if row["box_unit"] else None,
        held_at=row["held_at"],
        commit_at=row["commit_at"],
    )
