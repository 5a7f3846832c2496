"""A gateway's cameras: listed, woken, asked again, and what happens when it is slow or ill."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from making import jpeg, wait_for
from servers import Publisher

from detector.sources.base import SourceContext, utc_now
from detector.sources.gateway import GatewayConfig, GatewaySource
from detector.sources.gateway_cameras import gateway_diff, rows_of
from detector.sources.gateway_client import GatewayClient
from detector.sources.gateway_fake import FakeGateway, channel_record
from detector.sources.registry import build_source, parse_source
from detector.types import (
    BlindReason,
    ConfigError,
    Frame,
    SourceAuthError,
    SourceError,
    SourceState,
)

DEVICE = "32070000001180000001"


def camera_id(number, kind="131"):
    return f"3207000000{kind}{number:07}"


CAMERA = camera_id(1)


@pytest.fixture
def media():
    """Streams FLV to whoever asks; `end()` closes them all, as a gateway does unwatched ones."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            publisher = Publisher(self.wfile, "flv")
            self.server.publishers.append(publisher)
            publisher._thread.join()

        def log_message(self, *args):
            return

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads, http.publishers, http.asked = True, [], []
    threading.Thread(target=http.serve_forever, daemon=True).start()

    def end():
        while http.publishers:
            http.publishers.pop().stop()

    http.end = end
    yield http
    end()
    http.shutdown()
    http.server_close()


@pytest.fixture
def gateway(media):
    started = []

    def stream_url(channel_id):
        started.append(channel_id)
        return f"http://127.0.0.1:{media.server_port}/{channel_id}-{len(started)}.live.flv"

    one = FakeGateway(stream_url)
    one.devices = {DEVICE: [channel_record(CAMERA, "Market 3", 119.2216, 34.5967)]}
    one.started = started
    yield one
    one.close()


@pytest.fixture
def ask():
    """Makes clients, and closes them."""
    clients = []

    def start(url, **fields):
        clients.append(GatewayClient(url, **fields))
        return clients[-1]

    yield start
    for client in clients:
        client.close()


@pytest.fixture
def watch(gateway, ask):
    sources = []

    def start(credentials="", **fields):
        fields = {"id": "a", "interval_s": 0.5, "reconnect_max_s": 2, **fields}
        config = GatewayConfig(
            url=gateway.url(credentials), device_id=DEVICE, channel_id=CAMERA, **fields
        )
        source = GatewaySource(config, ask(config.url))
        sources.append(source)
        source.start()
        return source

    yield start
    for source in sources:
        source.stop()


def next_frame(source, timeout_s=10):
    began = utc_now()
    return wait_for(
        lambda: isinstance(f := source.look(), Frame) and f.captured_at > began and f, timeout_s
    )


def test_cameras_are_listed_with_name_place_and_division(gateway, ask):
    gateway.devices[DEVICE] += [
        channel_record(camera_id(2, "132"), "Station", 0, 0),
        channel_record(camera_id(3, "134"), "an alarm input"),
        channel_record(camera_id(4, "215"), "a folder"),
        {"channelId": "short", "name": "no id"},
    ]
    gateway.devices[DEVICE][1]["status"] = "OFF"
    listing = ask(gateway.url()).listing()
    assert [c.name for c in listing.channels] == ["Market 3", "Station"]
    market, station = listing.channels
    assert (market.device_id, market.channel_id, market.division) == (DEVICE, CAMERA, "320700")
    assert (market.position.x, market.position.y) == (119.2216, 34.5967)
    assert (market.online, station.online, station.position) == (True, False, None)
    gateway.bare = True  # an older gateway
    assert ask(gateway.url()).listing() == listing


def test_login_wrong_password_and_a_token_that_expires(gateway, ask):
    gateway.user, gateway.password = "city", "p@ss"
    client = ask(gateway.url("city:p%40ss@"))
    assert len(client.listing().channels) == 1
    gateway.forget_login()
    assert len(client.listing().channels) == 1
    for credentials in ("city:wrong@", ""):
        with pytest.raises(SourceAuthError, match="password") as caught:
            ask(gateway.url(credentials)).listing()
        assert "wrong@" not in str(caught.value)


