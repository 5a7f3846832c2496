"""Decoding, EXIF, folders and pushes."""

from __future__ import annotations

import os
import random
import struct
from datetime import UTC, datetime, timedelta

import cv2
import pytest
from making import jpeg, picture, with_exif

from detector.sources.exif import Exif, read_exif
from detector.sources.folder import FolderConfig, FolderSource
from detector.sources.picture import decode_picture
from detector.sources.push import Overloaded, PushConfig, PushSource
from detector.types import Frame, PictureError, Pose

TAKEN = datetime(2026, 5, 1, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp"])
def test_decodes_and_refuses_the_truncated(suffix):
    data = cv2.imencode(suffix, picture())[1].tobytes()
    assert decode_picture(data, "a").shape == (240, 320, 3)
    with pytest.raises(PictureError, match=r"a\.x"):
        decode_picture(data[: len(data) * 2 // 3], "a.x")


def test_bombs_are_refused_by_their_header():
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 10_000, 10_000) + b"\0" * 40
    with pytest.raises(PictureError, match=r"bomb\.png: 10000x10000"):
        decode_picture(bomb, "bomb.png")
    with pytest.raises(PictureError, match="bytes"):
        decode_picture(jpeg(), "a", max_bytes=10)
    for junk in (b"", b"\xff\xd8", b"\xff\xd8\xff", b"BM", b"RIFF0000WEBPVP8 ", b"GIF89a"):
        with pytest.raises(PictureError):
            decode_picture(junk, "junk")


def bomb():
    """A PNG that says it is 10,000 pixels square: 100 megapixels."""
    header = struct.pack(">4sIIBBBBB", b"IHDR", 10_000, 10_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + b"\0" * 4 + b"\0\0\0\0IEND"


def test_a_bomb_stops_neither_its_neighbours_nor_later_uploads(tmp_path):
    (tmp_path / "a.png").write_bytes(bomb())
    (tmp_path / "b.jpg").write_bytes(jpeg(1))
    (tmp_path / "c.jpg").write_bytes(b"not a picture")
    source = folder(tmp_path)
    assert len(drain(source)) == 1
    reason = source.health().reason
    assert "a.png: 10000x10000 pixels, more than the allowed" in reason
    assert "c.jpg: not a readable" in reason
    inbox = push(tmp_path / "spool")
    with pytest.raises(PictureError, match="upload from app: 10000x10000"):
        inbox.submit(bomb(), None, None, "app")
    assert not inbox.submit(jpeg(1), None, None, "app").duplicate


def test_exif_time_and_place():
    exif = read_exif(with_exif(jpeg()))
    assert exif.captured_at == TAKEN
    assert exif.lat_deg == pytest.approx(31 + 14 / 60)
    assert exif.lon_deg == pytest.approx(121 + 28 / 60)
    assert read_exif(jpeg()) == Exif()


def test_exif_survives_garbage():
    rng, data = random.Random(3), with_exif(jpeg())
    for _ in range(2000):
        broken = bytearray(data[:400])
        for _ in range(6):
            broken[rng.randrange(2, 300)] = rng.randrange(256)
        read_exif(bytes(broken[: rng.randrange(400)]))


def folder(tmp_path, seen=lambda key: False, **fields):
    source = FolderSource(
        FolderConfig(**{"id": "f", "path": tmp_path, "settle_s": 0, "rescan_s": 0, **fields}), seen
    )
    source.start()
    return source


def drain(source):
    frames = []
    while isinstance(frame := source.look(), Frame):
        frames.append(frame)
    return frames


def test_folder_examines_each_picture_once(tmp_path):
    (tmp_path / "a.jpg").write_bytes(with_exif(jpeg(1)))
    (tmp_path / "b.jpg").write_bytes(jpeg(2))
    (tmp_path / "copy.jpg").write_bytes(jpeg(2))
    (tmp_path / "bad.jpg").write_bytes(jpeg(3)[:500])
    source = folder(tmp_path, moving=True)
    frames = drain(source)
    assert len(frames) == 2
    assert frames[0].captured_at == TAKEN
    assert frames[0].pose is not None
    assert frames[1].pose is None
    assert "bad.jpg" in source.health().reason
    assert drain(source) == []
    keys = {f.origin_key for f in frames}
    assert drain(folder(tmp_path, seen=keys.__contains__)) == []
    assert len(drain(folder(tmp_path))) == 2  # not recorded: comes again
    (tmp_path / "bad.jpg").write_bytes(jpeg(3))
    assert len(drain(source)) == 1
    assert source.health().reason == ""


def test_folder_waits_for_half_written(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg()[:100])
    source = folder(tmp_path, settle_s=0.2)
    assert source.look() is None
    path.write_bytes(jpeg())
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert source.look() is None
    import time

    time.sleep(0.25)
    frame = source.look()
    assert isinstance(frame, Frame)
    assert frame.captured_at == datetime.fromtimestamp(1_700_000_000, UTC)


def push(tmp_path, seen=lambda key: False, **fields):
    source = PushSource(PushConfig(id="p", **fields), seen, tmp_path)
    source.start()
    return source


def test_push_survives_a_restart_until_done(tmp_path):
    source = push(tmp_path, moving=True)
    pose = Pose(lat_deg=31, lon_deg=121, gimbal_pitch_deg=-90)
    at = TAKEN + timedelta(hours=1)
    receipt = source.submit(jpeg(1), at, pose, "app")
    assert not receipt.duplicate
    assert source.submit(jpeg(1), at, pose, "app").duplicate
    assert isinstance(source.look(), Frame)
    again = push(tmp_path, moving=True)
    frame = again.look()
    assert isinstance(frame, Frame)
    assert (frame.captured_at, frame.pose, frame.clock) == (at, pose, "sender")
    assert frame.origin_key == receipt.origin_key
    again.done(receipt.origin_key)
    again.done("push:p:../../etc")
    assert list((tmp_path / "p").iterdir()) == []
    assert push(tmp_path).look() is None


def test_push_uses_exif_knows_the_seen_and_is_bounded(tmp_path):
    source = push(tmp_path, moving=True, inbox_max=1)
    source.submit(with_exif(jpeg(1)), None, None, "app")
    with pytest.raises(Overloaded):
        source.submit(jpeg(2), None, None, "app")
    with pytest.raises(PictureError, match="app"):
        source.submit(b"junk", None, None, "app")
    frame = source.look()
    assert isinstance(frame, Frame)
    assert frame.captured_at == TAKEN
    assert frame.pose is not None
    known = push(tmp_path / "other", seen=lambda key: True)
    assert known.submit(jpeg(5), None, None, "app").duplicate


def test_push_sets_damaged_spool_files_aside(tmp_path):
    source = push(tmp_path)
    name = source.submit(jpeg(1), None, None, "app").origin_key.rpartition(":")[2]
    (tmp_path / "p" / f"{name}.bin").write_bytes(b"damaged")
    source.submit(jpeg(2), None, None, "app")
    assert isinstance(source.look(), Frame)
    assert (tmp_path / "p" / f"{name}.bin.bad").exists()
    assert name[:12] in source.health().reason
