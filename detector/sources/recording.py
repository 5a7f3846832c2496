"""A video file, gone through as fast as it decodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import numpy as np

from detector.types import Frame, SourceError

DEFAULT_START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Looks at a file every `interval_s` of its own time; no waiting, no frame skipped over.

    `for_s` plays it again from the start, on one continuous clock, until that many seconds have
    passed; None plays it once.
    """

    path: Path
    source_id: str
    interval_s: float
    starts_at: datetime = DEFAULT_START
    for_s: float | None = None

    def frames(self) -> Iterator[Frame]:
        """Frames on the clock "file". Raises SourceError naming a file that cannot be read or that
        breaks off; what could be decoded has been handed out by then."""
        seq = 0
        due_s = 0.0
        offset_s = 0.0
        while self.for_s is None or offset_s < self.for_s:
            end_s = offset_s
            for at_s, picture in self._decoded():
                now_s = offset_s + at_s
                end_s = now_s
                if self.for_s is not None and now_s >= self.for_s:
                    return
                if now_s < due_s:
                    continue
                due_s = now_s + self.interval_s - 1e-6
                yield Frame(
                    source_id=self.source_id,
                    seq=seq,
                    captured_at=self.starts_at + timedelta(seconds=now_s),
                    clock="file",
                    image=np.asarray(picture.to_ndarray(format="bgr24"), np.uint8),
                )
                seq += 1
            if self.for_s is None or end_s <= offset_s:
                return
            offset_s = end_s + 1 / 25  # the next frame of a seamless repetition

    def _decoded(self) -> Iterator[tuple[float, av.VideoFrame]]:
        try:
            with av.open(str(self.path)) as container:
                if not container.streams.video:
                    raise SourceError(f"{self.path}: no video in this file")
                stream = container.streams.video[0]
                stream.thread_type = "AUTO"
                first_s: float | None = None
                for picture in container.decode(stream):
                    if picture.time is None:
                        continue
                    first_s = picture.time if first_s is None else first_s
                    yield picture.time - first_s, picture
        except (av.FFmpegError, OSError) as error:
            raise SourceError(f"{self.path}: {error.strerror or error}") from error
