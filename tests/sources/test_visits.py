"""Cameras that are visited: one keyframe, and the connection is let go."""

from __future__ import annotations

import threading

import psutil
import pytest
from making import wait_for
from pydantic import ValidationError
from servers import RtspCamera, no_rtsp_server

from detector.sources.doors import Doors
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
