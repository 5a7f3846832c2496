"""What the database records of one file of evidence."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EvidenceKind(StrEnum):
    """Which moment of the incident the file shows."""

    FIRST = "first"
    THRESHOLD = "threshold"
    LAST = "last"
    AFTER = "after"
    CLIP = "clip"


class EvidenceVariant(StrEnum):
    """How much of the original the file shows."""

    SHOWN = "shown"  # masked, with boxes and caption: what people see by default
    CLEAN = "clean"  # masked, nothing drawn: pages draw boxes that can be corrected on it
    SEALED = "sealed"  # the original, encrypted; opening it takes a role, a reason, an audit row


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFile:
    """A file that is already in the store, for the caller to record in its transaction."""

    key: str
    kind: EvidenceKind
    variant: EvidenceVariant
    sha256: str  # hex, of the bytes in the store (of the encrypted ones, where sealed)
    size_bytes: int
    media_type: str  # of the content, once unsealed
    captured_at: datetime  # aware, the source's clock; a clip's first moment
    clock: str  # which clock that is, as in Frame.clock
    ends_at: datetime | None = None  # a clip's last moment


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
