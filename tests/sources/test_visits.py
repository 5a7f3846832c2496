"""Cameras that are visited: one keyframe, and the connection is let go."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import psutil
import pytest
from making import wait_for
from pydantic import ValidationError
from rtsp_street import RtspStreet
from servers import RtspCamera, no_rtsp_server

from detector.sources import stream as stream_module
from detector.sources.doors import Doors
from detector.sources.keyframe import Keyframe
from detector.sources.stream import StreamConfig, StreamSource
from detector.types import Frame, SourceState


@pytest.fixture
def camera():
    reason = no_rtsp_server()
    if reason:
        pytest.skip(reason)
    one = RtspCamera()
    yield one
    one.stop()


def source_of(url: str, **fields) -> StreamSource:
    return StreamSource(StreamConfig(id="a", url=url, visit=True, **fields))


def connections(port: int) -> int:
    found = psutil.Process().net_connections(kind="tcp")
    return sum(c.status == "ESTABLISHED" and c.raddr and c.raddr.port == port for c in found)


def frames(source: StreamSource, count: int) -> list[Frame]:
    found: list[Frame] = []

    def enough():
        look = source.look()
        if isinstance(look, Frame):
            found.append(look)
        return len(found) >= count

    wait_for(enough, 30)
    return found


def test_each_look_is_a_visit_and_nothing_stays_connected(camera):
    source = source_of(camera.url(), interval_s=2)
    source.start()
    try:
        one, two = frames(source, 2)
        assert 1 < (two.captured_at - one.captured_at).total_seconds() < 6
        wait_for(lambda: connections(camera.port) == 0)
        assert source.health().state is SourceState.LIVE
        assert source.clip(one.captured_at, two.captured_at) is None
    finally:
        source.stop()


def test_a_camera_that_is_gone_is_down_and_seen_again_when_it_is_back(camera):
    source = source_of(camera.url(), interval_s=1, waking_for_s=0)
    source.start()
    try:
        frames(source, 1)
        camera.stop()
        wait_for(lambda: source.health().state is SourceState.DOWN, 20)
        assert camera.url() in source.health().reason
        camera.start()
        frames(source, 2)
        assert source.health().state is SourceState.LIVE
    finally:
        source.stop()


def test_a_keyframe_in_pieces_is_seen_whole(camera):
    camera.stop()
    camera.start("--sliced")
    source = source_of(camera.url(), interval_s=1)
    source.start()
    try:
        assert frames(source, 1)[0].image.shape == (240, 320, 3)
    finally:
        source.stop()


class SlowCameras:
    """In the place of connections: each visit waits until `together` of them wait at one time."""

    class Container:
        streams = SimpleNamespace(video=("a stream",))

        def __enter__(self):
            return self

        def __exit__(self, *_): ...

        def demux(self, stream):
            return iter(())

    def __init__(self, monkeypatch, together):
        self.inside = self.most = self.visits = 0
        self._lock, self._together = threading.Lock(), together
        self.enough = threading.Event()
        monkeypatch.setattr(stream_module, "greet", lambda url, timeout_s: None)
        monkeypatch.setattr(stream_module, "open_visit", lambda url, **_: self.Container())
        monkeypatch.setattr(stream_module, "first_keyframe", self._wait)

    def _wait(self, packets, stream, stop, for_s):
        with self._lock:
            self.inside += 1
            self.visits += 1
            self.most = max(self.most, self.inside)
            if self.inside >= self._together:
                self.enough.set()
        self.enough.wait(20)
        with self._lock:
            self.inside -= 1
        return Keyframe(codec="h264", extradata=None, data=b"")


def visited(count: int, doors: Doors) -> list[StreamSource]:
    config = {"url": "rtsp://camera.example/a", "visit": True, "interval_s": 3600}
    return [StreamSource(StreamConfig(id=f"c{n}", **config), visits=doors) for n in range(count)]


def test_visits_wait_for_their_keyframes_side_by_side(monkeypatch):
    """Forty wait at one moment; were they bound to the cores, they never would."""
    cameras = SlowCameras(monkeypatch, together=40)
    sources = visited(40, Doors(40, patience_s=60))
    for source in sources:
        source.start()
    try:
        assert cameras.enough.wait(20)
        wait_for(lambda: all(s.health().state is SourceState.LIVE for s in sources))
    finally:
        for source in sources:
            source.stop()


def test_real_visits_side_by_side_all_get_their_keyframe():
    street, doors = RtspStreet(), Doors(30, patience_s=60)
    config = {"url": street.url(), "visit": True, "interval_s": 3600}
    sources = [StreamSource(StreamConfig(id=f"c{n}", **config), visits=doors) for n in range(30)]
    for source in sources:
        source.start()
    try:
        for source in sources:
            assert frames(source, 1)[0].image.shape == (240, 320, 3)
        assert street.visits == 30
    finally:
        for source in sources:
            source.stop()
        street.stop()


def test_no_more_are_visited_at_once_than_the_doors_let_in(monkeypatch):
    doors, cameras = Doors(3, patience_s=60), SlowCameras(monkeypatch, together=99)
    sources = visited(12, doors)
    for source in sources:
        source.start()
    try:
        wait_for(lambda: cameras.inside == 3 and len(doors._queue) == 9)
        cameras.enough.set()
        wait_for(lambda: cameras.visits == 12)
        assert cameras.most == 3
    finally:
        cameras.enough.set()
        for source in sources:
            source.stop()


def test_a_camera_that_is_gone_keeps_nobody_from_being_visited(monkeypatch):
    """It is found out before the door."""
    cameras = SlowCameras(monkeypatch, together=1)
    hung = threading.Event()
    monkeypatch.setattr(
        stream_module, "greet", lambda url, timeout_s: hung.wait(30) if "gone" in url else None
    )
    doors = Doors(1, patience_s=60)
    gone = StreamConfig(id="g", url="rtsp://gone.example/a", visit=True, interval_s=3600)
    sources = [StreamSource(gone, visits=doors), *visited(3, doors)]
    for source in sources:
        source.start()
    try:
        wait_for(lambda: cameras.visits == 3)
    finally:
        hung.set()
        for source in sources:
            source.stop()


def test_who_waits_at_the_door_goes_home_when_the_source_stops():
    doors, inside, waiting = Doors(1, patience_s=60), threading.Event(), threading.Event()
    entered = []

    def wait():
        with doors.held(waiting) as let_in:
            entered.append(let_in)

    with doors.held(inside):
        thread = threading.Thread(target=wait)
        thread.start()
        wait_for(lambda: len(doors._queue) == 1)
        waiting.set()
        doors.send_home(waiting)
        thread.join(10)
        assert entered == [False]
        assert not doors._queue
    with doors.held(inside) as let_in:  # nobody's place was lost
        assert let_in


def test_who_came_first_is_let_in_first():
    doors, stop, order = Doors(1, patience_s=60), threading.Event(), []

    def visit(number):
        with doors.held(stop):
            order.append(number)

    threads = []
    with doors.held(stop):
        for number in range(6):
            threads.append(threading.Thread(target=visit, args=(number,)))
            threads[-1].start()
            wait_for(lambda n=number: len(doors._queue) == n + 1)
    for thread in threads:
        thread.join(10)
    assert order == list(range(6))


def test_only_so_many_are_inside_at_once():
    doors, stop = Doors(2), threading.Event()
    inside, most, lock = 0, 0, threading.Lock()

    def visit():
        nonlocal inside, most
        with doors.held(stop) as entered:
            assert entered
            with lock:
                inside += 1
                most = max(most, inside)
            stop.wait(0.05)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=visit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert most == 2
    stop.set()
    with doors.held(stop) as entered:
        assert not entered


def test_who_does_not_get_away_holds_up_nobody():
    doors, stop = Doors(1, patience_s=0.2), threading.Event()
    with doors.held(stop), doors.held(stop) as entered:
        assert entered


def test_a_file_is_not_visited():
    with pytest.raises(ValidationError, match="only live streams"):
        StreamConfig(id="a", url="street.mp4", pace="fast", visit=True)
