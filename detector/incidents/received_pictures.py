"""Evidence of cases that another instance sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from detector.incidents.case_letter import CaseLetter, LetterPicture
from detector.incidents.evidence_ledger import EvidenceLedger
from detector.incidents.evidence_row import read_evidence
from detector.types import EvidenceStore

_SHOWN: Final = "shown"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Received:
    """A StoredFile."""

    key: str
    kind: str
    variant: str
    sha256: str
    size_bytes: int
    media_type: str
    captured_at: datetime
    ends_at: datetime | None
    clock: str


class ReceivedPictures:
    """Pictures come before the letter that names them; only those are recorded. What no letter
    ever names is an orphan and is removed with the others."""

    def __init__(self, store: EvidenceStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._ledger = EvidenceLedger(clock)

    def has(self, case_id: UUID, sha256: str) -> bool:
        return self._size(_key(case_id, sha256)) is not None

    def put(self, case_id: UUID, sha256: str, data: bytes) -> None:
        self._store.put(_key(case_id, sha256), data)

    def record(self, transaction: Connection, letter: CaseLetter) -> None:
        """Adds the pictures that are here and not in the incident's chain yet."""
        known = {row.sha256 for row in read_evidence(transaction, letter.incident_id)}
        for picture in letter.evidence:
            key = _key(letter.case_id, picture.sha256)
            size = None if picture.sha256 in known else self._size(key)
            if size is not None:
                known.add(picture.sha256)
                self._ledger.add(transaction, letter.incident_id, _file(picture, key, size))

    def _size(self, key: str) -> int | None:
        try:
            return len(self._store.get(key))
        except KeyError:
            return None


def _key(case_id: UUID, sha256: str) -> str:
    return f"received/{case_id}/{sha256}"


def _file(picture: LetterPicture, key: str, size: int) -> _Received:
    return _Received(
        key=key,
        kind=picture.kind,
        variant=_SHOWN,
        sha256=picture.sha256,
        size_bytes=size,
        media_type=picture.media_type,
        captured_at=picture.captured_at,
        ends_at=None,
        clock="wall",
    )
