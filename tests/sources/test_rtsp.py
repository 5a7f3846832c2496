"""Streams of a real RTSP server, which misbehaves as cameras do."""

from __future__ import annotations

import gc
import io
import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import av
import psutil
import pytest
from making import wait_for
from servers import BadLine, RtspCamera, free_port, no_rtsp_server

from detector.sources.base import utc_now
from detector.sources.keyframe import Keyframe
from detector.sources.stream import StreamConfig, StreamSource
from detector.types import BlindReason, Frame, NoFrame, SourceState

RECONNECTS = int(os.environ.get("XUNJIE_RECONNECTS", "20"))


@pytest.fixture(scope="module", autouse=True)
def _server_is_here():
    reason = no_rtsp_server()
    if reason:
        pytest.skip(reason)


@pytest.fixture
def camera():
    one = RtspCamera()
    yield one
    one.stop()


@pytest.fixture
def line(camera):
    one = BadLine(camera.port)
    yield one
    one.close()


@pytest.fixture
def watch():
    sources = []

    def start(url, **fields):
        source = StreamSource(StreamConfig(**{"id": "a", "url": url, "interval_s": 1, **fields}))
        sources.append(source)
        source.start()
        return source

    yield start
    for source in sources:
        source.stop()


def next_frame(source, timeout_s=10.0):
    """A frame taken from now on."""
    began = utc_now()

    def fresh():
        look = source.look()
        return look if isinstance(look, Frame) and look.captured_at > began else None

    return wait_for(fresh, timeout_s)


def wait_state(source, state, timeout_s=10.0):
    wait_for(lambda: source.health().state is state, timeout_s)
    return source.health().reason


def test_looks_are_fresh_and_a_clip_is_cut(camera, watch):
    source = watch(camera.url())
    assert source.look().reason is BlindReason.WAKING
    frame = next_frame(source)
    assert frame.image.shape == (240, 320, 3)
    time.sleep(2)
    look = next_frame(source)
    assert look.captured_at - frame.captured_at < timedelta(seconds=3)
    assert source.health().reason == ""
    clip = source.clip(frame.captured_at, look.captured_at)
    with av.open(io.BytesIO(clip.data)) as container:
        assert len(list(container.decode(video=0))) >= 15


def test_wrong_password_is_named_and_the_right_one_enters(watch):
    camera = RtspCamera("--user", "admin", "--password", "right")
    try:
        wrong = watch(camera.url(user="admin:wrong@"))
        right = watch(camera.url(user="admin:right@"))
        reason = wait_state(wrong, SourceState.DOWN)
        assert reason == f"rtsp://***@127.0.0.1:{camera.port}/cam: wrong user name or password"
        assert wrong.look().reason is BlindReason.DOWN
        next_frame(right)
        assert wrong.health().reconnects == 0  # asking on and on would lock the camera
    finally:
        camera.stop()


def test_stop_and_restart_with_another_codec(camera, watch):
    source = watch(camera.url())
    next_frame(source)
    camera.stop()
    wait_state(source, SourceState.DOWN)
    wait_for(lambda: "nothing listens on port" in source.health().reason)
    wait_for(lambda: isinstance(n := source.look(), NoFrame) and n.reason is BlindReason.DOWN, 2)
    time.sleep(4)  # the waits between attempts have grown to their longest
    camera.start("--codec", "jpeg")
    began_s = time.monotonic()
    next_frame(source, 15)
    assert time.monotonic() - began_s < 10
    assert source.health().state is SourceState.LIVE


def test_stall_without_closing(line, camera, watch):
    source = watch(camera.url(line.port), stalled_after_s=1, read_timeout_s=2.5)
    next_frame(source)
    line.flowing.clear()
    assert "nothing comes any more" in wait_state(source, SourceState.STALLED)
    wait_for(lambda: isinstance(n := source.look(), NoFrame) and n.reason is BlindReason.STALLED)
    line.flowing.set()
    next_frame(source)
    line.flowing.clear()
    wait_state(source, SourceState.STALLED)
    assert "broke off" in wait_state(source, SourceState.DOWN)  # and asks anew
    line.flowing.set()
    next_frame(source)


def test_garbage_gives_no_broken_picture_and_passes(line, camera, watch):
    source = watch(camera.url(line.port), undecodable_after_s=2)
    next_frame(source)
    line.garble = 0.05
    wait_for(lambda: source.decode_errors > 3)
    line.garble = 0.0
    frame = next_frame(source)
    assert frame.image.shape == (240, 320, 3)


