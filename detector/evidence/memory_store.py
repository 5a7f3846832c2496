"""The fake which ships with the EvidenceStore port."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from detector.evidence.key import checked_key


class MemoryStore:
    """EvidenceStore in a dict, with scripted failure.

    Each `put` takes the next entry of `put_failures`: an exception to raise, or None to succeed;
    after the last one every put succeeds. `files` is open to a test's eyes.
    """

    def __init__(self, put_failures: Iterable[Exception | None] = ()) -> None:
        self.files: dict[str, bytes] = {}
        self._put_failures = deque(put_failures)

    def put(self, key: str, data: bytes) -> None:
        failure = self._put_failures.popleft() if self._put_failures else None
        if failure is not None:
            raise failure
        if self.files.setdefault(checked_key(key), data) != data:
            raise ValueError(f"evidence {key!r} is already stored with other bytes")

    def get(self, key: str) -> bytes:
        return self.files[checked_key(key)]

    def delete(self, key: str) -> bool:
        return self.files.pop(checked_key(key), None) is not None

    def keys(self, prefix: str = "") -> Iterator[str]:
        return iter(sorted(key for key in self.files if key.startswith(prefix)))

    def free_bytes(self) -> int:
        return 1 << 40
