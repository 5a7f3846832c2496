"""Names of files in an evidence store."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from detector.evidence.evidence_file import EvidenceKind, EvidenceVariant

MAX_KEY_CHARS: Final = 240
_MAX_PART_CHARS: Final = 120
# Each part begins with a letter or digit: neither "..", nor hidden files, nor an absolute path.
_PART: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def checked_key(key: str) -> str:
    """The key itself; raises ValueError unless it is a safe relative POSIX path."""
    parts = key.split("/")
    if len(key) > MAX_KEY_CHARS or not all(map(_is_safe, parts)):
        raise ValueError(
            f"evidence key {key[:MAX_KEY_CHARS]!r} must be a relative path of at most "
            f"{MAX_KEY_CHARS} letters, digits, '.', '_' and '-'"
        )
    return key


def _is_safe(part: str) -> bool:
    return len(part) <= _MAX_PART_CHARS and _PART.fullmatch(part) is not None


def incident_prefix(incident_id: UUID, opened_at: datetime) -> str:
    """Folder of one incident's files, e.g. ``2026/11/24/<uuid>/``: by the UTC day it was opened."""
    return f"{opened_at.astimezone(UTC):%Y/%m/%d}/{incident_id}/"


def evidence_key(
    prefix: str,
    number: int,
    kind: EvidenceKind,
    variant: EvidenceVariant,
    token: str,
    suffix: str,
) -> str:
    """E.g. ``2026/11/24/<uuid>/0001-threshold-shown-5f0c91aa.jpg``.

    The token is drawn anew for each attempt: after a crash between the files and the database's
    commit the same picture number is made again, and evidence is never overwritten.
    """
    return checked_key(f"{prefix}{number:04d}-{kind}-{variant}-{token}.{suffix}")
