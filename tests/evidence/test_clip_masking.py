"""A clip as masked pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detector.evidence import MaskingConfig, ShownClipConfig, masked_clip
from detector.evidence.jpeg import decode_jpeg
from detector.types import ConfigError, Detections, PictureError
from tests.evidence.made_video import FACE_PX, FPS, face_is_readable, video

PERSON_PX = (180.0, 40.0, 240.0, 170.0)  # its head is where the face is


def person(seen: bool, classes: tuple[str, ...] = ("person",)) -> Detections:
    if not seen:
        return Detections.empty(classes)
    return Detections(
        xyxy_px=np.array([PERSON_PX], np.float32),
        score=np.array([0.6], np.float32),
        class_id=np.zeros(1, np.int32),
        classes=classes,
    )


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return video(tmp_path_factory.mktemp("film") / "street.mp4", seconds=3)


def test_a_face_is_hidden_in_every_picture_and_the_street_is_not(film: bytes):
    found = list(masked_clip(film, lambda image: person(True), MaskingConfig(), ShownClipConfig()))
    assert [round(each.offset_s, 2) for each in found] == pytest.approx(
        [0.25 * n for n in range(12)], abs=1 / FPS
    )
    for each in found:
        image = decode_jpeg(each.jpeg, "shown")
        assert not face_is_readable(image)
        assert image[:, :150].std() > 20  # the rest of the street


def test_who_is_missed_in_one_picture_stays_hidden(film: bytes):
    seen = iter([True, False, True, False, False, False] + [True] * 6)
    found = masked_clip(film, lambda image: person(next(seen)), MaskingConfig(), ShownClipConfig())
    readable = [face_is_readable(decode_jpeg(each.jpeg, "shown")) for each in found]
    assert readable[:4] == [False] * 4
    assert readable[4]  # nobody was seen there, nor before it, nor after it


def test_what_is_private_is_covered(film: bytes):
    x1, y1, x2, y2 = (v / s for v, s in zip(FACE_PX, (320, 180, 320, 180), strict=True))
    polygon = ((x1, y1), (x2, y1), (x2, y2), (x1, y2))
    found = masked_clip(
        film, lambda image: person(False), MaskingConfig(), ShownClipConfig(), [polygon]
    )
    assert not any(face_is_readable(decode_jpeg(each.jpeg, "shown")) for each in found)


def test_it_is_no_longer_than_allowed(film: bytes):
    config = ShownClipConfig(most_pictures=5, longest_px=320)
    assert len(list(masked_clip(film, lambda i: person(True), MaskingConfig(), config))) == 5


def test_nothing_is_shown_where_nobody_looked_for_people(film: bytes):
    cars = person(False, ("car",))
    with pytest.raises(ConfigError, match="person"):
        next(masked_clip(film, lambda image: cars, MaskingConfig(), ShownClipConfig()))


@pytest.mark.parametrize("data", [b"", b"no video at all" * 50])
def test_what_is_no_video_is_refused(data: bytes):
    with pytest.raises(PictureError, match="clip"):
        next(masked_clip(data, lambda image: person(True), MaskingConfig(), ShownClipConfig()))


def test_a_clip_that_is_cut_off_is_shown_as_far_as_it_goes(tmp_path: Path):
    whole = video(tmp_path / "long.ts", seconds=4)
    see = lambda image: person(True)  # noqa: E731
    half = whole[: len(whole) // 2]
    found = list(masked_clip(half, see, MaskingConfig(), ShownClipConfig()))
    assert 2 <= len(found) < 16
