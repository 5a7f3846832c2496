"""RTMP, HLS and HTTP-FLV of a real nginx, with the faults of such servers."""

from __future__ import annotations

import io
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from making import wait_for, write_clip
from servers import Nginx, Publisher, free_port, no_nginx

from detector.sources.base import utc_now
from detector.sources.stream import StreamConfig, StreamSource
from detector.types import Frame, SourceState


@pytest.fixture(scope="module", autouse=True)
def _server_is_here():
    reason = no_nginx()
    if reason:
        pytest.skip(reason)


@pytest.fixture
def camera():
    """Answers every request with an endless FLV, as a gateway does behind nginx."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            publisher = Publisher(self.wfile, "flv")
            self.server.publishers.append(publisher)
            publisher._thread.join()

        def log_message(self, *args):
            return

    http = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
    http.daemon_threads, http.publishers = True, []
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield http
    for publisher in http.publishers:
        publisher.stop()
    http.shutdown()
    http.server_close()


@pytest.fixture
def nginx(tmp_path, camera):
    one = Nginx(tmp_path / "nginx", camera.server_port)
    yield one
    one.stop()


@pytest.fixture
def publish(nginx):
    publishers = []

    def start(**fields):
        url = f"rtmp://127.0.0.1:{nginx.rtmp_port}/live/cam"
        publishers.append(Publisher(url, "flv", **fields))
        return publishers[-1]

    yield start
    for publisher in publishers:
        publisher.stop()


@pytest.fixture
def watch():
    sources = []

    def start(url, **fields):
        fields = {"stalled_after_s": 3, "read_timeout_s": 6, "reconnect_max_s": 2, **fields}
        source = StreamSource(StreamConfig(id="a", url=url, interval_s=0.5, **fields))
        sources.append(source)
        source.start()
        return source

    yield start
    for source in sources:
        source.stop()


def next_frame(source, timeout_s=15.0, height_px=240):
    began = utc_now()

    def fresh():
        look = source.look()
        return isinstance(look, Frame) and look.captured_at > began and look

    frame = wait_for(fresh, timeout_s)
    assert frame.height_px == height_px
    return frame


def test_rtmp_camera_leaves_and_returns_with_another_size(nginx, publish, watch):
    url = f"rtmp://127.0.0.1:{nginx.rtmp_port}/live/cam"
    publisher = publish()
    source = watch(url)
    next_frame(source)
    publisher.stop()
    wait_for(lambda: source.health().state in (SourceState.STALLED, SourceState.DOWN))
    publish(size=(640, 480))
    began_s = time.monotonic()
    wait_for(lambda: isinstance(f := source.look(), Frame) and f.height_px == 480, 15)
    assert time.monotonic() - began_s < 10


def test_rtmp_server_is_killed_and_restarted(nginx, publish, watch):
    source = watch(f"rtmp://127.0.0.1:{nginx.rtmp_port}/live/cam")
    publish()
    next_frame(source)
    nginx.stop()
    wait_for(lambda: "nothing listens on port" in source.health().reason)
    assert source.health().state is SourceState.DOWN
    nginx.start()
    publish()
    began_s = time.monotonic()
    next_frame(source)
    assert time.monotonic() - began_s < 10


def test_hls_gaps_and_expired_playlists(nginx, publish, watch):
    source = watch(f"http://127.0.0.1:{nginx.http_port}/hls/cam.m3u8")
    wait_for(lambda: "404" in source.health().reason)
    assert source.health().state is SourceState.WAKING  # nobody has published yet
    publisher = publish()
    next_frame(source)
    for number in range(3):  # segments that are announced but cannot be had
        newest = max((nginx.folder / "hls").glob("*.ts"), key=lambda p: p.stat().st_mtime)
        newest.unlink(missing_ok=True)
        time.sleep(0.4 * number)
    next_frame(source)
    publisher.stop()  # the playlist stays as it is
    wait_for(lambda: source.health().state in (SourceState.STALLED, SourceState.DOWN), 15)
    (nginx.folder / "hls" / "cam.m3u8").unlink(missing_ok=True)
    wait_for(lambda: source.health().state is SourceState.DOWN, 15)
    publish()
    began_s = time.monotonic()
    next_frame(source)
    assert time.monotonic() - began_s < 10


def test_http_flv_ends_and_is_asked_for_again(nginx, camera, watch):
    source = watch(f"http://127.0.0.1:{nginx.http_port}/flv/cam.live.flv?token=hidden")
    next_frame(source)
    camera.publishers[0].stop()  # the gateway closes when the last viewer seemed gone
    wait_for(lambda: source.health().state is SourceState.DOWN)
    assert "hidden" not in source.health().reason
    next_frame(source)
    assert len(camera.publishers) >= 2
    nginx.stop()
    wait_for(lambda: "nothing listens" in source.health().reason)
    nginx.start()
    next_frame(source)


def test_codec_changes_in_mid_stream(tmp_path, watch):
    """MPEG transport stream over HTTP that goes on in another codec and another size."""
    parts = [
        write_clip(tmp_path / "one.ts", seconds=3).read_bytes(),
        write_clip(tmp_path / "two.ts", seconds=60, codec="mpeg2video", fps=25).read_bytes(),
    ]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.server.asked += 1
            body = io.BytesIO(parts[0] + parts[1] if self.server.asked == 1 else parts[1])
            try:
                while piece := body.read(188 * 20):
                    self.wfile.write(piece)
                    time.sleep(0.02)
            except OSError:
                return

        def log_message(self, *args):
            return

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads, http.asked = True, 0
    threading.Thread(target=http.serve_forever, daemon=True).start()
    try:
        source = watch(f"http://127.0.0.1:{http.server_port}/cam.ts", undecodable_after_s=2)
        next_frame(source, height_px=120)
        time.sleep(3)
        assert isinstance(next_frame(source, height_px=120), Frame)
    finally:
        http.shutdown()
        http.server_close()
