"""MISB ST 0601 packets: framing, checksum, and each tag against the standard's own examples."""

from datetime import UTC, datetime

import pytest
from klv_writer import UNIVERSAL_KEY, ber_length, klv_set, running_sum

from detector.flights.klv_item import Tag, item_values
from detector.flights.klv_packet import KlvError, checksum, klv_packets, read_packet

# The packet that MISB ST 0902.5 prints in its annex, with its checksum.
PRINTED = bytes.fromhex(
    "060E2B34020B01010E0103010100000081D2020800046050584E0180030A4D697373696F6E20"
    "3132050271C20602FD3D070208B80A085072656461746F720B07454F204E6F73650C0E47656F"
    "64657469632057475338340D045595B66D0E045B5360C40F02C2211002CD9C1102D917120472"
    "4A0A20130487F84B86140400000000150403830926160212811704F101A229180414BC082B19"
    "0234F3301C01010102010703052F2F5553410C01070D060055005300411602000A4101065E22"
    "0170F592F02373364AF8AA9162C00F2EB2DA16B74341000841A0BE365B5AB96A36450102AA43"
)


def value(tag: int, raw: str) -> float | None:
    return item_values({tag: bytes.fromhex(raw)})[0][Tag(tag)]


@pytest.mark.parametrize(
    ("tag", "raw", "told"),
    [
        (5, "71C2", 159.974365),
        (6, "FD3D", -0.431531724),
        (7, "08B8", 3.40586566),
        (13, "5595B66D", 60.1768229669783),
        (14, "5B5360C4", 128.426759042045),
        (15, "C221", 14190.7195),
        (16, "CD9C", 144.571298),
        (17, "D917", 152.643626),
        (18, "724A0A20", 160.719211436975),
        (19, "87F84B86", -168.792324833941),
        (20, "7DC55ECE", 176.865437649394),
        (21, "03830926", 68590.98329874477),
        (25, "34F3", 3216.03723),
        # By hand: 49697 · 19900 / 65535 - 900, 2995 · 19900 / 65535 - 900.
        (75, "C221", 14190.7195),
        (78, "0BB3", 9.44533),
        # By hand: -10296590 · 90 / 2147483647, 81267935 · 90 / 2147483647.
        (90, "FF62E2F2", -0.43152510),
        (91, "04D80CDF", 3.40589981),
    ],
)
def test_each_tag_is_the_number_that_the_standard_gives(tag, raw, told):
    assert value(tag, raw) == pytest.approx(told, rel=1e-8, abs=5e-6)


@pytest.mark.parametrize(
    ("tag", "low", "high", "ends"),
    [
        (5, "0000", "FFFF", (0, 360)),
        (6, "8001", "7FFF", (-20, 20)),
        (7, "8001", "7FFF", (-50, 50)),
        (13, "80000001", "7FFFFFFF", (-90, 90)),
        (14, "80000001", "7FFFFFFF", (-180, 180)),
        (15, "0000", "FFFF", (-900, 19000)),
        (16, "0000", "FFFF", (0, 180)),
        (19, "80000001", "7FFFFFFF", (-180, 180)),
        (20, "00000000", "FFFFFFFF", (0, 360)),
        (21, "00000000", "FFFFFFFF", (0, 5_000_000)),
        (90, "80000001", "7FFFFFFF", (-90, 90)),
        (91, "80000001", "7FFFFFFF", (-90, 90)),
    ],
)
def test_the_ends_of_a_range_are_reached_exactly(tag, low, high, ends):
    assert (value(tag, low), value(tag, high)) == pytest.approx(ends, abs=1e-12)


@pytest.mark.parametrize("tag", [6, 7, 13, 14, 19, 90, 91])
def test_out_of_range_is_no_number(tag):
    width = 2 if tag in (6, 7) else 4
    assert value(tag, "80" + "00" * (width - 1)) is None


def test_an_empty_item_says_that_the_value_is_not_known():
    assert value(16, "") is None


