"""When a camera cannot be trusted."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from making import picture

from detector.sources.trust import TrustCheck, TrustConfig
from detector.types import BlindReason, Frame

START = datetime(2026, 5, 1, tzinfo=UTC)
SHARED = Path(os.environ.get("XUNJIE_SHARED", Path(__file__).parents[3] / "shared"))
CLIPS = sorted((SHARED / "data" / "clips").glob("*")) if SHARED.exists() else []


def frame(image, number=0):
    return Frame(
        source_id="a",
        seq=number,
        captured_at=START + timedelta(seconds=10 * number),
        clock="wall",
        image=image,
    )


def noisy(image, seed):
    noise = np.random.default_rng(seed).integers(-4, 5, image.shape)
    return np.clip(image.astype(int) + noise, 0, 255).astype(np.uint8)


def feed(check, images, first=0):
    verdicts = [check.check(frame(image, first + i)) for i, image in enumerate(images)]
    return [v[0] if v else None for v in verdicts]


def usual(count, seed=0):
    return [noisy(picture(seed, 640, 480), i) for i in range(count)]


def test_black_and_overexposed():
    check = TrustCheck()
    assert feed(check, [np.full((480, 640, 3), 3, np.uint8)]) == [BlindReason.BLACK]
    assert feed(check, [np.full((480, 640, 3), 252, np.uint8)]) == [BlindReason.OVEREXPOSED]
    night = np.full((480, 640, 3), 4, np.uint8)
    night[::60, ::40] = 255
    cv2.rectangle(night, (100, 100), (300, 200), (90, 140, 200), -1)
    assert feed(check, [night]) == [None]


def test_blurred_against_its_own_usual():
    check = TrustCheck()
    assert feed(check, usual(8)) == [None] * 8
    blurred = [cv2.GaussianBlur(image, (0, 0), 25) for image in usual(3)]
    assert feed(check, blurred, 8) == [BlindReason.BLURRED] * 3
    assert feed(check, usual(1), 11) == [None]


def test_frozen_only_where_asked():
    same = [picture(0, 640, 480)] * 9
    verdicts = feed(TrustCheck(), same)
    assert verdicts[5] is None
    assert verdicts[6:] == [BlindReason.FROZEN] * 3
    assert feed(TrustCheck(TrustConfig(check_frozen=False)), same) == [None] * 9


def test_view_moved_lasting_and_back_and_across_restart():
    check = TrustCheck()
    assert feed(check, usual(4)) == [None] * 4
    assert feed(check, usual(4, seed=9), 4) == [None, None, *[BlindReason.VIEW_MOVED] * 2]
    assert feed(check, usual(1), 8) == [None]
    other = TrustCheck()
    other.restore(json.loads(json.dumps(check.state())))
    assert feed(other, usual(3, seed=9), 9)[-1] is BlindReason.VIEW_MOVED
    assert feed(other, usual(1), 12) == [None]
    other.restore({"reference": "garbage", "sharpness": "no"})


def test_slow_pan_is_noticed():
    wide = picture(0, 1280, 480)
    images = [noisy(wide[:, 12 * i : 12 * i + 640], i) for i in range(20)]
    assert BlindReason.VIEW_MOVED in feed(TrustCheck(), images)


def test_low_texture_cannot_be_judged():
    fog = [noisy(np.full((480, 640, 3), 150, np.uint8), i) for i in range(8)]
    assert BlindReason.VIEW_MOVED not in feed(TrustCheck(), fog)


@pytest.mark.shared
@pytest.mark.skipif(not CLIPS, reason="the real clips are not here")
@pytest.mark.parametrize("path", CLIPS, ids=lambda p: p.stem)
def test_real_clips_are_never_called_blind(path):
    check, next_s = TrustCheck(), 0.0
    with av.open(str(path)) as container:
        for number, decoded in enumerate(container.decode(video=0)):
            at_s = decoded.time if decoded.time is not None else number / 25
            if at_s < next_s:
                continue
            next_s = at_s + 2
            image = decoded.to_ndarray(format="bgr24")
            at = START + timedelta(seconds=at_s)
            look = Frame(source_id="a", seq=number, captured_at=at, clock="file", image=image)
            assert check.check(look) is None, at_s
