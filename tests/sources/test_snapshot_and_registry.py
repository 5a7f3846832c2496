"""Polled pictures, the fake, and building by kind."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from making import jpeg, picture, wait_for

from detector.sources.base import SourceContext
from detector.sources.fake import FakeSource
from detector.sources.registry import build_source, parse_source
from detector.sources.snapshot import SnapshotConfig, SnapshotSource
from detector.types import BlindReason, ConfigError, Frame, NoFrame, SourceState


@pytest.fixture
def camera():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked += 1
            self.send_response(self.server.status)
            self.end_headers()
            self.wfile.write(self.server.body)

        def log_message(self, *args):
            return

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads, http.body, http.status, http.asked = True, jpeg(), 200, 0
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield http
    http.shutdown()
    http.server_close()


def source_of(camera, **fields):
    url = f"http://u:secret@127.0.0.1:{camera.server_port}/now.jpg?key=hidden"
    return SnapshotSource(
        SnapshotConfig(id="s", url=url, interval_s=0.05, reconnect_min_s=0.05, **fields)
    )


def test_snapshot_delivers_newest_then_stalls(camera):
    source = source_of(camera, stalled_after_s=0.3)
    assert source.look().reason is BlindReason.WAKING
    source.start()
    assert isinstance(wait_for(lambda: (f := source.look()) and isinstance(f, Frame) and f), Frame)
    wait_for(lambda: isinstance(n := source.look(), NoFrame) and n.reason is BlindReason.STALLED)
    camera.body = jpeg(2)
    wait_for(lambda: isinstance(source.look(), Frame))
    source.stop()


def test_snapshot_errors_are_said_without_credentials(camera):
    camera.status = 401
    source = source_of(camera)
    source.start()
    wait_for(lambda: source.health().state is SourceState.DOWN)
    source.stop()
    assert "wrong user name or password" in source.health().reason
    assert "secret" not in source.health().reason
    assert "hidden" not in source.health().reason


def test_snapshot_bytes_are_bounded(camera):
    source = source_of(camera, max_picture_bytes=100)
    source.start()
    wait_for(lambda: "larger" in source.health().reason)
    source.stop()


def test_snapshot_refuses_a_bomb_and_goes_on(camera):
    from test_pictures import bomb

    camera.body = bomb()
    source = source_of(camera)
    source.start()
    wait_for(lambda: isinstance(n := source.look(), NoFrame) and "10000x10000" in n.detail)
    camera.body = jpeg(3)
    wait_for(lambda: isinstance(source.look(), Frame))
    assert source.health().reason == ""
    source.stop()


def test_snapshot_camera_that_returns_is_seen_soon(camera):
    camera.status = 503
    source = source_of(camera)
    source.start()
    wait_for(lambda: source.health().state is SourceState.DOWN)
    assert "503" in source.health().reason
    camera.status = 200
    wait_for(lambda: isinstance(source.look(), Frame), 10)
    source.stop()


def test_fake_plays_its_script():
    at = datetime(2026, 5, 1, tzinfo=UTC)
    frame = Frame(source_id="fake", seq=0, captured_at=at, clock="wall", image=picture())
    fake = FakeSource([frame, None])
    fake.start()
    assert [fake.look(), fake.look(), fake.look()] == [frame, None, None]
    assert fake.health().state is SourceState.ENDED


@pytest.mark.parametrize(
    "raw",
    [
        {"kind": "stream", "id": "a", "url": "rtsp://u:p@x/1"},
        {"kind": "folder", "id": "a", "path": "in"},
        {"kind": "snapshot", "id": "a", "url": "http://x/1.jpg"},
        {"kind": "push", "id": "a"},
    ],
)
def test_registry_builds_every_kind(raw, tmp_path):
    context = SourceContext(seen=lambda key: False, spool_dir=tmp_path)
    source = build_source(parse_source(raw), context)
    assert source.source_id == "a"


def test_registry_names_the_field_but_not_the_secret():
    with pytest.raises(ConfigError, match="wrong") as caught:
        parse_source({"kind": "stream", "id": "a", "url": "rtsp://u:secret@x", "wrong": 1})
    assert "secret" not in str(caught.value)
    with pytest.raises(ConfigError):
        parse_source({"kind": "push", "id": "../a"})
