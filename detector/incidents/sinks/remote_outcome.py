"""How a destination's outcomes come back: the port of sinks that can be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from detector.incidents.outcome import OutcomeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """A case that the destination has and that has not ended."""

    delivery_id: UUID
    case_id: UUID
    remote_id: str  # the destination's own id


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteOutcome:
    """One word of the destination; `key` is the same when it is told again."""

    case_id: UUID
    kind: OutcomeKind
    key: str
    reason: str = ""
    remote_id: str | None = None
    at: datetime | None = None  # None: they do not say when


class OutcomeBook(Protocol):
    """Where a fetcher puts what it hears."""

    def take(self, outcome: RemoteOutcome) -> bool:
        """Kept, in a transaction of its own, when this returns. False: it can never be taken (an
        unknown case, a refusal without a reason); the reason is logged."""
        ...

    def rename(self, delivery_id: UUID, remote_id: str) -> None:
        """The destination's id, where it first gave only a token for it."""
        ...


class OutcomeFetcher(Protocol):
    """Asks one destination. Not called by two threads at once."""

    def fetch(self, awaited: Sequence[Awaited], book: OutcomeBook) -> None:
        """Raises DeliveryUnavailable where the destination cannot be asked now."""
        ...

    def close(self) -> None: ...
