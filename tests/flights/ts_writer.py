"""Writes a transport stream byte by byte: PAT, PMT, MPEG-2 video and a KLV stream.

PyAV muxes KLV too, but only in the one way that its library chooses; the field has others.
After ISO/IEC 13818-1 and MISB ST 1402.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

PMT_PID, VIDEO_PID, KLV_PID = 0x1000, 0x100, 0x101
FRAMES_S = 25
_CLOCK = 90_000
_START = 10 * _CLOCK  # streams seldom begin at nought

REGISTRATION = b"\x05\x04KLVA"
# Format identifier KLVA, service 0; then leak rates and the buffer's size.
METADATA = b"\x26\x09\x01\x00\xffKLVA\x00\x0f" + b"\x27\x09" + b"\xc0\x00\x00" * 3


@dataclass(frozen=True)
class Carriage:
    """How the KLV lies in the stream."""

    stream_type: int
    stream_id: int
    descriptors: bytes
    wrapped: bool  # in access unit cells
    timed: bool = True  # with a presentation time


SYNCHRONOUS = Carriage(0x15, 0xFC, METADATA, wrapped=True)
ASYNCHRONOUS = Carriage(0x06, 0xBD, REGISTRATION, wrapped=False)
UNTIMED = Carriage(0x06, 0xBD, REGISTRATION, wrapped=False, timed=False)
UNWRAPPED = Carriage(0x15, 0xFC, METADATA, wrapped=False)  # against the standard, but met


def write_ts(
    path: Path,
    pictures: Sequence[np.ndarray],
    packets: Sequence[tuple[float, bytes | list[bytes]]],
    carriage: Carriage = ASYNCHRONOUS,
    gop: int = 12,
) -> Path:
    """Pictures (H, W, 3) BGR at 25 a second, and packets (seconds, KLV sets) in their order.

    Several sets in one packet lie behind each other, each in a cell of its own if wrapped.
    """
    out = _Packets()
    waiting = sorted(packets, key=lambda packet: packet[0])
    out.section(0, _pat())
    out.section(PMT_PID, _pmt(carriage))
    for at, data in _encoded(pictures, gop):
        while waiting and waiting[0][0] * _CLOCK <= at:
            seconds, sets = waiting.pop(0)
            out.pes(KLV_PID, _klv_pes(seconds, sets, carriage, out))
        out.pes(VIDEO_PID, _pes(0xE0, data, _START + at), pcr=_START + at - _CLOCK // 2)
    for seconds, sets in waiting:
        out.pes(KLV_PID, _klv_pes(seconds, sets, carriage, out))
    path.write_bytes(bytes(out.data))
    return path


class _Packets:
    def __init__(self) -> None:
        self.data = bytearray()
        self.cells = 0
        self._counters: dict[int, int] = {}

    def section(self, pid: int, section: bytes) -> None:
        self._packet(pid, (b"\x00" + section).ljust(184, b"\xff"), begins=True)

    def pes(self, pid: int, data: bytes, pcr: int | None = None) -> None:
        begins = True
        while data:
            room = 184 - (8 if pcr is not None else 0)
            part, data = data[:room], data[room:]
            self._packet(pid, part, begins, pcr)
            begins, pcr = False, None

    def _packet(self, pid: int, payload: bytes, begins: bool, pcr: int | None = None) -> None:
        counter = self._counters.get(pid, 0)
        self._counters[pid] = (counter + 1) % 16
        field = b""
        if pcr is not None or len(payload) < 184:
            field = self._adaptation(184 - len(payload), pcr)
        head = bytes([0x47, (0x40 if begins else 0) | pid >> 8, pid & 255])
        self.data += head + bytes([(0x30 if field else 0x10) | counter]) + field + payload

    @staticmethod
    def _adaptation(size: int, pcr: int | None) -> bytes:
        if size == 1:
            return b"\x00"
        body = b"\x00"
        if pcr is not None:
            body = b"\x10" + ((pcr & (2**33 - 1)) << 15 | 0x3F << 9).to_bytes(6, "big")
        return bytes([size - 1]) + body.ljust(size - 1, b"\xff")


def _klv_pes(at: float, sets: bytes | list[bytes], carriage: Carriage, out: _Packets) -> bytes:
    data = b""
    for one in [sets] if isinstance(sets, bytes) else sets:
        if carriage.wrapped:
            # Service, sequence number, "complete, may be begun with", length.
            data += bytes([0, out.cells % 256, 0xDF]) + len(one).to_bytes(2, "big")
            out.cells += 1
        data += one
    pts = _START + round(at * _CLOCK) if carriage.timed else None
    return _pes(carriage.stream_id, data, pts)


def _pes(stream_id: int, data: bytes, pts: int | None) -> bytes:
    times = b""
    if pts is not None:
        times = bytes([0x21 | (pts >> 29 & 0x0E), pts >> 22 & 0xFF, 1 | (pts >> 14 & 0xFE)])
        times += bytes([pts >> 7 & 0xFF, 1 | (pts << 1 & 0xFE)])
    head = bytes([0x84, 0x80 if times else 0, len(times)]) + times
    size = len(head) + len(data)
    size = size if size < 65536 else 0
    return b"\x00\x00\x01" + bytes([stream_id]) + size.to_bytes(2, "big") + head + data


def _pat() -> bytes:
    return _section(0x00, b"\x00\x01" + (0xE000 | PMT_PID).to_bytes(2, "big"))


def _pmt(carriage: Carriage) -> bytes:
    body = (0xE000 | VIDEO_PID).to_bytes(2, "big") + b"\xf0\x00"
    for kind, pid, descriptors in (
        (0x02, VIDEO_PID, b""),
        (carriage.stream_type, KLV_PID, carriage.descriptors),
    ):
        body += bytes([kind]) + (0xE000 | pid).to_bytes(2, "big")
        body += (0xF000 | len(descriptors)).to_bytes(2, "big") + descriptors
    return _section(0x02, body)


def _section(table: int, body: bytes) -> bytes:
    inner = b"\x00\x01\xc1\x00\x00" + body
    whole = bytes([table]) + (0xB000 | len(inner) + 4).to_bytes(2, "big") + inner
    return whole + _crc(whole).to_bytes(4, "big")


def _crc(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


def _encoded(pictures: Sequence[np.ndarray], gop: int) -> list[tuple[int, bytes]]:
    """(ticks, data) of each picture."""
    coder = av.CodecContext.create("mpeg2video", "w")
    coder.height, coder.width = pictures[0].shape[:2]
    coder.pix_fmt, coder.framerate, coder.gop_size = "yuv420p", FRAMES_S, gop
    coder.bit_rate = 4_000_000
    found = []
    for picture in [*pictures, None]:
        frame = None if picture is None else av.VideoFrame.from_ndarray(picture, "bgr24")
        found += [bytes(packet) for packet in coder.encode(frame)]
    return [(i * _CLOCK // FRAMES_S, data) for i, data in enumerate(found)]
