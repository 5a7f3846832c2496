"""A source that plays a script, for tests of what comes after it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime

from detector.sources.base import HealthLog
from detector.types import Clip, Frame, NoFrame, SourceHealth, SourceState


class FakeSource:
    """Hands out the scripted looks in order, then None; ended after the last."""

    def __init__(
        self,
        scripted: Iterable[Frame | NoFrame | None],
        source_id: str = "fake",
        *,
        moving: bool = False,
        paced: bool = False,
    ) -> None:
        self._script = deque(scripted)
        self._source_id, self._moving, self._paced = source_id, moving, paced
        self._health = HealthLog()
        self.done_keys: list[str] = []
        self.next_clip: Clip | None = None

    @property
    def source_id(self) -> str:
        return self._source_id

    @property
    def moving(self) -> bool:
        return self._moving

    @property
    def paced(self) -> bool:
        return self._paced

    def start(self) -> None:
        self._health.set(SourceState.LIVE)

    def stop(self) -> None:
        self._health.set(SourceState.ENDED, "stopped")

    def look(self) -> Frame | NoFrame | None:
        if not self._script:
            self._health.set(SourceState.ENDED, "the script is over")
            return None
        item = self._script.popleft()
        if isinstance(item, Frame):
            self._health.delivered(item.captured_at)
        return item

    def done(self, origin_key: str) -> None:
        self.done_keys.append(origin_key)

    def health(self) -> SourceHealth:
        return self._health.snapshot()

    def clip(self, from_at: datetime, to_at: datetime) -> Clip | None:
        return self.next_clip
