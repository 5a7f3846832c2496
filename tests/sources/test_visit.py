"""Which packets of a connection make its first keyframe."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from av.packet import Packet
from rtsp_street import encoded, units

from detector.sources.first_slice import begins_picture
from detector.sources.visit import first_keyframe

SIZE = (320, 240)
START = b"\x00\x00\x00\x01"
H264 = SimpleNamespace(codec_context=SimpleNamespace(name="h264", extradata=None))


@pytest.fixture(scope="module")
def pictures():
    """Two seconds in four slices a picture, each picture as a list of NAL units."""
    return [[START + u for u in units(data)] for data, _ in encoded(SIZE, lasts_s=2, slices=4)]


def packet(data: bytes, *, is_keyframe: bool = True) -> Packet:
    one = Packet(data)
    one.is_keyframe = is_keyframe
    return one


def in_pieces(nal_units: list[bytes]) -> list[Packet]:
    """As FFmpeg hands them out where a camera repeats its parameter sets before each slice."""
    sets = b"".join(u for u in nal_units if u[4] & 0x1F in (7, 8))
    return [packet(sets + u) for u in nal_units if u[4] & 0x1F == 5]


def keyframe_of(packets):
    return first_keyframe(iter(packets), H264, threading.Event(), 60)


def whole(keyframe) -> bool:
    picture = keyframe.picture()
    return picture is not None and (picture.width, picture.height) == SIZE


def test_a_picture_begins_with_its_first_slice(pictures):
    pieces = in_pieces(pictures[0])
    assert [begins_picture(bytes(p), "h264") for p in pieces] == [True, False, False, False]
    assert all(begins_picture(b"".join(picture), "h264") for picture in pictures)


def test_an_hevc_picture_begins_with_its_first_segment():
    parameters, first, second = b"\x40\x01\x0c", b"\x26\x01\xaf\x00\x00", b"\x26\x01\x2f\x00\x00"
    assert begins_picture(START + parameters + START + first, "hevc")
    assert not begins_picture(START + parameters + START + second, "hevc")


def test_what_cannot_be_told_begins_a_picture():
    assert begins_picture(b"\xff\xd8 a JPEG \x00\x00\x01\x05\x00", "mjpeg")
    assert begins_picture(b"\x00\x00\x12\x34 a whole picture of FLV", "h264")
    assert begins_picture(b"", "h264")


def test_a_whole_keyframe_is_taken_as_it_is(pictures):
    ahead = packet(b"".join(pictures[0]))
    assert whole(keyframe_of([ahead, packet(b"".join(pictures[1]), is_keyframe=False)]))


def test_pieces_are_joined(pictures):
    keyframe = keyframe_of([*in_pieces(pictures[0]), packet(pictures[1][-1], is_keyframe=False)])
    assert whole(keyframe)


def test_two_keyframes_in_a_row_are_not_joined(pictures):
    first, second = b"".join(pictures[0]), b"".join(pictures[10])
    keyframe = keyframe_of([packet(first), packet(second)])
    assert keyframe.data == first
    assert whole(keyframe)


def test_who_connects_amid_a_keyframe_waits_for_the_next(pictures):
    rest_of_first = in_pieces(pictures[0])[2:]
    between = [packet(b"".join(p), is_keyframe=False) for p in pictures[1:10]]
    keyframe = keyframe_of([*rest_of_first, *between, *in_pieces(pictures[10])])
    assert whole(keyframe)


def test_none_when_no_keyframe_comes(pictures):
    between = [packet(b"".join(p), is_keyframe=False) for p in pictures[1:10]]
    assert keyframe_of(between) is None
    stop = threading.Event()
    stop.set()
    endless = iter(lambda: between[0], None)
    assert first_keyframe(endless, H264, stop, 60) is None
    assert first_keyframe(endless, H264, threading.Event(), 0) is None
