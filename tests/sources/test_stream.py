"""Streams and files played as streams."""

from __future__ import annotations

import io
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av
import pytest
from making import wait_for, write_clip
from pydantic import ValidationError

from detector.sources.base import redact
from detector.sources.stream import StreamConfig, StreamSource
from detector.types import BlindReason, Frame, NoFrame, SourceState

START = datetime(2026, 5, 1, tzinfo=UTC)


def run_fast(source, limit=1000, timeout_s=10):
    frames, end_s = [], time.monotonic() + timeout_s
    source.start()
    while time.monotonic() < end_s and len(frames) < limit:
        frame = source.look()
        if isinstance(frame, Frame):
            frames.append(frame)
        elif source.health().state in (SourceState.ENDED, SourceState.DOWN):
            break
    source.stop()
    return frames


@pytest.fixture
def server():
    """Answers /clip with bytes, /auth with 401; `hold` keeps the connection silent after them."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked += 1
            if self.path.startswith("/auth"):
                self.send_error(401)
                return
            self.send_response(200)
            self.end_headers()
            try:
                self.wfile.write(self.server.body)
                self.wfile.flush()
                self.server.hold.wait(10)
            except OSError:
                return

        def log_message(self, *args):
            return

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads, http.body, http.asked = True, b"", 0
    http.hold = threading.Event()
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield http
    http.hold.set()
    http.shutdown()
    http.server_close()


def url(server, path="/clip"):
    return f"http://admin:secret@127.0.0.1:{server.server_port}{path}?token=hidden"


def test_fast_hands_out_every_frame_of_the_interval(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", seconds=6)
    source = StreamSource(
        StreamConfig(id="a", url=str(clip), pace="fast", interval_s=0.5, starts_at=START)
    )
    frames = run_fast(source)
    assert [f.seq for f in frames] == list(range(12))
    assert [(f.captured_at - START).total_seconds() for f in frames] == pytest.approx(
        [0.5 * i for i in range(12)]
    )
    assert source.health().state is SourceState.ENDED
    assert not source.paced
    assert source.look() is None


def test_fast_loop_has_a_continuous_clock(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", seconds=2)
    config = StreamConfig(
        id="a", url=str(clip), pace="fast", interval_s=1, starts_at=START, loop=True
    )
    frames = run_fast(StreamSource(config), limit=7)
    assert [(f.captured_at - START).total_seconds() for f in frames] == pytest.approx(range(7))


def test_realtime_keeps_pace_and_cuts_a_clip(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", seconds=1.5)
    source = StreamSource(
        StreamConfig(id="a", url=str(clip), pace="realtime", loop=True, starts_at=START)
    )
    source.start()
    began_s = time.monotonic()
    seen = []
    while time.monotonic() - began_s < 2.2:
        look = source.look()
        if isinstance(look, Frame):
            seen.append((look.captured_at - START).total_seconds())
        time.sleep(0.02)
    cut = source.clip(START + timedelta(seconds=1.2), START + timedelta(seconds=1.8))
    source.stop()
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(2.2, abs=0.5)
    assert cut is not None
    assert cut.starts_at <= START + timedelta(seconds=1.2)
    with av.open(io.BytesIO(cut.data)) as container:
        assert len(list(container.decode(video=0))) >= 6
    assert source.clip(START + timedelta(hours=1), START + timedelta(hours=2)) is None


def test_realtime_ends(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", seconds=0.5)
    source = StreamSource(StreamConfig(id="a", url=str(clip), pace="realtime"))
    source.start()
    wait_for(lambda: source.health().state is SourceState.ENDED)
    assert isinstance(source.look(), Frame)
    assert source.look() is None
    source.stop()


def test_unreadable_and_truncated_files_are_named(tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"nothing")
    source = StreamSource(StreamConfig(id="a", url=str(broken), pace="fast"))
    assert run_fast(source) == []
    assert source.health().state is SourceState.DOWN
    assert "broken.mp4" in source.health().reason
    whole = write_clip(tmp_path / "w.mp4", seconds=8, options={"movflags": "faststart"})
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    source = StreamSource(StreamConfig(id="a", url=str(cut), pace="fast", interval_s=0.5))
    assert 3 <= len(run_fast(source)) < 16
    assert "cut.mp4" in source.health().reason
    assert source.health().state is SourceState.ENDED


def test_live_stalls_then_says_so(tmp_path, server):
    server.body = write_clip(tmp_path / "a.ts", seconds=3).read_bytes()
    source = StreamSource(StreamConfig(id="a", url=url(server), stalled_after_s=0.5))
    first = source.look()
    assert isinstance(first, NoFrame)
    assert first.reason is BlindReason.WAKING
    source.start()
    frame = wait_for(lambda: f if isinstance(f := source.look(), Frame) else None)
    assert frame.clock == "wall"
    wait_for(lambda: source.health().state is SourceState.STALLED)
    wait_for(lambda: isinstance(n := source.look(), NoFrame) and n.reason is BlindReason.STALLED)
    assert source.clip(frame.captured_at - timedelta(seconds=5), frame.captured_at) is not None
    server.hold.set()
    source.stop()
    assert "secret" not in source.health().reason


def test_live_reconnects(tmp_path, server):
    server.body = write_clip(tmp_path / "a.ts", seconds=1).read_bytes()
    server.hold.set()
    source = StreamSource(StreamConfig(id="a", url=url(server), reconnect_min_s=0.05))
    source.start()
    wait_for(lambda: source.health().reconnects >= 2)
    source.stop()
    assert server.asked >= 2


def test_wrong_password_is_said_without_it(server):
    source = StreamSource(StreamConfig(id="a", url=url(server, "/auth"), reconnect_min_s=0.05))
    source.start()
    wait_for(lambda: source.health().state is SourceState.DOWN)
    time.sleep(0.3)
    source.stop()
    reason = source.health().reason
    assert "wrong user name or password" in reason
    assert "secret" not in reason
    assert "hidden" not in reason
    assert server.asked <= 2  # not tried again soon


def test_redact():
    text = redact("rtsp://u:p@ss@10.0.0.1/user=admin&password=x?token=t failed")
    assert text == "rtsp://***@10.0.0.1/user=***&password=*** failed"


@pytest.mark.parametrize(
    "fields", [{"url": "a.mp4"}, {"url": "rtsp://x/1", "pace": "fast"}, {"url": "rtsp://x", "a": 1}]
)
def test_config_refuses(fields):
    with pytest.raises(ValidationError):
        StreamConfig(id="a", **fields)