def test_resolution_changes_in_mid_stream(camera, watch):
    source = watch(camera.url())
    next_frame(source)
    camera.say("size 640 480")
    wait_for(lambda: (f := source.look()) and isinstance(f, Frame) and f.height_px == 480)
    time.sleep(2)
    look = next_frame(source)
    assert look.image.shape == (480, 640, 3)
    clip = source.clip(look.captured_at - timedelta(seconds=1), look.captured_at)
    with av.open(io.BytesIO(clip.data)) as container:
        assert {(p.width, p.height) for p in container.decode(video=0)} == {(640, 480)}


@pytest.mark.parametrize("jump_s", [3600, -3600])
def test_timestamps_that_jump_stretch_nothing(line, camera, watch, jump_s):
    source = watch(camera.url(line.port))
    first = next_frame(source)
    line.ahead_s = jump_s
    time.sleep(2)
    look = next_frame(source)
    assert timedelta(0) < look.captured_at - first.captured_at < timedelta(seconds=5)
    clip = source.clip(first.captured_at, look.captured_at)
    with av.open(io.BytesIO(clip.data)) as container:
        assert container.duration / 1e6 < 10
        assert len(list(container.decode(video=0))) >= 10


def test_a_stream_that_wakes_slowly_is_not_down(watch):
    camera = RtspCamera("--unmounted")
    line = BadLine(camera.port)
    try:
        refused = watch(camera.url())
        silent = watch(camera.url(line.port), stalled_after_s=1)
        line.flowing.clear()
        end_s, states = time.monotonic() + 3, set()
        while time.monotonic() < end_s:
            states |= {refused.health().state, silent.health().state}
            time.sleep(0.05)
        assert states == {SourceState.WAKING}
        assert "404" in refused.health().reason
        camera.say("mount")
        line.flowing.set()
        next_frame(refused)
        next_frame(silent)
        late = watch(camera.url().replace("/cam", "/none"), waking_for_s=0.5)
        assert "404" in wait_state(late, SourceState.DOWN)
    finally:
        line.close()
        camera.stop()


def test_keyframes_wait_for_the_look_where_they_come_often_enough(camera, watch, monkeypatch):
    source = watch(camera.url(), interval_s=4)
    next_frame(source)
    wait_for(lambda: source._decoder._chooser.keys_only)
    brought, bring = [], source._picture
    monkeypatch.setattr(source, "_picture", lambda p: brought.append(p) or bring(p))
    time.sleep(4.2)
    later = brought[1:]  # the first may have been waiting in a decoder's thread
    assert 3 <= len(later) <= 5  # one a second, of ten
    assert all(isinstance(picture, Keyframe) for picture in later)
    assert isinstance(source.look(), Frame)


def test_keyframes_in_pieces_do_not_blind_a_camera(watch):
    camera = RtspCamera("--sliced")
    try:
        source = watch(camera.url())
        next_frame(source, 20)
        assert next_frame(source, 3)
    finally:
        camera.stop()


def test_a_dead_address_and_a_hung_one_block_no_look(line, camera, watch):
    good = watch(camera.url())
    dead = watch(f"rtsp://127.0.0.1:{free_port()}/cam", waking_for_s=0)
    line.flowing.clear()
    hung = watch(camera.url(line.port))
    next_frame(good)
    slowest_s, frames = 0.0, 0
    for _ in range(60):
        for source in (dead, hung, good):
            began_s = time.monotonic()
            frames += isinstance(source.look(), Frame)
            slowest_s = max(slowest_s, time.monotonic() - began_s)
        time.sleep(0.02)
    assert slowest_s < 0.2
    assert frames >= 8
    assert dead.health().state is SourceState.DOWN


def usage():
    gc.collect()
    process = psutil.Process()
    return process.num_fds(), threading.active_count(), process.memory_info().rss / 2**20


@pytest.mark.slow
def test_nothing_leaks_in_reconnects(line, camera, watch, monkeypatch):
    """For 500: XUNJIE_RECONNECTS=500 pytest tests/sources/test_rtsp.py -k leaks --timeout 3600"""
    source = watch(camera.url(line.port), reconnect_min_s=0.05, reconnect_max_s=0.05)
    next_frame(source)
    before = None
    while source.health().reconnects < RECONNECTS:
        reconnects = source.health().reconnects
        if before is None and reconnects >= RECONNECTS // 4:
            before = usage()
        line.cut()
        wait_for(lambda n=reconnects: source.health().reconnects > n)
        next_frame(source)
    after = usage()
    assert after[0] <= before[0] + 4
    assert after[1] <= before[1] + 2
    assert after[2] < before[2] + 30
    report = Path(os.environ["XUNJIE_REPORT"]) if "XUNJIE_REPORT" in os.environ else None
    if report:
        report.write_text(f"{RECONNECTS} reconnects: fds, threads, MiB {before} -> {after}\n")
