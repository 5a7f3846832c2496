"""One message about one case to one destination."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class LetterKind(StrEnum):
    """What a delivery tells. Every record is a whole snapshot of the case."""

    OPENED = "opened"
    UPDATED = "updated"  # graver, or corrected by an operator
    CLEARED = "cleared"  # the street is clean: verification (核查) is offered
    REOPENED = "reopened"  # it came back: still the same case
    VOIDED = "voided"  # 作废: an operator rejected it


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    QUARANTINED = "quarantined"  # refused for good; a person redelivers or discards it
    DISCARDED = "discarded"  # given up by a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A row of the outbox."""

    id: UUID
    destination: str
    case_id: UUID
    incident_id: UUID
    kind: LetterKind
    seq: int  # counts the case's letters from 1
    idempotency_key: str  # case id, kind and seq: the same at every attempt
    record: dict[str, Any]
    state: DeliveryState
    attempts: int
    refusals: int
    due_at: datetime
    lease_until: datetime | None
    last_error: str | None
    remote_id: str | None  # the destination's own id, if it gave one
    created_at: datetime
    delivered_at: datetime | None
    frozen: bool = False  # a courier had it before, so the destination may have seen it


def delivery_of(row: Any) -> Delivery:
    """The record of one row of the table `deliveries`."""
    values = {name: row[name] for name in Delivery.__slots__}
    values["kind"] = LetterKind(values["kind"])
    values["state"] = DeliveryState(values["state"])
    return Delivery(**values)
