"""Looks at every source in its turn, on a few threads."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from typing import Final

import structlog

from detector.patrol.schedule import Schedule, next_due_s
from detector.pipeline.camera import Camera
from detector.types import DiskFull, SourceState, XunjieError

_log = structlog.get_logger(__name__)
_IDLE_S: Final = 0.2  # how soon a drained source is asked again when nothing was waiting
_RETRY_S: Final = 2.0  # after a look that could not be written


class Engine:
    """A source that is slow, dead or broken takes nobody else's turn: reading happens on the
    sources' own threads, and a look takes what is there."""

    def __init__(self, cameras: Sequence[Camera], *, threads: int = 2) -> None:
        self._cameras = {camera.id: camera for camera in cameras}
        self._schedule = Schedule()
        self._threads = [
            threading.Thread(target=self._work, name=f"looks-{n}", daemon=True)
            for n in range(max(1, threads))
        ]
        self._stopping = threading.Event()

    @property
    def cameras(self) -> tuple[Camera, ...]:
        return tuple(self._cameras.values())

    def camera(self, source_id: str) -> Camera | None:
        return self._cameras.get(source_id)

    def start(self) -> None:
        now_s = time.monotonic()
        count = max(1, len(self._cameras))
        for number, camera in enumerate(self._cameras.values()):
            camera.source.start()
            # Spread over one interval, so that looks do not come in bursts.
            spread_s = camera.interval_s * number / count if camera.source.paced else 0.0
            self._schedule.put(camera.id, now_s + min(spread_s, 2.0))
        for thread in self._threads:
            thread.start()

    @property
    def drained(self) -> bool:
        """True when every source has delivered all it had."""
        return all(c.source.health().state is SourceState.ENDED for c in self._cameras.values())

    def stop(self) -> None:
        """Ends sources and looks, then writes what is left in memory; idempotent."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._schedule.close()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout=30)
        for camera in self._cameras.values():
            _stop_source(camera)
        for camera in self._cameras.values():
            _close(camera)

    def _work(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(Exception):  # _look has told it, unless telling failed
                self._take_turn()

    def _take_turn(self) -> None:
        while not self._stopping.is_set():
            turn = self._schedule.take()
            if turn is None:
                return
            name, due_s = turn
            camera, wait_s = self._cameras[name], None
            try:
                wait_s = self._look(camera)
            finally:  # its turn comes again, whatever happened
                now_s = time.monotonic()
                beat_s = next_due_s(due_s, camera.interval_s, now_s)
                self._schedule.put(name, beat_s if wait_s is None else now_s + wait_s)

    def _look(self, camera: Camera) -> float | None:
        """How long to wait until the next look; None: until the beat of the camera's interval."""
        try:
            found = camera.look()
        except XunjieError as error:
            level = _log.error if isinstance(error, DiskFull) else _log.warning
            level("look_failed", source=camera.id, error=str(error))
            return _RETRY_S
        except Exception as error:
            # A fault in one source's pictures must not end the thread that serves all.
            _log.exception("look_broke", source=camera.id)
            camera.tally.failed(f"{type(error).__name__}: {error}")
            return _RETRY_S
        if camera.source.paced:
            return None
        return 0.0 if found else _IDLE_S


def _stop_source(camera: Camera) -> None:
    try:
        camera.source.stop()
    except Exception:
        _log.exception("source_would_not_stop", source=camera.id)


def _close(camera: Camera) -> None:
    try:
        camera.close()
    except Exception as error:
        _log.error("look_lost_at_stop", source=camera.id, error=str(error))
