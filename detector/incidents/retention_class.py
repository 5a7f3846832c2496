"""Which retention a piece of data falls under."""

from __future__ import annotations

from enum import StrEnum


class RetentionClass(StrEnum):
    FRAME = "frame"  # pictures kept for minutes, not part of a case
    SHOWN = "shown"  # what people see by default: masked
    SEALED = "sealed"  # the encrypted originals
    CLIP = "clip"
    PRESENCE = "presence"
    PROCESSED = "processed"
    DELIVERY = "delivery"
    CASE = "case"
    INCIDENT = "incident"  # incidents that never became a case
    ORPHAN = "orphan"  # files that a kill left without a row


def retention_class(kind: str, variant: str) -> RetentionClass:
    """Of a file of evidence. What shows neither masked pictures nor a clip counts as sealed."""
    if kind == "clip":
        return RetentionClass.CLIP
    if kind == "frame":
        return RetentionClass.FRAME
    return RetentionClass.SHOWN if variant in ("shown", "clean") else RetentionClass.SEALED
