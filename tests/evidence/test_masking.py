from __future__ import annotations

import cv2
import numpy as np
import pytest

from detector.evidence import MaskingConfig, mask
from detector.types import ConfigError, Detections

CONFIG = MaskingConfig()
PERSON = ("person", 0.9, (200.0, 100.0, 280.0, 340.0))  # 80×240: block 32


def _changed(before, after):
    return (before != after).any(axis=2)


def _colours(block):
    return np.unique(block.reshape(-1, 3), axis=0)


def test_the_head_is_hidden_and_the_rest_untouched(noise, detected):
    before = noise.copy()
    masked = mask(noise, detected(PERSON), CONFIG)
    changed = _changed(noise, masked)
    assert changed[100:172, 200:280].mean() > 0.99
    ys, xs = np.nonzero(changed)
    assert ys.min() >= 100 - 9
    assert ys.max() < 172 + 9
    assert xs.min() >= 200 - 9
    assert xs.max() < 280 + 9
    assert (noise == before).all(), "the original is not to be changed"


def test_each_block_is_one_colour(noise, detected):
    masked = mask(noise, detected(PERSON), CONFIG)
    for y in range(96, 160, 32):
        for x in range(192, 256, 32):
            inside = masked[max(y, 93) : y + 32, max(x, 193) : x + 32]
            assert len(_colours(inside)) == 1


def test_only_coarse_block_means_survive(noise, detected):
    """Two faces with equal block means leave the same picture, so neither can be told from it."""
    another = noise.copy()
    rng = np.random.default_rng(1)
    for y in range(0, 480, 32):
        for x in range(0, 640, 32):
            pixels = another[y : y + 32, x : x + 32].reshape(-1, 3)
            another[y : y + 32, x : x + 32] = rng.permutation(pixels).reshape(32, 32, 3)
    hidden = np.s_[100:172, 200:280]
    assert (noise[hidden] != another[hidden]).any()
    masked = [mask(image, detected(PERSON), CONFIG)[hidden] for image in (noise, another)]
    assert (masked[0] == masked[1]).all()
    assert (masked[0] % 16 == 8).all(), "a colour is kept to 16 levels a channel"


def test_a_parked_car_gives_the_same_blocks_for_a_shifted_box(noise, detected):
    """Blocks that moved with a trembling box would add up to a sharper picture over time."""
    boxes = [(100.0, 200.0, 300.0, 320.0), (103.0, 202.0, 305.0, 321.0)]
    masked = [mask(noise, detected(("car", 0.9, box)), CONFIG) for box in boxes]
    assert (masked[0][270:315, 110:290] == masked[1][270:315, 110:290]).all()


@pytest.mark.parametrize("class_name", ["car", "bus", "truck", "motorcycle", "bicycle"])
def test_the_plate_band_of_vehicles_is_hidden_over_its_whole_width(noise, detected, class_name):
    masked = mask(noise, detected((class_name, 0.5, (100, 200, 300, 320))), CONFIG)
    assert _changed(noise, masked)[265:320, 100:300].mean() > 0.99


@pytest.mark.parametrize("class_name", ["motorcycle", "bicycle"])
def test_a_rider_who_was_not_detected_is_hidden(noise, detected, class_name):
    masked = mask(noise, detected((class_name, 0.5, (100, 200, 200, 300))), CONFIG)
    assert _changed(noise, masked)[140:200, 100:200].mean() > 0.99


def test_the_top_of_a_car_stays(noise, detected):
    masked = mask(noise, detected(("car", 0.9, (100, 200, 300, 320))), CONFIG)
    assert not _changed(noise, masked)[:240].any()


def test_who_sits_or_is_cut_off_has_more_of_the_box_hidden(noise, detected):
    masked = mask(noise, detected(("person", 0.9, (200, 100, 320, 220))), CONFIG)
    assert _changed(noise, masked)[100:184, 200:320].mean() > 0.99


def test_weak_people_are_hidden_and_noise_is_not(noise, detected):
    weak, weaker = (("person", score, PERSON[2]) for score in (0.11, 0.09))
    assert _changed(noise, mask(noise, detected(weak), CONFIG)).any()
    assert not _changed(noise, mask(noise, detected(weaker), CONFIG)).any()


