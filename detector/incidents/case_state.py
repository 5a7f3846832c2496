"""States of a case and the steps between them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class CaseState(StrEnum):
    """上报 → 受理 → 立案 → 派遣 → 处理 → 核查 → 结案, and the side states."""

    REPORTED = "reported"
    REGISTERED = "registered"
    FILED = "filed"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    VERIFYING = "verifying"
    CLOSED = "closed"
    REFUSED = "refused"
    VOID = "void"
    SENT_BACK = "sent_back"
    EXTENDED = "extended"
    SUSPENDED = "suspended"

    @property
    def label(self) -> str:
        """The Chinese word that platforms use."""
        return LABELS[self]

    @property
    def finished(self) -> bool:
        return self in FINISHED

    def may_become(self, other: CaseState) -> bool:
        return other in TRANSITIONS[self]


_S = CaseState

LABELS: Final[Mapping[CaseState, str]] = {
    _S.REPORTED: "上报",
    _S.REGISTERED: "受理",
    _S.FILED: "立案",
    _S.DISPATCHED: "派遣",
    _S.HANDLING: "处理",
    _S.VERIFYING: "核查",
    _S.CLOSED: "结案",
    _S.REFUSED: "不予受理",
    _S.VOID: "作废",
    _S.SENT_BACK: "回退",
    _S.EXTENDED: "延时",
    _S.SUSPENDED: "挂账",
}

FINISHED: Final = frozenset({_S.CLOSED, _S.REFUSED, _S.VOID})
"""Nobody works on the case any more."""

TRANSITIONS: Final[Mapping[CaseState, frozenset[CaseState]]] = {
    _S.REPORTED: frozenset({_S.REGISTERED, _S.REFUSED, _S.VOID}),
    _S.REGISTERED: frozenset({_S.FILED, _S.SENT_BACK, _S.REFUSED, _S.VOID}),
    _S.FILED: frozenset({_S.DISPATCHED, _S.SENT_BACK, _S.SUSPENDED, _S.VOID}),
    _S.DISPATCHED: frozenset({_S.HANDLING, _S.SENT_BACK, _S.EXTENDED, _S.SUSPENDED, _S.VOID}),
    _S.HANDLING: frozenset({_S.VERIFYING, _S.SENT_BACK, _S.EXTENDED, _S.SUSPENDED, _S.VOID}),
    _S.VERIFYING: frozenset({_S.CLOSED, _S.HANDLING, _S.SENT_BACK, _S.VOID}),
    _S.EXTENDED: frozenset({_S.HANDLING, _S.VERIFYING, _S.SENT_BACK, _S.SUSPENDED, _S.VOID}),
    _S.SUSPENDED: frozenset({_S.FILED, _S.DISPATCHED, _S.HANDLING, _S.VOID}),
    _S.SENT_BACK: frozenset({_S.REGISTERED, _S.FILED, _S.DISPATCHED, _S.REFUSED, _S.VOID}),
    # Seen again after it was closed: the same case goes back to work.
    _S.CLOSED: frozenset({_S.SENT_BACK}),
    _S.REFUSED: frozenset(),
    _S.VOID: frozenset(),
}
