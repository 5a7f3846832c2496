from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from pydantic import ValidationError

from detector.evidence import AnnotationConfig, Caption, Mark, annotate
from detector.evidence.annotation import _lines
from detector.evidence.lettering import draw_text, fitted, text_width_px
from detector.types import Box

CAPTION = Caption(
    title="占道经营 · stall 0.83",
    taken_at=datetime(2026, 11, 24, 2, 15, 3, tzinfo=UTC),
    clock="wall",
    source_name="通灌路口",
    zone_name="人行道",
)
CONFIG = AnnotationConfig()


def _drawn(text):
    image = np.zeros((40, 200, 3), np.uint8)
    draw_text(image, text, (2, 2), 24, (255, 255, 255))
    return image


def test_chinese_is_no_question_mark():
    pictures = [_drawn(text) for text in ("占道", "经营", "??", "？？")]
    assert all(picture.any() for picture in pictures)
    for index, picture in enumerate(pictures):
        assert all((picture != other).any() for other in pictures[:index])


def test_long_text_is_cut_with_an_ellipsis():
    cut = fitted("通灌路" * 30, 16, 200)
    assert cut.endswith("…")
    assert text_width_px(cut, 16) <= 200
    assert fitted("short", 16, 200) == "short"
    assert fitted("x", 16, 0) == "…"


def test_the_time_carries_its_zone_and_clock():
    assert "2026-11-24 10:15:03 +0800" in _lines(CAPTION, CONFIG)
    utc = AnnotationConfig(time_zone="UTC")
    streamed = Caption(
        title="", taken_at=CAPTION.taken_at, clock="stream", source_name="a", zone_name=None
    )
    assert _lines(streamed, utc) == ["", "2026-11-24 02:15:03 +0000 (stream clock)", "a"]


def test_an_unknown_time_zone_is_refused():
    for name in ("Asia/Lianyungang", "../etc", ""):
        with pytest.raises(ValidationError, match="time zone"):
            AnnotationConfig(time_zone=name)


def test_the_strip_covers_nothing(noise):
    annotated = annotate(noise, [], CAPTION, CONFIG)
    assert annotated.shape[0] > 480
    assert annotated.shape[1:] == noise.shape[1:]
    assert (annotated[:480] == noise).all()
    assert annotated[480:].max() > 200


def test_boxes_are_drawn_on_a_copy_and_their_inside_stays(noise):
    before = noise.copy()
    mark = Mark(box_px=Box(200, 200, 400, 400), label="stall 0.83")
    annotated = annotate(noise, [mark], CAPTION, CONFIG)
    assert (noise == before).all()
    assert (annotated[210:390, 210:390] == noise[210:390, 210:390]).all()
    assert tuple(annotated[300, 200]) == (66, 228, 240)


@pytest.mark.parametrize("background", [0, 127, 255])
def test_a_box_stands_out_of_any_background(background):
    """Either the bright line or its black casing differs from the background by a lot."""
    image = np.full((480, 640, 3), background, np.uint8)
    annotated = annotate(image, [Mark(box_px=Box(200, 200, 400, 400), label="")], CAPTION, CONFIG)
    profile = annotated[300, 190:210].astype(int).sum(axis=1)
    assert np.abs(profile - 3 * background).max() > 250


@pytest.mark.parametrize("size", [(40, 30), (200, 60), (1080, 1920), (1, 1)])
def test_any_size_and_boxes_over_the_edge(size):
    image = np.zeros((*size, 3), np.uint8)
    marks = [
        Mark(box_px=Box(-20, -20, 10, 10), label="占道经营 0.83"),
        Mark(box_px=Box(size[1] - 5, size[0] - 5, size[1] + 50, size[0] + 50), label="cart"),
        Mark(box_px=Box(2, 2, 8, 8), label="person", subject=False),
    ]
    annotated = annotate(image, marks, CAPTION, CONFIG)
    assert annotated.shape[1] == size[1]
    assert annotated.shape[0] > size[0]
