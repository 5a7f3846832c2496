"""The first keyframe of a connection that is let go once it has come."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from av.packet import Packet
from av.video.stream import VideoStream

from detector.sources.first_slice import CODECS, begins_picture
from detector.sources.keyframe import Keyframe


def first_keyframe(
    packets: Iterable[Packet[VideoStream]], stream: VideoStream, stop: threading.Event, for_s: float
) -> Keyframe | None:
    """Reads until a whole keyframe has come, in one packet or in several. None: `stop` was set,
    `for_s` seconds have passed, or the packets have ended before."""
    ends_s, codec = time.monotonic() + for_s, stream.codec_context.name
    pieces: list[Packet[VideoStream]] = []
    for packet in packets:
        is_piece = bool(packet.size) and packet.is_keyframe and not packet.is_corrupt
        begins = is_piece and begins_picture(bytes(packet), codec)
        if pieces and (begins or not is_piece):
            break  # it was whole
        if begins or (is_piece and pieces):  # who connects amid a picture waits for the next one
            pieces.append(packet)
            if codec not in CODECS:
                break
        if stop.is_set() or time.monotonic() > ends_s:
            break
    return Keyframe.of(pieces, stream) if pieces else None