def test_an_ill_gateway_is_named(gateway, ask):
    gateway.failing_status = 502
    with pytest.raises(SourceError, match=r"127\.0\.0\.1:\d+: /api.*: answered 502"):
        ask(gateway.url()).listing()
    gateway.failing_status, gateway.slow_s = 0, 1.0
    with pytest.raises(SourceError, match="timed out"):
        ask(gateway.url(), timeout_s=0.2).listing()
    with pytest.raises(SourceError, match="connection refused"):
        ask("http://127.0.0.1:9").listing()


def city(devices=20, cameras=100):
    return {
        f"3207000000118{device:07}": [
            channel_record(
                camera_id(device * cameras + number), f"camera {device}/{number}", 119.2, 34.5
            )
            for number in range(cameras)
        ]
        for device in range(devices)
    }


def test_two_thousand_channels_are_listed_and_compared_in_seconds(gateway, ask):
    gateway.devices = city()
    client, url = ask(gateway.url()), gateway.url()
    began_s = time.process_time()
    rows = rows_of(client.listing(), url, interval_s=10, tasks=("vendor",))
    first, second = list(gateway.devices)[:2]
    gone = gateway.devices[first].pop(5)
    gateway.devices[first][0]["name"] = "renamed"
    gateway.devices[first].append(channel_record(camera_id(9_999), "new"))
    gateway.broken_devices.add(second)
    diff = gateway_diff(rows, client.listing(), url, interval_s=10)
    assert time.process_time() - began_s < 5  # 2 s on an idle machine, both ends together
    assert len(rows) == 2_000
    assert [row.id for row in diff.added] == [camera_id(9_999)]
    assert [row.id for row in diff.removed] == [gone["channelId"]]  # and none of the broken device
    assert [(c.after.name, c.columns) for c in diff.changed] == [("renamed", ("name",))]
    assert diff.unchanged == 2_000 - 100 - 2
    gateway.broken_devices.clear()
    gateway.devices[first].insert(5, gone)
    back = gateway_diff(
        [r for r in rows if r.id != gone["channelId"]], client.listing(), url, interval_s=10
    )
    assert gone["channelId"] in [row.id for row in back.added]


def test_what_the_city_has_added_to_a_camera_stays(gateway, ask):
    listing = ask(gateway.url()).listing()
    from dataclasses import replace

    (row,) = rows_of(listing, gateway.url(), interval_s=10)
    own = replace(row, department="城管", grid="320703001002003", interval_s=60, tasks=("cover",))
    diff = gateway_diff([own], listing, gateway.url(), interval_s=10)
    assert (diff.added, diff.removed, diff.changed, diff.unchanged) == ((), (), (), 1)


def test_a_channel_of_two_devices_gets_two_ids(gateway, ask):
    other = "32070000001180000002"
    gateway.devices[other] = [channel_record(CAMERA, "the same by another way")]
    rows = rows_of(ask(gateway.url()).listing(), gateway.url(), interval_s=10)
    assert [row.id for row in rows] == [f"{DEVICE}-{CAMERA}", f"{other}-{CAMERA}"]


def test_a_stream_is_started_and_asked_for_again_at_its_end(gateway, media, watch):
    source = watch()
    assert source.look().reason is BlindReason.WAKING
    next_frame(source)
    assert gateway.started == [CAMERA]
    media.end()  # its last viewer seemed gone
    wait_for(lambda: source.health().state is SourceState.WAKING)  # which is not down
    next_frame(source)
    assert gateway.started == [CAMERA, CAMERA]
    assert media.asked[-1].startswith(f"/{CAMERA}-2.")  # the old address is dead


def test_a_camera_that_does_not_answer_wakes_slowly_then_is_down_then_returns(gateway, watch):
    url = gateway.stream_url
    gateway.stream_url = lambda channel_id: None
    source = watch(waking_for_s=1.5)
    wait_for(lambda: "did not answer in time" in source.health().reason)
    assert source.health().state is SourceState.WAKING
    wait_for(lambda: source.health().state is SourceState.DOWN)
    gateway.stream_url = url
    began_s = time.monotonic()
    next_frame(source, 12)
    assert time.monotonic() - began_s < 10


def test_a_camera_that_vanishes_and_comes_back(gateway, media, watch):
    source = watch(waking_for_s=0.3)
    next_frame(source)
    known, gateway.devices = gateway.devices, {}
    media.end()
    wait_for(lambda: "does not exist" in source.health().reason)
    wait_for(lambda: source.health().state is SourceState.DOWN)
    gateway.devices = known
    next_frame(source, 12)


