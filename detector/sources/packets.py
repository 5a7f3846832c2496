"""Keeps the newest packets of a stream and cuts clips from them without re-encoding."""

from __future__ import annotations

import io
import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

import av
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from detector.types import Clip

_JUMP_S = 30.0  # no burst of packets is so long: the camera has set its clock


@dataclass(frozen=True, slots=True)
class _Kept:
    at: datetime
    data: bytes
    pts: int
    dts: int
    key: bool


class PacketKeeper:
    """Bounded by seconds and bytes. Holds copies only, so the connection may close at any time."""

    def __init__(self, keep_s: float, keep_bytes: int) -> None:
        self._keep, self._keep_bytes = timedelta(seconds=keep_s), keep_bytes
        self._lock = threading.Lock()
        self._kept: deque[_Kept] = deque()
        self._bytes = 0
        self._header = b""
        self._size = (0, 0)
        self._time_base = Fraction(1, 90000)
        self._jumped = 0  # ticks to add since the camera set its clock

    def restart(self) -> None:
        """Forgets all: a new connection may have another codec or time base."""
        with self._lock:
            self._kept.clear()
            self._bytes, self._header, self._jumped = 0, b"", 0

    def add(
        self, at: datetime, packet: Packet[VideoStream], stream: VideoStream, offset_s: float = 0.0
    ) -> None:
        """Keeps a packet; `offset_s` is the media time of the loops before it."""
        pts = packet.pts if packet.pts is not None else packet.dts
        if pts is None or self._keep_bytes == 0:
            return
        dts = packet.dts if packet.dts is not None else pts
        size = (stream.codec_context.width, stream.codec_context.height)
        if self._header and size != self._size:
            self.restart()
        if not self._header:
            if not packet.is_keyframe:
                return
            self._begin(packet, stream, size)
        shift = round(offset_s / self._time_base)
        self._follow_jump(at, dts + shift)
        shift += self._jumped
        kept = _Kept(at, bytes(packet), pts + shift, dts + shift, packet.is_keyframe)
        with self._lock:
            self._kept.append(kept)
            self._bytes += len(kept.data)
            while self._kept and (
                self._bytes > self._keep_bytes or at - self._kept[0].at > self._keep
            ):
                self._bytes -= len(self._kept.popleft().data)

    def _follow_jump(self, at: datetime, ticks: int) -> None:
        """Keeps the kept packets' times continuous, or a clip would have a hole of hours."""
        if not self._kept:
            return
        last = self._kept[-1]
        passed = round((at - last.at).total_seconds() / self._time_base)
        jump = last.dts + passed - (ticks + self._jumped)
        if abs(jump) * self._time_base > _JUMP_S:
            self._jumped += jump

    def _begin(
        self, packet: Packet[VideoStream], stream: VideoStream, size: tuple[int, int]
    ) -> None:
        self._size, self._time_base = size, stream.time_base or Fraction(1, 90000)
        first: Packet[Stream] = Packet(bytes(packet))
        first.pts = first.dts = 0
        first.time_base, first.is_keyframe = self._time_base, True
        buffer = io.BytesIO()
        with av.open(buffer, "w", format="nut") as out:
            first.stream = out.add_stream_from_template(stream)
            out.mux(first)
        self._header = buffer.getvalue()

    def clip(self, from_at: datetime, to_at: datetime) -> Clip | None:
        """The kept packets of that span, from the keyframe before it; None: nothing kept."""
        with self._lock:
            kept, header, time_base = list(self._kept), self._header, self._time_base
        keys = [i for i, p in enumerate(kept) if p.key and p.at <= to_at]
        if not keys:
            return None
        first = max((i for i in keys if kept[i].at <= from_at), default=keys[0])
        chosen = [p for p in kept[first:] if p.at <= to_at]
        if chosen[-1].at < from_at:
            return None
        for container, format_name in (("mp4", "mp4"), ("mkv", "matroska")):
            try:
                data = _mux(header, chosen, time_base, format_name)
            except (av.FFmpegError, ValueError):
                continue
            return Clip(
                data=data, container=container, starts_at=chosen[0].at, ends_at=chosen[-1].at
            )
        return None


def _mux(header: bytes, chosen: list[_Kept], time_base: Fraction, format_name: str) -> bytes:
    buffer = io.BytesIO()
    with (
        av.open(io.BytesIO(header), "r", format="nut") as template,
        av.open(buffer, "w", format=format_name) as out,
    ):
        stream = out.add_stream_from_template(template.streams.video[0])
        zero, last = chosen[0].dts, -1
        for kept in chosen:
            packet: Packet[Stream] = Packet(kept.data)
            packet.time_base, packet.is_keyframe = time_base, kept.key
            last = max(kept.dts - zero, last + 1)
            packet.dts, packet.pts = last, max(kept.pts - zero, last)
            packet.stream = stream
            out.mux(packet)
    return buffer.getvalue()
