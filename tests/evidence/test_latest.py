from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest

from detector.evidence import LatestConfig, LatestPictures
from detector.evidence import latest as latest_module
from detector.evidence.jpeg import quickly_shrunk, shrunk
from detector.types import ConfigError, Detections


def _read(jpeg):
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


@pytest.fixture
def street():
    image = np.full((1080, 1920, 3), 60, np.uint8)
    image[300:900:8, 900:1200] = 250
    return image


def test_nothing_before_the_first_look():
    assert LatestPictures(LatestConfig()).picture("cam-1") is None


def test_the_newest_masked_and_small(street, framed, detected):
    latest = LatestPictures(LatestConfig(longest_px=640))
    latest.remember(framed(street), detected(("person", 0.2, (900, 300, 1200, 900))))
    picture = latest.picture("cam-1")
    image = _read(picture.jpeg).astype(int)
    assert image.shape == (360, 640, 3)
    assert picture.captured_at == framed(street).captured_at
    head, legs = image[105:160, 305:395, 0], image[220:295, 305:395, 0]
    assert len(np.unique(head // 16)) <= 4
    assert legs.std() > head.std()


def test_it_is_made_only_when_asked_for_and_then_once(street, framed, detected, monkeypatch):
    made = []

    def counted(image, *rest):
        made.append(threading.get_ident())
        return image

    monkeypatch.setattr(latest_module, "mask", counted)
    latest = LatestPictures(LatestConfig())
    for seq in range(3):
        latest.remember(framed(street, seq=seq), detected())
    assert made == []
    threads = [threading.Thread(target=latest.picture, args=("cam-1",)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    latest.remember(framed(street), detected())
    latest.picture("cam-1")
    assert len(made) == 2


def test_a_removed_source_is_forgotten(street, framed, detected):
    latest = LatestPictures(LatestConfig())
    latest.remember(framed(street), detected())
    latest.forget("cam-1")
    latest.forget("cam-1")
    assert latest.picture("cam-1") is None


def test_privacy_polygons_are_filled(street, framed, detected):
    latest = LatestPictures(LatestConfig())
    polygon = ((0.4, 0.2), (0.7, 0.2), (0.7, 0.9), (0.4, 0.9))
    latest.remember(framed(street), detected(), [polygon])
    image = _read(latest.picture("cam-1").jpeg)
    assert image.max() < 130


def test_unmaskable_pictures_are_not_shown(street, framed):
    latest = LatestPictures(LatestConfig())
    latest.remember(framed(street), Detections.empty(("cover_ok",)))
    with pytest.raises(ConfigError, match="person"):
        latest.picture("cam-1")


@pytest.mark.parametrize(
    "size", [(1080, 1920), (720, 1280), (2160, 3840), (1920, 1080), (576, 704), (360, 640)]
)
def test_the_quick_picture_looks_like_the_careful_one(size):
    chance = np.random.default_rng(5)
    rough = chance.integers(0, 256, (size[0] // 40, size[1] // 40, 3), np.uint8)
    image = cv2.resize(rough, size[::-1], interpolation=cv2.INTER_CUBIC)
    image[::2] = cv2.add(image[::2], 40)  # what is left out would show as stripes
    careful, scale = shrunk(image, 640)
    quick, quick_scale = quickly_shrunk(image, 640)
    assert quick.shape == careful.shape
    assert quick_scale == scale
    assert np.abs(quick.astype(int) - careful.astype(int)).mean() < 8
    assert abs(quick.mean() - careful.mean()) < 1
