from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import cv2
import numpy as np
import pytest

from detector.evidence import (
    Caption,
    EvidenceKind,
    EvidencePacker,
    EvidenceVariant,
    Mark,
    MemoryStore,
    PackConfig,
    SealBrokenError,
    Shot,
    Slot,
    mask,
)
from detector.types import Box, Clip, ConfigError, Detections, DiskFull

SLOT = Slot(
    incident_id=UUID("5f0c91aa-0000-4000-8000-000000000001"),
    opened_at=datetime(2026, 11, 24, 23, 30, tzinfo=UTC),
    number=2,
    kind=EvidenceKind.THRESHOLD,
)
CONFIG = PackConfig()


def _read(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


@pytest.fixture
def street():
    """Smooth enough for JPEG to keep it, with detail where the head is."""
    rows, columns = np.mgrid[0:600, 0:1000]
    image = np.stack([rows // 4, columns // 6, (rows + columns) // 8], axis=2).astype(np.uint8)
    image[100:160:2, 200:280] = 255
    return image


@pytest.fixture
def shot(street, framed, detected):
    frame = framed(street)
    return Shot(
        frame=frame,
        detections=detected(("person", 0.3, (200, 100, 280, 340))),
        marks=[Mark(box_px=Box(500, 200, 800, 500), label="stall 0.83")],
        caption=Caption(
            title="占道经营",
            taken_at=frame.captured_at,
            clock=frame.clock,
            source_name="通灌路口",
            zone_name=None,
        ),
    )


def test_three_files_with_their_records(shot, sealer):
    store = MemoryStore()
    files = EvidencePacker(store, sealer, CONFIG).pack_picture(SLOT, shot)
    assert [file.variant for file in files] == ["shown", "clean", "sealed"]
    assert {file.key for file in files} == set(store.files)
    for file in files:
        data = store.get(file.key)
        assert file.sha256 == hashlib.sha256(data).hexdigest()
        assert file.size_bytes == len(data)
        assert (file.kind, file.media_type) == (EvidenceKind.THRESHOLD, "image/jpeg")
        assert (file.captured_at, file.clock) == (shot.frame.captured_at, "stream")
        assert file.key.startswith(f"2026/11/24/{SLOT.incident_id}/0002-threshold-{file.variant}-")


def test_people_see_no_face_and_the_seal_keeps_it(shot, street, sealer):
    store = MemoryStore()
    packer = EvidencePacker(store, sealer, CONFIG)
    shown, clean, sealed = packer.pack_picture(SLOT, shot)
    expected = mask(street, shot.detections, CONFIG.masking).astype(int)
    head = np.s_[100:160, 200:280]
    for file in (shown, clean):
        picture = _read(store.get(file.key)).astype(int)
        assert np.abs(picture[head] - expected[head]).mean() < 4
    original = _read(packer.open_sealed(sealed.key)).astype(int)
    assert original.shape == street.shape
    assert np.abs(original[head] - street[head]).mean() < 4
    assert cv2.imdecode(np.frombuffer(store.get(sealed.key), np.uint8), 1) is None


def test_only_the_shown_picture_has_box_and_strip(shot, street, sealer):
    store = MemoryStore()
    shown, clean, _ = EvidencePacker(store, sealer, CONFIG).pack_picture(SLOT, shot)
    shown_picture, clean_picture = (_read(store.get(file.key)) for file in (shown, clean))
    assert clean_picture.shape == street.shape
    assert shown_picture.shape[0] > street.shape[0]
    yellow, plain = (p[350, 500].astype(int) for p in (shown_picture, clean_picture))
    assert yellow[2] - plain[2] > 60


def test_shown_pictures_are_bounded_and_boxes_follow(shot, sealer):
    store = MemoryStore()
    packer = EvidencePacker(store, sealer, PackConfig(shown_longest_px=500))
    shown, clean, sealed = packer.pack_picture(SLOT, shot)
    assert _read(store.get(clean.key)).shape == (300, 500, 3)
    small = _read(store.get(shown.key)).astype(int)
    assert small.shape[1] == 500
    assert small[175, 250, 2] > 150
    assert _read(packer.open_sealed(sealed.key)).shape == (600, 1000, 3)


@pytest.mark.parametrize("failing_put", [0, 1, 2])
def test_a_full_disk_leaves_no_part_of_a_picture(shot, sealer, failing_put):
    store = MemoryStore([*[None] * failing_put, DiskFull("/data: no space left")])
    packer = EvidencePacker(store, sealer, CONFIG)
    with pytest.raises(DiskFull):
        packer.pack_picture(SLOT, shot)
    assert store.files == {}
    assert len(packer.pack_picture(SLOT, shot)) == 3


def test_the_same_slot_can_be_packed_again_after_a_crash(shot, sealer):
    store = MemoryStore()
    packer = EvidencePacker(store, sealer, CONFIG)
    orphans = packer.pack_picture(SLOT, shot)
    recorded = packer.pack_picture(SLOT, shot)
    assert not {file.key for file in orphans} & {file.key for file in recorded}


def test_without_a_look_for_people_nothing_is_written(shot, sealer):
    store = MemoryStore()
    blind = replace(shot, detections=Detections.empty(("cover_missing",)))
    with pytest.raises(ConfigError, match="person"):
        EvidencePacker(store, sealer, CONFIG).pack_picture(SLOT, blind)
    assert store.files == {}


def test_a_sealed_file_moved_to_another_incident_does_not_open(shot, sealer):
    store = MemoryStore()
    packer = EvidencePacker(store, sealer, CONFIG)
    sealed = packer.pack_picture(SLOT, shot)[2]
    store.put("2026/11/24/other/0001.jpg.sealed", store.get(sealed.key))
    with pytest.raises(SealBrokenError):
        packer.open_sealed("2026/11/24/other/0001.jpg.sealed")
    with pytest.raises(KeyError):
        packer.open_sealed("2026/11/24/none.jpg.sealed")


@pytest.mark.parametrize(
    ("container", "media_type"),
    [("mp4", "video/mp4"), ("mkv", "video/x-matroska"), ("avi", "application/octet-stream")],
)
def test_a_clip_is_stored_sealed_only(sealer, container, media_type):
    store = MemoryStore()
    packer = EvidencePacker(store, sealer, CONFIG)
    starts_at = datetime(2026, 11, 24, 2, tzinfo=UTC)
    ends_at = starts_at + timedelta(seconds=10)
    clip = Clip(data=b"packets", container=container, starts_at=starts_at, ends_at=ends_at)
    file = packer.pack_clip(replace(SLOT, kind=EvidenceKind.CLIP), clip, "stream")
    assert list(store.files) == [file.key]
    assert file.key.endswith(f".{container}.sealed")
    assert file.variant is EvidenceVariant.SEALED
    assert file.media_type == media_type
    assert (file.captured_at, file.ends_at, file.clock) == (starts_at, ends_at, "stream")
    assert file.sha256 == hashlib.sha256(store.get(file.key)).hexdigest()
    assert packer.open_sealed(file.key) == b"packets"


def test_the_day_is_the_day_of_opening_in_utc(shot, sealer):
    store = MemoryStore()
    slot = replace(SLOT, opened_at=datetime.fromisoformat("2026-11-25T07:00:00+08:00"))
    EvidencePacker(store, sealer, CONFIG).pack_picture(slot, shot)
    assert all(key.startswith("2026/11/24/") for key in store.files)