def test_a_slow_gateway_holds_up_no_look(gateway, watch):
    gateway.slow_s = 2.0
    source = watch()
    began_s = time.monotonic()
    looks = [source.look() for _ in range(50)]
    assert time.monotonic() - began_s < 0.5
    assert {look.reason for look in looks} == {BlindReason.WAKING}
    next_frame(source)


def test_rare_looks_take_single_pictures(gateway, media, watch, monkeypatch):
    monkeypatch.setenv("ZLM_SECRET", "s3")
    gateway.secret, gateway.picture = "s3", jpeg(4)
    source = watch(
        interval_s=120,
        media_url=gateway.url(),
        media_secret_env="ZLM_SECRET",
    )
    frame = next_frame(source)
    assert frame.image.shape == (240, 320, 3)
    assert gateway.asked[-1] == "/index/api/getSnap"
    assert media.asked == []  # no stream was opened by us
    often = watch(id="b", media_url=gateway.url(), media_secret_env="ZLM_SECRET")
    next_frame(often)
    assert len(media.asked) == 1


@pytest.mark.parametrize(
    ("secret", "picture", "complaint"),
    [("other", b"x", "the secret is refused"), ("s3", b"", "without a picture")],
)
def test_picture_service_faults_are_named(gateway, watch, monkeypatch, secret, picture, complaint):
    monkeypatch.setenv("ZLM_SECRET", secret)
    gateway.secret, gateway.picture = "s3", picture
    source = watch(interval_s=120, media_url=gateway.url(), media_secret_env="ZLM_SECRET")
    wait_for(lambda: complaint in source.health().reason)
    assert secret not in source.health().reason.replace("secret", "")


@pytest.mark.parametrize(("secret", "failures"), [("s3", 2), ("other", 1)])
def test_where_single_pictures_fail_the_stream_is_looked_at_until_they_come_again(
    gateway, media, watch, monkeypatch, secret, failures
):
    monkeypatch.setenv("ZLM_SECRET", secret)
    gateway.secret, gateway.picture = "s3", b""
    source = watch(
        interval_s=120,
        media_url=gateway.url(),
        media_secret_env="ZLM_SECRET",
        stream_after_failures=2,
        snapshot_again_s=0.5,
    )
    next_frame(source)  # from the stream
    assert len(media.asked) == 1
    assert gateway.asked.count("/index/api/getSnap") >= failures
    assert "the stream is looked at: " in source.health().reason
    gateway.secret, gateway.picture = secret, jpeg(4)
    if secret == "s3":  # a refused secret is asked about once a minute only
        wait_for(lambda: "the stream" not in source.health().reason, 20)
        wait_for(lambda: source.health().state is SourceState.LIVE)
        assert wait_for(lambda: isinstance(f := source.look(), Frame) and f).image.shape[0] == 240
        assert len(media.asked) == 1  # and the stream has been let go


def test_a_picture_that_fails_once_opens_no_stream(gateway, media, watch, monkeypatch):
    monkeypatch.setenv("ZLM_SECRET", "s3")
    gateway.secret, gateway.picture = "s3", b""
    source = watch(interval_s=120, media_url=gateway.url(), media_secret_env="ZLM_SECRET")
    wait_for(lambda: "without a picture" in source.health().reason)
    gateway.picture = jpeg(4)
    next_frame(source)
    assert media.asked == []


def test_settings(tmp_path, monkeypatch):
    raw = {
        "kind": "gateway",
        "id": CAMERA,
        "url": "http://u:p@192.0.2.1:18080",
        "device_id": DEVICE,
        "channel_id": CAMERA,
        "media_url": "http://192.0.2.1",
        "media_secret_env": "XUNJIE_TEST_ABSENT",
    }
    context = SourceContext(seen=lambda key: False, spool_dir=tmp_path)
    with pytest.raises(ConfigError, match="variable XUNJIE_TEST_ABSENT is not set"):
        build_source(parse_source(raw), context)
    monkeypatch.setenv("XUNJIE_TEST_ABSENT", "x")
    assert build_source(parse_source(raw), context).source_id == CAMERA
    with pytest.raises(ConfigError, match="device_id"):
        parse_source({**raw, "device_id": "12"})
    with pytest.raises(ConfigError, match="belongs to a media_url"):
        parse_source({**raw, "media_url": ""})
