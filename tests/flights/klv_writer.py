"""Writes local sets of MISB ST 0601, for the tests: the standard's formulas the other way round."""

from __future__ import annotations

UNIVERSAL_KEY = bytes.fromhex("060E2B34020B01010E01030101000000")

# Bytes, smallest and largest value. Signed items are those whose values lie around nought.
_MAPS = {
    5: (2, 0, 360),
    6: (2, -20, 20),
    7: (2, -50, 50),
    13: (4, -90, 90),
    14: (4, -180, 180),
    15: (2, -900, 19000),
    16: (2, 0, 180),
    17: (2, 0, 180),
    18: (4, 0, 360),
    19: (4, -180, 180),
    20: (4, 0, 360),
    21: (4, 0, 5_000_000),
    25: (2, -900, 19000),
    75: (2, -900, 19000),
    78: (2, -900, 19000),
    90: (4, -90, 90),
    91: (4, -90, 90),
}


def klv_set(values: dict[int, float | bytes], checksum: int | None = None) -> bytes:
    """A whole packet of the tags' values; bytes go in as they are. Tag 2 is in microseconds.

    `checksum` replaces the right one.
    """
    body = b"".join(_item(tag, _raw(tag, value)) for tag, value in values.items())
    body += b"\x01\x02"
    head = UNIVERSAL_KEY + ber_length(len(body) + 2) + body
    total = running_sum(head) if checksum is None else checksum
    return head + total.to_bytes(2, "big")


def running_sum(data: bytes) -> int:
    """The 16-bit sum of big-endian words, as section 6 of the standard has it."""
    padded = data + b"\x00" * (len(data) % 2)
    return sum(int.from_bytes(padded[i : i + 2], "big") for i in range(0, len(padded), 2)) % 65536


def ber_length(size: int) -> bytes:
    if size < 128:
        return bytes([size])
    short = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(short)]) + short


def _item(tag: int, raw: bytes) -> bytes:
    key = bytes([tag]) if tag < 128 else bytes([0x80 | tag >> 7, tag & 127])
    return key + ber_length(len(raw)) + raw


def _raw(tag: int, value: float | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    if tag == 2:
        return int(value).to_bytes(8, "big")
    size, low, high = _MAPS[tag]
    if low == -high:
        steps = 2 ** (8 * size - 1) - 1
        return round(value / high * steps).to_bytes(size, "big", signed=True)
    steps = 2 ** (8 * size) - 1
    return round((value - low) / (high - low) * steps).to_bytes(size, "big")
