"""A camera without GStreamer: an RTSP server that sends one encoded clip over and over, by the
clock, to as many as come. Whoever connects amid a group of pictures waits for its next keyframe."""

from __future__ import annotations

import asyncio
import base64
import re
import struct
import threading
import time
from fractions import Fraction

import av
import numpy as np

_CLOCK = 90_000
_MOST_BYTES = 1400


def encoded(size=(320, 240), fps=10, keyframe_every_s=1.0, lasts_s=60.0, slices=1):
    """Annex B access units and whether each is a keyframe; the pictures differ in their grain."""
    width, height = size
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, fps), Fraction(fps)
    context.bit_rate = 400_000
    context.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "x264-params": f"keyint={round(fps * keyframe_every_s)}:scenecut=0"
        f":sliced-threads=0:slices={slices}",
    }
    chance, packets = np.random.default_rng(3), []
    rough = chance.integers(60, 190, (height // 16, width // 16, 3), np.uint8)
    street = np.ascontiguousarray(rough.repeat(16, axis=0).repeat(16, axis=1))
    for index in range(round(fps * lasts_s)):
        grain = chance.integers(0, 12, street.shape, np.uint8)
        frame = av.VideoFrame.from_ndarray(street + grain, format="bgr24")
        frame.pts = index
        packets += context.encode(frame)
    packets += context.encode(None)
    return [(bytes(packet), packet.is_keyframe) for packet in packets]


def units(data):
    """NAL units of an Annex B access unit."""
    parts = data.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01")
    return [part for part in parts if part]


class RtspStreet:
    """Serves `rtsp://127.0.0.1:PORT/street` until `stop`, and `/street7` by a clock that is seven
    pictures ahead. `visits` counts connections that play; `most_at_once` how many did so at one
    moment."""

    def __init__(self, units_of_clip=None, fps=10):
        self._clip, self._fps = units_of_clip or encoded(fps=fps), fps
        self._began_s = time.monotonic()
        self.visits = self.playing = self.most_at_once = 0
        self._loop, ready = asyncio.new_event_loop(), threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(10)

    def url(self):
        return f"rtsp://127.0.0.1:{self.port}/street"

    def stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self, ready):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._client, "127.0.0.1", 0, backlog=512)
        )
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        server.close()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _client(self, reader, writer):
        sending = None
        try:
            while True:
                request = (await reader.readuntil(b"\r\n\r\n")).decode()
                method, sequence = request.split(" ", 1)[0], _header(request, "cseq")
                writer.write(self._answer(method, sequence, request))
                if method == "PLAY" and sending is None:
                    ahead = re.search(r"/street(\d+)", request)
                    sending = asyncio.create_task(self._send(writer, int(ahead[1]) if ahead else 0))
        except (OSError, asyncio.IncompleteReadError):
            pass  # it has gone
        finally:
            if sending is not None:
                sending.cancel()
            writer.close()

    def _answer(self, method, sequence, request):
        lines, body = ["RTSP/1.0 200 OK", f"CSeq: {sequence}"], ""
        if method == "OPTIONS":
            lines.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN")
        elif method == "DESCRIBE":
            body = self._description()
            lines += [f"Content-Base: {request.split()[1]}/", "Content-Type: application/sdp"]
        elif method == "SETUP":
            lines += [f"Transport: {_header(request, 'transport')}", "Session: 1"]
        elif method == "PLAY":
            lines.append("Session: 1")
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode()

    def _description(self):
        sets = [u for u in units(self._clip[0][0]) if u[0] & 0x1F in (7, 8)]
        sprop = ",".join(base64.b64encode(one).decode() for one in sets)
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=street\r\nt=0 0\r\n"
            "m=video 0 RTP/AVP 96\r\nc=IN IP4 127.0.0.1\r\na=rtpmap:96 H264/90000\r\n"
            f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={sprop}\r\n"
            "a=control:track1\r\n"
        )

    async def _send(self, writer, ahead):
        self.visits += 1
        self.playing += 1
        self.most_at_once = max(self.most_at_once, self.playing)
        number, packets = int((time.monotonic() - self._began_s) * self._fps) + 1, 0
        try:
            while True:
                due_s = self._began_s + number / self._fps
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
                data, _ = self._clip[(number + ahead) % len(self._clip)]
                ticks = number * _CLOCK // self._fps % 2**32
                for payload, last in _payloads(units(data)):
                    head = struct.pack(
                        ">BBHII", 0x80, 96 | last << 7, packets % 2**16, ticks, 0x5EED
                    )
                    writer.write(struct.pack(">BBH", 0x24, 0, 12 + len(payload)) + head + payload)
                    packets += 1
                await writer.drain()
                number += 1
        except OSError:
            pass
        finally:
            self.playing -= 1


def _payloads(of_picture):
    """RTP payloads (RFC 6184: single units and FU-A) and whether each is the picture's last."""
    for index, unit in enumerate(of_picture):
        is_last = index == len(of_picture) - 1
        if len(unit) <= _MOST_BYTES:
            yield unit, is_last
            continue
        indicator, kind, rest = unit[0] & 0xE0 | 28, unit[0] & 0x1F, unit[1:]
        for at in range(0, len(rest), _MOST_BYTES):
            ends = at + _MOST_BYTES >= len(rest)
            head = bytes((indicator, kind | (at == 0) << 7 | ends << 6))
            yield head + rest[at : at + _MOST_BYTES], is_last and ends


def _header(request, name):
    for line in request.split("\r\n"):
        key, _, value = line.partition(":")
        if key.strip().lower() == name:
            return value.strip()
    return ""