def test_a_weak_vehicle_leaves_the_goods_visible(noise, detected):
    box = (100.0, 200.0, 300.0, 320.0)
    assert not _changed(noise, mask(noise, detected(("truck", 0.15, box)), CONFIG)).any()
    assert _changed(noise, mask(noise, detected(("truck", 0.25, box)), CONFIG)).any()


def test_too_small_to_recognise_is_left(noise, detected):
    small = detected(
        ("person", 0.9, (10, 10, 25, 49)),
        ("car", 0.9, (100, 100, 155, 140)),
        ("motorcycle", 0.9, (300, 300, 320, 335)),
    )
    assert not _changed(noise, mask(noise, small, CONFIG)).any()
    all_sizes = MaskingConfig(smallest_person_px=0, smallest_vehicle_px=0)
    changed = _changed(noise, mask(noise, small, all_sizes))
    assert changed[10:16, 10:25].all()
    assert changed[125:140, 100:155].mean() > 0.99


def test_a_head_inside_a_stall_is_hidden(noise, detected):
    masked = mask(noise, detected(("stall", 0.9, (150, 80, 400, 400)), PERSON), CONFIG)
    assert (masked == mask(noise, detected(PERSON), CONFIG)).all()


def test_what_is_no_person_and_no_vehicle_stays(noise, detected):
    masked = mask(noise, detected(("stall", 0.9, (150, 80, 400, 400))), CONFIG)
    assert (masked == noise).all()


def test_overlapping_regions_are_all_hidden(noise, detected):
    car = ("car", 0.9, (150.0, 60.0, 450.0, 300.0))
    masked = mask(noise, detected(PERSON, car), CONFIG)
    assert _changed(noise, masked)[100:172, 200:280].mean() > 0.99
    assert _changed(noise, masked)[161:300, 150:450].mean() > 0.99


@pytest.mark.parametrize(
    "box",
    [
        (-50, -60, 90, 200),
        (600, 420, 700, 600),
        (0, 0, 640, 480),
        (-900, -900, -700, -500),
        (700, 500, 900, 900),
        (300, 300, 300, 400),
    ],
)
def test_boxes_over_the_edge(noise, detected, box):
    for class_name in ("person", "truck", "motorcycle"):
        masked = mask(noise, detected((class_name, 0.9, box)), CONFIG)
        assert masked.shape == noise.shape
        x1, y1, x2, _ = (max(0, value) for value in box)
        if class_name == "person" and x1 < min(x2, 640) and y1 < 480:
            assert _changed(noise, masked)[y1 : y1 + 20, x1:x2].mean() > 0.98


def test_privacy_polygons_are_filled(noise, detected):
    polygon = ((0.5, 0.5), (1.0, 0.5), (1.0, 1.0), (0.5, 1.0))
    masked = mask(noise, detected(), CONFIG, [polygon])
    assert len(_colours(masked[240:, 320:])) == 1
    assert (masked[:239] == noise[:239]).all()
    assert (masked[:, :319] == noise[:, :319]).all()


def test_detections_which_cannot_show_people_never_pass_for_masked(noise):
    covers = Detections.empty(("cover_ok", "cover_missing"))
    with pytest.raises(ConfigError, match=r"person.*required_classes"):
        mask(noise, covers, CONFIG)
    high_drone = MaskingConfig(required_classes=())
    assert (mask(noise, covers, high_drone) == noise).all()


def test_a_printed_plate_cannot_be_read_any_more(detected):
    """Two plates that differ in one letter give pictures that hardly differ."""
    pictures = []
    for number in ("G 12345", "G 12845"):
        image = np.full((480, 640, 3), 90, np.uint8)
        cv2.rectangle(image, (160, 290), (260, 320), (200, 60, 20), -1)
        cv2.putText(image, number, (164, 314), cv2.FONT_HERSHEY_PLAIN, 1.2, (255, 255, 255), 2)
        car = ("car", 0.9, (60.0, 140.0, 360.0, 340.0))
        pictures.append(mask(image, detected(car), CONFIG).astype(int))
    assert np.abs(pictures[0] - pictures[1]).max() <= 16
