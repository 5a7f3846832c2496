"""A camera whose covers are small on its picture is looked at closer, through the whole service."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from api.service import Service
from detector.inference.closer import CloserModel
from detector.inference.fake import FakeDetector
from detector.types import ConfigError
from tests.api.city import CLASSES, City, config

CAMERA = {"id": "corner", "kind": "push", "interval_s": 10, "tasks": ["cover"]}
INPUT_PX = 128


def sees_large_holes(image):
    """Blue pieces that are at least 24 pixels wide in the network's input."""
    scale = INPUT_PX / max(image.shape[:2])
    mask = ((image[..., 0] > 180) & (image[..., 2] < 90)).astype("uint8")
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    return [
        ("cover_missing", 0.95, (x, y, x + w, y + h))
        for x, y, w, h, area in stats[1:count]
        if w * scale >= 24 and area > 200
    ]


def covers() -> FakeDetector:
    thresholds = dict.fromkeys(CLASSES, 0.5)
    return FakeDetector(sees_large_holes, CLASSES, name="covers", thresholds=thresholds)


def holes_found(folder: Path, **camera) -> int:
    settings = config(folder, cameras=[{**CAMERA, **camera}])
    city = City(settings)
    city.service.stop()
    city.service = Service(settings, detectors=[covers()])
    city.start()
    try:
        city.push(4, hole=True)
        return len(city.service.records.queries.incidents().items)
    finally:
        city.service.stop()


def test_a_hole_that_is_small_on_the_picture_is_found_by_looking_closer(tmp_path: Path):
    assert holes_found(tmp_path / "far") == 0
    assert holes_found(tmp_path / "near", closer={"covers": 2}) == 1


def test_other_settings_of_a_camera_are_in_force_at_once(tmp_path: Path):
    settings = config(tmp_path, cameras=[{**CAMERA, "closer": {"covers": 2}}])
    service = Service(settings, detectors=[covers()])
    try:
        (lane,) = service._watches["corner"]._lanes
        assert isinstance(lane.models._detectors[0], CloserModel)
        (camera,) = settings.cameras
        service.put_camera(camera.model_copy(update={"closer": {}}))
        (lane,) = service._watches["corner"]._lanes
        assert not isinstance(lane.models._detectors[0], CloserModel)
    finally:
        service.stop()


@pytest.mark.parametrize(
    ("closer", "said"),
    [
        ({"cover": 2}, "no model is called 'cover'"),
        ({"covers": 1}, "equal to 2"),
        ({"covers": 9}, "equal to 4"),
    ],
)
def test_unknown_models_and_numbers_are_refused(tmp_path: Path, closer: dict, said: str):
    with pytest.raises(ConfigError, match=said):
        config(tmp_path, cameras=[{**CAMERA, "closer": closer}])
