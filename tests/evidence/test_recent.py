from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detector.evidence import (
    FileStore,
    FileStoreConfig,
    FirstFrames,
    FirstFramesConfig,
    MemoryStore,
    Sealer,
)
from detector.types import DiskFull

CONFIG = FirstFramesConfig()


class Clock:
    def __init__(self):
        self.now = datetime(2026, 11, 24, 2, 20, tzinfo=UTC)

    def __call__(self):
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def image():
    return np.full((90, 160, 3), (30, 90, 200), np.uint8)


@pytest.fixture
def person(detected):
    return detected(("person", 0.12, (10, 10, 40, 80)))


def test_a_first_frame_is_found_later(sealer, clock, framed, image, person):
    first = FirstFrames(MemoryStore(), sealer, CONFIG, clock)
    first.keep(framed(image, seq=7), person, [1, 2])
    for track_id in (1, 2):
        found = first.find("cam-1", track_id)
        assert found is not None
        assert (found.frame.seq, found.frame.clock) == (7, "stream")
        assert found.frame.captured_at == framed(image).captured_at
        assert np.abs(found.frame.image.astype(int) - image).max() <= 3
        assert (found.detections.xyxy_px == person.xyxy_px).all()
        assert found.detections.score == person.score
        assert found.detections.classes == person.classes
    assert first.find("cam-1", 3) is None
    assert first.find("cam-2", 1) is None


def test_one_file_serves_all_tracks_of_a_look(sealer, clock, framed, image, person):
    store = MemoryStore()
    first = FirstFrames(store, sealer, CONFIG, clock)
    first.keep(framed(image), person, [1, 2, 3])
    first.keep(framed(image, seq=1), person, [2, 3])
    first.keep(framed(image, seq=2), person, [])
    assert len(store.files) == 1
    assert first.size_bytes() == sum(map(len, store.files.values()))


def test_the_earliest_frame_stays_the_first(sealer, clock, framed, image, person):
    first = FirstFrames(MemoryStore(), sealer, CONFIG, clock)
    first.keep(framed(image, seq=1), person, [1])
    first.keep(framed(image, seq=2), person, [1, 2])
    assert first.find("cam-1", 1).frame.seq == 1
    assert first.find("cam-1", 2).frame.seq == 2


def test_no_detections_at_all(sealer, clock, framed, image, detected):
    first = FirstFrames(MemoryStore(), sealer, CONFIG, clock)
    first.keep(framed(image), detected(), [1])
    assert len(first.find("cam-1", 1).detections) == 0


def test_frames_go_with_their_last_track(sealer, clock, framed, image, person):
    store = MemoryStore()
    first = FirstFrames(store, sealer, CONFIG, clock)
    first.keep(framed(image), person, [1, 2])
    first.keep(framed(image, source_id="cam-2"), person, [1])
    first.drop("cam-1", 1)
    assert first.find("cam-1", 1) is None
    assert first.find("cam-1", 2) is not None
    first.retain("cam-1", [5])
    assert first.find("cam-1", 2) is None
    assert first.find("cam-2", 1) is not None
    assert len(store.files) == 1


def test_a_restart_loses_none(tmp_path, sealer, clock, framed, image, person):
    config = FileStoreConfig(folder=tmp_path, min_free_bytes=0)
    FirstFrames(FileStore(config), sealer, CONFIG, clock).keep(
        framed(image, source_id="路口/1"), person, [1, 2]
    )
    again = FirstFrames(FileStore(config), sealer, CONFIG, clock)
    assert again.find("路口/1", 2).detections.class_name(0) == "person"
    again.retain("路口/1", [])
    assert list(FileStore(config).keys()) == []


def test_pictures_on_disk_are_sealed(sealer, clock, framed, image, person):
    store = MemoryStore()
    FirstFrames(store, sealer, CONFIG, clock).keep(framed(image), person, [1])
    assert b"\xff\xd8\xff" not in next(iter(store.files.values()))


def test_old_ones_go(sealer, clock, framed, image, person):
    store = MemoryStore()
    first = FirstFrames(store, sealer, FirstFramesConfig(retention_min=30), clock)
    first.keep(framed(image), person, [1])
    clock.now += timedelta(minutes=31)
    first.retain("another source", [])
    assert store.files == {}
    assert first.find("cam-1", 1) is None


def _one_file_bytes(sealer, clock, frame, person):
    store = MemoryStore()
    FirstFrames(store, sealer, CONFIG, clock).keep(frame, person, [1])
    return len(next(iter(store.files.values())))


def test_the_oldest_of_a_source_go_first(sealer, clock, framed, image, person):
    one = _one_file_bytes(sealer, clock, framed(image), person)
    config = FirstFramesConfig(max_bytes_per_source=one * 3 + one // 2)
    first = FirstFrames(MemoryStore(), sealer, config, clock)
    first.keep(framed(image, source_id="quiet"), person, [0])
    for track_id in range(5):
        first.keep(framed(image), person, [track_id])
    assert [first.find("cam-1", i) is not None for i in range(5)] == [False, False, *[True] * 3]
    assert first.find("quiet", 0) is not None


def test_all_sources_together_are_bounded(sealer, clock, framed, image, person):
    one = _one_file_bytes(sealer, clock, framed(image), person)
    config = FirstFramesConfig(max_bytes=one * 2 + one // 2)
    first = FirstFrames(MemoryStore(), sealer, config, clock)
    for number in range(4):
        first.keep(framed(image, source_id=f"cam-{number}"), person, [1])
    assert [first.find(f"cam-{n}", 1) is not None for n in range(4)] == [False, False, True, True]
    assert first.size_bytes() <= config.max_bytes


def test_a_full_disk_keeps_nothing_and_breaks_nothing(sealer, clock, framed, image, person):
    store = MemoryStore([DiskFull("full")])
    first = FirstFrames(store, sealer, CONFIG, clock)
    with pytest.raises(DiskFull):
        first.keep(framed(image), person, [1])
    assert first.find("cam-1", 1) is None
    first.keep(framed(image), person, [1])
    assert first.find("cam-1", 1) is not None


def test_a_file_that_cannot_be_read_is_no_reason_to_stop(sealer, clock, framed, image, person):
    store = MemoryStore()
    FirstFrames(store, sealer, CONFIG, clock).keep(framed(image), person, [1])
    store.put("first/0/damaged.sealed", b"\x00 not ours")
    store.put("2026/evidence.jpg", b"not a first frame")
    other_key = FirstFrames(store, Sealer(bytes(32)), CONFIG, clock)
    assert "first/0/damaged.sealed" not in store.files
    assert "2026/evidence.jpg" in store.files
    assert other_key.find("cam-1", 1) is None
