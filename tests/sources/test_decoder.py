"""What is decoded of a stream, and what is left out."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av
import numpy as np
import pytest
from making import wait_for, write_clip
from servers import Publisher

from detector.sources.decoder import Decoder, KeyframeChooser
from detector.sources.keyframe import Keyframe
from detector.sources.lag import Lag
from detector.sources.stream import StreamConfig, StreamSource
from detector.types import Frame


def test_keyframes_alone_once_they_have_come_often_enough():
    chooser = KeyframeChooser(2.0)
    found = []
    for at_s in (0, 1, 2, 5, 6, 7, 7 - 3600, 8 - 3600):  # a gap, then a clock that was set back
        chooser.keyframe(at_s)
        found.append(chooser.keys_only)
    assert found == [False, False, True, False, False, True, True, True]


def lags(pairs):
    lag, found = Lag(), []
    for media_s, now_s in pairs:
        lag.packet(media_s, now_s)
        found.append(lag.too_far)
    return found


def test_lag_grows_is_made_up_for_and_survives_a_set_clock():
    assert lags([(0, 100), (1, 101.5), (2, 104.5), (4, 105), (6, 106.2)]) == [
        False,
        False,
        True,
        True,
        False,
    ]
    assert lags([(0, 0), (1, 1), (3601, 2), (3602, 3), (2, 4), (3, 5)]) == [False] * 6


def test_lag_lets_clocks_drift_apart():
    day = [(s * 0.9995, s) for s in range(0, 86_400, 10)]
    assert not any(lags(day))


def decode(path, spoil=None, **fields):
    """The times of what comes out, each with True for a keyframe."""
    found = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        fields = {"enough_s": 0.0, "newest_first": True, "lag": None, **fields}
        decoder = Decoder(stream, **fields)
        for index, packet in enumerate(container.demux(stream)):
            at_s = float(packet.dts * packet.time_base) if packet.dts is not None else 0.0
            if index == spoil:
                data = bytearray(bytes(packet))
                data[8:] = bytes(len(data) - 8)
                broken = av.Packet(bytes(data))
                broken.pts, broken.dts, broken.time_base = (
                    packet.pts,
                    packet.dts,
                    packet.time_base,
                )
                packet = broken
            for picture in decoder.pictures(packet, at_s, time.monotonic()):
                found.append((round(picture.time, 3), bool(picture.key_frame)))
    return found, decoder.errors


def test_nothing_is_shown_between_a_broken_packet_and_the_next_keyframe(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", seconds=3, gop=10)
    whole, errors = decode(clip)
    assert (len(whole), errors) == (30, 0)
    broken, errors = decode(clip, spoil=12)
    assert errors >= 1
    assert [at_s for at_s, _ in broken] == [at_s for at_s, _ in whole if not 1.2 <= at_s < 2.0]


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_only_keyframes_are_decoded_when_they_are_enough(tmp_path, codec):
    clip = write_clip(tmp_path / "a.mp4", seconds=6, gop=10, codec=codec)
    found, _ = decode(clip, enough_s=1.5)
    assert [at_s for at_s, key in found if key] == [0, 1, 2, 3, 4, 5]
    assert all(key for at_s, key in found if at_s > 2.2)
    every, _ = decode(clip, enough_s=0.5)
    assert len(every) == 60


def keyframes_of(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return [Keyframe.of([p], stream) for p in container.demux(stream) if p.is_keyframe]


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_keyframes_that_are_enough_are_put_off_until_one_disappoints(tmp_path, codec):
    clip, brought = write_clip(tmp_path / "a.mp4", seconds=8, gop=10, codec=codec), []
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        decoder = Decoder(stream, enough_s=2.0, newest_first=True, lag=None, put_off=True)
        for packet in container.demux(stream):
            at_s = float(packet.dts * packet.time_base) if packet.dts is not None else 9.0
            brought += [(at_s, one) for one in decoder.pictures(packet, at_s, time.monotonic())]
            if len(brought) and at_s > 5.5:
                decoder.disappointed()
    put_off = [at_s for at_s, one in brought if isinstance(one, Keyframe)]
    decoded = [at_s for at_s, one in brought if not isinstance(one, Keyframe)]
    assert [round(at_s) for at_s in put_off] == [2, 3, 4, 5]
    assert [at_s for at_s in decoded if 2.2 < at_s < 5.5] == []
    assert max(decoded) > 6.5
    assert all(one.picture() for _, one in brought if isinstance(one, Keyframe))


def test_a_look_that_finds_the_newest_keyframe_broken_sees_the_one_before(tmp_path):
    whole = keyframes_of(write_clip(tmp_path / "a.mp4", seconds=2, gop=10))[0]
    broken = replace(whole, data=whole.data[:8] + bytes(len(whole.data) - 8))
    source = StreamSource(StreamConfig(id="a", url="rtsp://127.0.0.1:1/cam"))
    for keyframe in (whole, whole, broken):
        source._picture(keyframe)
    assert isinstance(source.look(), Frame)
    assert source.decode_errors == 1
    assert not isinstance(source.look(), Frame)  # none is shown twice


@pytest.fixture
def camera():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.server.began_s = time.monotonic()
            self.server.publisher = Publisher(self.wfile, "mpegts")
            self.server.publisher._thread.join()

        def log_message(self, *args):
            return

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads, http.publisher = True, None
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield http
    if http.publisher:
        http.publisher.stop()
    http.shutdown()
    http.server_close()


def shown_index(image):
    """The number of the frame, of which the publisher draws a bar."""
    even = np.abs(image.astype(int) - 200).max(axis=(0, 2)) < 12
    return int(np.argmin(even)) - 1 if not even.all() else 319


def test_a_machine_that_is_too_slow_still_sees_the_present(camera, monkeypatch):
    """Decoding takes three times as long as the camera does: an unread queue would grow by 0.7 s
    each second."""
    decode_packet = Decoder._decode

    def slowly(self, packet, keys_only, at_s):
        pictures = decode_packet(self, packet, keys_only, at_s)
        time.sleep(0.3 * len(pictures))
        return pictures

    monkeypatch.setattr(Decoder, "_decode", slowly)
    url = f"http://127.0.0.1:{camera.server_port}/cam.ts"
    source = StreamSource(StreamConfig(id="a", url=url, interval_s=0.5))
    source.start()
    wait_for(lambda: isinstance(source.look(), Frame))
    ages_s, end_s = [], time.monotonic() + 10
    while time.monotonic() < end_s:
        look = source.look()
        if isinstance(look, Frame):
            taken_s = shown_index(look.image) / 10
            ages_s.append(time.monotonic() - camera.began_s - taken_s)
        time.sleep(0.05)
    source.stop()
    assert len(ages_s) >= 8
    assert max(ages_s) < 3.6
