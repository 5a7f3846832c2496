"""KLV packets out of a video, each with its time in the video."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer

from detector.flights.errors import FlightError
from detector.flights.klv_packet import SMPTE_PREFIX, UNIVERSAL_KEY, klv_packets

_CELL_HEAD = 5  # bytes before a synchronous packet, taken off by FFmpeg whether there or not


@dataclass(frozen=True, slots=True, kw_only=True)
class KlvPiece:
    """An ST 0601 packet, from its key on; numbers count from 1 in the order of the stream.

    Without the key: something that should have been a packet.
    """

    number: int
    video_s: float
    data: bytes


def klv_pieces(path: Path) -> tuple[KlvPiece, ...]:
    """All packets of the first stream that has any, synchronous or asynchronous; empty: none has.

    A packet without a time of its own gets that of the picture before it in the file.
    Raises FlightError naming a video that cannot be read.
    """
    found: dict[int, list[tuple[float, bytes]]] = {}
    try:
        with av.open(str(path)) as container:
            for index, at_s, data in _data(container):
                found.setdefault(index, []).extend((at_s, piece) for piece in _pieces(data))
    except (av.FFmpegError, IndexError, OSError) as error:
        raise FlightError(f"{path.name}: cannot be read as a video") from error
    for _, pieces in sorted(found.items()):
        if any(piece.startswith(UNIVERSAL_KEY) for _, piece in pieces):
            return tuple(
                KlvPiece(number=number, video_s=at_s, data=piece)
                for number, (at_s, piece) in enumerate(pieces, 1)
            )
    return ()


def _data(container: InputContainer) -> list[tuple[int, float, bytes]]:
    """(stream, seconds of the video, bytes) of each data packet, in the file's order."""
    video = container.streams.video[0]
    carriers = list(container.streams.data)
    if not carriers:
        return []
    start_s = float((video.start_time or 0) * (video.time_base or 1))
    pictures: list[tuple[int, float]] = []  # where each lies in the file, and its time
    found: list[tuple[int, float | None, int, bytes]] = []
    for packet in container.demux([video, *carriers]):
        ticks = packet.pts if packet.pts is not None else packet.dts
        at_s = None if ticks is None else float(ticks * packet.time_base) - start_s
        place = packet.pos or 0
        if packet.stream.index != video.index:
            if packet.size:
                found.append((packet.stream.index, at_s, place, bytes(packet)))
        elif at_s is not None and packet.size:
            pictures.append((place, at_s))
    return [
        (index, _seen_s(pictures, place) if at_s is None else at_s, data)
        for index, at_s, place, data in found
    ]


def _seen_s(pictures: list[tuple[int, float]], place: int) -> float:
    """The time of the last picture that begins before a place in the file."""
    behind = bisect_right(pictures, place, key=lambda picture: picture[0])
    return pictures[behind - 1][1] if behind else 0.0


def _pieces(data: bytes) -> Iterator[bytes]:
    if data.startswith(UNIVERSAL_KEY[_CELL_HEAD:]):
        data = UNIVERSAL_KEY[:_CELL_HEAD] + data
    packets = list(klv_packets(data))
    if packets:
        yield from packets
    elif SMPTE_PREFIX not in data:  # with it, a packet of another standard
        yield data
