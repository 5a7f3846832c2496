"""Looks at every source in its turn, on a few threads."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from typing import Final

import structlog

from detector.cluster import CameraLostError
from detector.patrol.bound import Need, bounds_s
from detector.patrol.pace import Pace
from detector.patrol.schedule import Schedule, next_due_s
from detector.pipeline.camera import Camera
from detector.types import DiskFull, SourceState, XunjieError

_log = structlog.get_logger(__name__)
_IDLE_S: Final = 0.2  # how soon a drained source is asked again when nothing was waiting
_SOON_SHARE: Final = 0.05  # of the interval, after which a camera without a picture is asked again
_SOONEST_S: Final = 0.25
_BOUNDS_EVERY_S: Final = 5.0
_RETRY_S: Final = 2.0  # after a look that could not be written


class Engine:
    """A source that is slow, dead or broken takes nobody else's turn: reading happens on the
    sources' own threads, and a look takes what is there."""

    def __init__(self, cameras: Sequence[Camera], *, threads: int = 2) -> None:
        self._cameras = {camera.id: camera for camera in cameras}
        # A turn belongs to a seat, not to an id: who takes an id over gets a turn of its own.
        self._seats = {f"{n} {camera.id}": camera for n, camera in enumerate(cameras)}
        self._next_seat = len(self._seats)
        self._schedule = Schedule()
        self._threads = [
            threading.Thread(target=self._work, name=f"looks-{n}", daemon=True)
            for n in range(max(1, threads))
        ]
        self._stopping = threading.Event()
        self._looking: set[str] = set()
        self._pace = Pace(len(self._threads))
        self._looks = 0
        self._bounds: tuple[float, dict[str, float]] = (0.0, {})
        self._changed = threading.Condition()

    @property
    def cameras(self) -> tuple[Camera, ...]:
        return tuple(self._cameras.values())

    def camera(self, source_id: str) -> Camera | None:
        return self._cameras.get(source_id)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()
        now_s = time.monotonic()
        count = max(1, len(self._cameras))
        for number, (seat, camera) in enumerate(self._seats.items()):
            camera.source.start()
            camera.tally.begin()
            # Spread over one interval, so that looks do not come in bursts.
            spread_s = camera.interval_s * number / count if camera.source.paced else 0.0
            self._schedule.put(seat, now_s + min(spread_s, 2.0), rate=camera.rate())

    def put_in(self, camera: Camera) -> None:
        """A further camera, while others are looked at. Its id must not be in use."""
        with self._changed:
            if camera.id in self._cameras:
                raise ValueError(f"a camera {camera.id} is looked at already")
            self._cameras = {**self._cameras, camera.id: camera}
            seat = f"{self._next_seat} {camera.id}"
            self._seats[seat] = camera
            self._next_seat += 1
        camera.source.start()
        camera.tally.begin()
        self._schedule.put(seat, time.monotonic(), rate=camera.rate())

    def take_out(self, source_id: str, *, save: bool = True) -> Camera | None:
        """Waits for a look that is going on, ends the source and writes what is in memory (with
        `save` only: another node may look at the camera by now). None: no such camera."""
        with self._changed:
            camera = self._cameras.get(source_id)
            if camera is None:
                return None
            self._cameras = {k: v for k, v in self._cameras.items() if k != source_id}
            seat = next(seat for seat, who in self._seats.items() if who is camera)
            del self._seats[seat]
            self._schedule.drop(seat)
            self._changed.wait_for(lambda: seat not in self._looking)
        _stop_source(camera)
        if save:
            _close(camera)
        return camera

    def stale_bound_s(self, source_id: str) -> float | None:
        """How long the camera is left without a look at most, at the pace of the looks so far and
        as long as it sends pictures. None: unknown before the first look, or no such camera."""
        looks_per_s = self._pace.looks_per_s
        if looks_per_s is None:
            return None
        now_s = time.monotonic()
        made_s, bounds = self._bounds
        if not bounds or now_s - made_s > _BOUNDS_EVERY_S or source_id not in bounds:
            needs = {c.id: Need(interval_s=c.interval_s, rate=c.rate()) for c in self.cameras}
            bounds = bounds_s(needs, looks_per_s)
            self._bounds = (now_s, bounds)
        return bounds.get(source_id)

    @property
    def looks(self) -> int:
        """Usable ones, also of cameras that were taken out."""
        return self._looks

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
            seat, due_s = turn
            with self._changed:
                camera, wait_s = self._seats.get(seat), None
                if camera is None:
                    continue  # taken out
                self._looking.add(seat)
            try:
                wait_s = self._look(camera)
            finally:  # its turn comes again, whatever happened
                now_s = time.monotonic()
                beat_s = next_due_s(due_s, camera.interval_s, now_s)
                self._end_turn(seat, beat_s if wait_s is None else now_s + wait_s)

    def _end_turn(self, seat: str, due_s: float) -> None:
        with self._changed:
            self._looking.discard(seat)
            if seat in self._seats:
                now_s = time.monotonic()
                self._schedule.put(seat, due_s, rate=self._seats[seat].rate(), since_s=now_s)
            self._changed.notify_all()

    def _look(self, camera: Camera) -> float | None:
        """How long to wait until the next look; None: until the beat of the camera's interval."""
        began_s, looks = time.monotonic(), camera.tally.looks
        try:
            found = camera.look()
        except CameraLostError as error:
            _log.warning("camera_lost", source=camera.id, error=str(error))
            return _RETRY_S  # it is taken out soon
        except XunjieError as error:
            level = _log.error if isinstance(error, DiskFull) else _log.warning
            level("look_failed", source=camera.id, error=str(error))
            return _RETRY_S
        except Exception as error:
            # A fault in one source's pictures must not end the thread that serves all.
            _log.exception("look_broke", source=camera.id)
            camera.tally.failed(f"{type(error).__name__}: {error}")
            return _RETRY_S
        if camera.tally.looks > looks:  # a blind look costs next to nothing and would not tell
            self._pace.look(time.monotonic() - began_s)
            with self._changed:
                self._looks += 1
        if not camera.source.paced:
            return 0.0 if found else _IDLE_S
        if found and camera.source.health().state is not SourceState.WAKING:
            return None
        # Not before its next beat would be late: the picture may come the moment after.
        return min(camera.interval_s, max(_SOONEST_S, _SOON_SHARE * camera.interval_s))


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