def test_an_item_of_the_wrong_width_is_left_out_and_named():
    values, remarks = item_values({5: b"\x01\x02\x03\x04", 13: bytes(4), 3: b"any name"})
    assert values == {Tag.LATITUDE: 0}
    assert remarks == ["tag 5 has 4 bytes instead of 2: left out"]


def test_the_printed_packet_is_read_whole():
    packet = read_packet(PRINTED)
    assert packet.checked
    values, remarks = item_values(packet.items)
    assert remarks == []
    assert packet.items[3] == b"Mission 12"
    at = datetime.fromtimestamp(values[Tag.TIME_STAMP] / 1e6, UTC)
    assert at == datetime(2009, 1, 12, 22, 8, 22, tzinfo=UTC)
    assert values[Tag.LATITUDE] == pytest.approx(60.176822966978, abs=1e-12)
    assert values[Tag.SENSOR_ROLL] == 0
    assert checksum(PRINTED[:-2]) == 0xAA43


def test_the_writer_of_these_tests_agrees_with_the_printed_packet():
    assert running_sum(PRINTED[:-2]) == 0xAA43
    ours = klv_set({5: 159.974365, 13: 60.1768229669783, 15: 14190.7195})
    assert bytes.fromhex("050271C2") in ours
    assert bytes.fromhex("0D045595B66D") in ours
    assert bytes.fromhex("0F02C221") in ours


@pytest.mark.parametrize("size", [3, 127, 128, 300, 70_000])
def test_lengths_of_every_form_are_read(size):
    """Up to 127 in one byte, longer ones behind a count of bytes; odd and even sums."""
    packet = read_packet(klv_set({3: b"m" * size, 5: 90}))
    assert packet.items[3] == b"m" * size
    assert packet.items[5] == bytes.fromhex("4000")


def test_tags_beyond_127_take_two_bytes():
    packet = read_packet(klv_set({200: b"new", 16384 - 1: b"newer", 5: 0}))
    assert packet.items[200] == b"new"
    assert packet.items[16383] == b"newer"
    assert packet.items[5] == b"\x00\x00"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (klv_set({5: 90}, checksum=0x1234), "its checksum is 1234, its bytes give"),
        (klv_set({5: 90, 13: 34.6})[:-3], "cut short: 11 of its 14 bytes"),
        (UNIVERSAL_KEY, "cut short within its head"),
        (UNIVERSAL_KEY + b"\x82\x01", "cut short within a length"),
        (UNIVERSAL_KEY + b"\x80\x05\x02\x40\x00", "no length begins with 80"),
        (UNIVERSAL_KEY + b"\x04\x05\x09\x40\x00", "tag 5 would take 9 bytes, 2 are left"),
        (UNIVERSAL_KEY + b"\x06" + b"\xff" * 6, "a tag of more than five bytes"),
    ],
)
def test_a_broken_packet_is_refused_with_the_reason(data, reason):
    with pytest.raises(KlvError, match=reason):
        read_packet(data)


@pytest.mark.parametrize("bit", range(8))
def test_one_flipped_bit_is_noticed(bit):
    damaged = bytearray(PRINTED)
    damaged[60] ^= 1 << bit
    with pytest.raises(KlvError, match="checksum"):
        read_packet(bytes(damaged))


def test_a_packet_without_checksum_says_so():
    body = b"\x05\x02\x40\x00"
    packet = read_packet(UNIVERSAL_KEY + ber_length(len(body)) + body)
    assert not packet.checked
    assert packet.items == {5: b"\x40\x00"}


def test_packets_are_found_between_cells_and_other_keys():
    one, other = klv_set({5: 90}), klv_set({5: 180})
    foreign = bytes.fromhex("060E2B34020301010E01030302000000") + b"\x02\x01\x02"
    cell = bytes([0, 7, 0xDF, 0, len(other)])
    assert list(klv_packets(foreign + one + cell + other)) == [one, other]
    assert list(klv_packets(one + other[:20])) == [one, other[:20]]
    assert list(klv_packets(foreign)) == []
