"""Cameras that offer single pictures under an address, fetched in a rhythm."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal

from pydantic import Field

from detector.sources.base import (
    Backoff,
    BaseSourceConfig,
    HealthLog,
    SourceContext,
    blind_look,
    redact,
    utc_now,
)
from detector.sources.doors import CONNECTIONS
from detector.sources.picture import MAX_BYTES, MAX_PIXELS, decode_picture
from detector.sources.picture_client import REFUSED, PictureClient
from detector.types import (
    BlindReason,
    Clip,
    Frame,
    NoFrame,
    PictureError,
    SourceAuthError,
    SourceError,
    SourceHealth,
    SourceState,
)

KIND = "snapshot"
_KEPT_S: Final = 5.0


class SnapshotConfig(BaseSourceConfig):
    """An http(s) address that answers with the camera's present picture."""

    kind: Literal["snapshot"] = "snapshot"
    url: str = Field(pattern=r"^https?://")
    timeout_s: float = Field(default=15, gt=0)
    stalled_after_s: float = Field(default=120, gt=0)
    reconnect_min_s: float = Field(default=1, gt=0)
    reconnect_max_s: float = Field(default=5, gt=0)
    refused_wait_s: float = Field(
        default=60, gt=0, description="Wait after a wrong password, which might lock the camera."
    )
    max_picture_bytes: int = Field(default=MAX_BYTES, gt=0)
    max_picture_pixels: int = Field(default=MAX_PIXELS, gt=0)


class SnapshotSource:
    """Fetches on its own thread and keeps the newest picture's bytes until looked at."""

    def __init__(
        self, config: SnapshotConfig, fetch: Callable[[PictureClient], bytes] | None = None
    ) -> None:
        """`fetch` gets a picture where more than the url is needed; raises SourceError."""
        self._config, self._fetch = config, fetch or self._fetch_url
        self._label = redact(config.url)
        self._health = HealthLog(SourceState.WAKING, "not started")
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._newest: tuple[datetime, bytes] | None = None
        self._digest = b""
        self._changed_s = 0.0

    @property
    def source_id(self) -> str:
        return self._config.id

    @property
    def moving(self) -> bool:
        return False

    @property
    def paced(self) -> bool:
        return True

    def start(self) -> None:
        if self._thread is None:
            self._health.set(SourceState.WAKING, "asking for the first picture")
            self._thread = threading.Thread(
                target=self._run, name=f"snapshot-{self.source_id}", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        CONNECTIONS.send_home(self._stop)
        if self._thread is not None:
            self._thread.join(timeout=5)

    def clip(self, from_at: datetime, to_at: datetime) -> Clip | None:
        return None

    def health(self) -> SourceHealth:
        return self._health.snapshot()

    def look(self) -> Frame | NoFrame | None:
        with self._lock:
            newest, self._newest = self._newest, None
        if newest is not None:
            return self._frame(*newest)
        return blind_look(self.health(), utc_now())

    def _frame(self, at: datetime, data: bytes) -> Frame | NoFrame:
        config = self._config
        try:
            image = decode_picture(
                data, self._label, config.max_picture_bytes, config.max_picture_pixels
            )
        except PictureError as error:
            self._health.set(SourceState.DOWN, str(error))
            return NoFrame(reason=BlindReason.DOWN, detail=str(error), at=at)
        return Frame(
            source_id=self.source_id,
            seq=self._health.delivered(at),
            captured_at=at,
            clock="wall",
            image=image,
        )

    def _run(self) -> None:
        config = self._config
        backoff = Backoff(config.reconnect_min_s, config.reconnect_max_s)
        with PictureClient(
            timeout_s=config.timeout_s,
            most_bytes=config.max_picture_bytes,
            # By its next picture the connection would have been let go anyway.
            keep_open=config.interval_s <= _KEPT_S,
            stop=self._stop,
        ) as client:
            while not self._stop.is_set():
                began_s = time.monotonic()
                try:
                    with CONNECTIONS.held(self._stop) as entered:
                        if not entered:
                            return
                        data = self._fetch(client)
                    self._keep(data)
                    backoff.reset()
                    wait_s = config.interval_s - (time.monotonic() - began_s)
                except SourceError as error:
                    self._health.set(SourceState.DOWN, str(error))
                    self._health.reconnecting()
                    wait_s = backoff.next_s()
                    if isinstance(error, SourceAuthError):
                        wait_s = max(wait_s, config.refused_wait_s)
                self._stop.wait(max(0.05, wait_s))

    def _fetch_url(self, client: PictureClient) -> bytes:
        """Raises SourceAuthError or SourceError."""
        answer = client.get(self._config.url, self._label)
        if answer.status in REFUSED:
            raise SourceAuthError(f"{self._label}: wrong user name or password")
        if answer.status != 200:
            raise SourceError(f"{self._label}: answered {answer.status}")
        return answer.data

    def _keep(self, data: bytes) -> None:
        now_s, digest = time.monotonic(), hashlib.sha256(data).digest()
        if digest == self._digest:
            if now_s - self._changed_s >= self._config.stalled_after_s:
                self._health.set(
                    SourceState.STALLED, f"{self._label}: gives the same picture again and again"
                )
            elif self._health.state is SourceState.DOWN:
                self._health.set(SourceState.LIVE)
            return
        self._digest, self._changed_s = digest, now_s
        with self._lock:
            self._newest = (utc_now(), data)
        self._health.set(SourceState.LIVE)


CONFIG = SnapshotConfig


def build(config: SnapshotConfig, context: SourceContext) -> SnapshotSource:
    return SnapshotSource(config)
