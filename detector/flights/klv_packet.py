"""One packet of MISB ST 0601: the universal key, a length, and items of tag, length and value.

Lengths are BER, tags BER-OID (SMPTE ST 336); the last item is a checksum over all before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

UNIVERSAL_KEY = bytes.fromhex("060E2B34020B01010E01030101000000")
SMPTE_PREFIX = UNIVERSAL_KEY[:4]  # every KLV packet's, of whatever standard
_CHECKSUM = 1


class KlvError(Exception):
    """Why a packet cannot be used, without the packet's number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KlvPacket:
    """The raw values by tag; of a tag that came twice the last. `checked`: it had a checksum."""

    items: dict[int, bytes]
    checked: bool


def klv_packets(data: bytes) -> Iterator[bytes]:
    """The ST 0601 packets in a stream packet's data; the last one as far as it goes.

    What lies between them, other keys and the cells of synchronous carriage, is passed over.
    """
    at = data.find(UNIVERSAL_KEY)
    while at >= 0:
        try:
            size, begins = _length(data, at + len(UNIVERSAL_KEY))
        except KlvError:
            size, begins = len(data), at
        yield data[at : begins + size]
        at = data.find(UNIVERSAL_KEY, begins + size)


def read_packet(data: bytes) -> KlvPacket:
    """A packet from its key on. Raises KlvError where it is cut short, damaged or does not
    agree with its checksum."""
    size, at = _length(data, len(UNIVERSAL_KEY))
    if len(data) - at < size:
        raise KlvError(f"cut short: {len(data) - at} of its {size} bytes are there")
    items: dict[int, bytes] = {}
    end = at + size
    while at < end:
        tag, at = _tag(data, at)
        length, at = _length(data, at)
        if at + length > end:
            raise KlvError(f"damaged: tag {tag} would take {length} bytes, {end - at} are left")
        items[tag] = data[at : at + length]
        if tag == _CHECKSUM:
            _check(data[:at], items[tag])
        at += length
    return KlvPacket(items=items, checked=_CHECKSUM in items)


def checksum(data: bytes) -> int:
    """The 16-bit sum of a packet up to the length of its checksum: every other byte, from the
    first, counts 256 times."""
    return (sum(data[0::2]) * 256 + sum(data[1::2])) % 65536


def _check(before: bytes, told: bytes) -> None:
    found = checksum(before)
    if len(told) != 2 or int.from_bytes(told, "big") != found:
        raise KlvError(f"its checksum is {told.hex().upper()}, its bytes give {found:04X}")


def _length(data: bytes, at: int) -> tuple[int, int]:
    """A BER length and where it ends."""
    first = _byte(data, at)
    if first < 0x80:
        return first, at + 1
    size = first & 0x7F
    if size == 0 or size > 8:
        raise KlvError(f"damaged: no length begins with {first:02X}")
    if at + 1 + size > len(data):
        raise KlvError("cut short within a length")
    return int.from_bytes(data[at + 1 : at + 1 + size], "big"), at + 1 + size


def _tag(data: bytes, at: int) -> tuple[int, int]:
    """A BER-OID tag, seven bits a byte, and where it ends."""
    tag = 0
    for _ in range(5):
        byte = _byte(data, at)
        at += 1
        tag = tag << 7 | byte & 0x7F
        if byte < 0x80:
            return tag, at
    raise KlvError("damaged: a tag of more than five bytes")


def _byte(data: bytes, at: int) -> int:
    if at >= len(data):
        raise KlvError("cut short within its head")
    return data[at]
