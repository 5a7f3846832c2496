"""Things that one flight shows by itself: tiles and pictures put together, on the ground."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from made_comparison import LATER, NEW, made_comparison
from shapely.geometry import Polygon
from sim_flight import Plan, views

from api.flight_desk import FlightPlaces, city_ledger, file_comparison, flights_folder
from detector.flights.comparison_config import ComparisonConfig
from detector.flights.flight_record import PictureRecord, ViewRecord, write_record
from detector.flights.from_air import find_from_air
from detector.flights.tiled_detection import detect_tiled
from detector.inference.fake import FakeDetector
from tests.auth.site import Site

CLASSES = ("parasol", "building")


def blue(image):
    """A box around each blue piece."""
    hue = image.astype(int)
    mask = ((hue[..., 0] - hue[..., 2] > 60) & (hue[..., 1] > 60)).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    return [
        ("parasol", 0.5 + 0.4 * min(1.0, area / 5000), (x, y, x + w, y + h))
        for x, y, w, h, area in stats[1:count]
        if area > 300
    ]


def detector():
    return FakeDetector(blue, CLASSES, thresholds=dict.fromkeys(CLASSES, 0.5))


@pytest.mark.parametrize("side", [120, 200, 640])
def test_a_thing_that_lies_on_several_tiles_is_found_once_and_whole(side):
    image = np.full((300, 500, 3), 120, np.uint8)
    for x, y in ((10, 20), (185, 140), (440, 250)):
        image[y : y + 26, x : x + 28] = (220, 120, 40)
    found = detect_tiled(detector(), image, side, 0.4)
    assert sorted((round(s.box_px.x1), round(s.box_px.y1)) for s in found) == [
        (10, 20),
        (185, 140),
        (440, 250),
    ]
    assert {
        (round(s.box_px.x2 - s.box_px.x1), round(s.box_px.y2 - s.box_px.y1)) for s in found
    } == {(28, 26)}


@pytest.fixture(scope="module")
def flight(tmp_path_factory):
    """A flight of four pictures with their true poses; a blue roof stands for a parasol."""
    folder = tmp_path_factory.mktemp("air")
    made = made_comparison(folder)
    plan = Plan(area_m=(0, 0, 0.1, 0.1), height_m=40, size_px=(640, 480), starts_at=LATER)
    poses = json.loads((made.current / "poses.json").read_text())
    pictures = tuple(
        PictureRecord(
            name=name,
            captured_at=LATER,
            view=ViewRecord.of(replace(views(plan)[0], **pose)),
            position_sigma_m=0.5,
            tied_to=3,
        )
        for name, pose in poses.items()
    )
    update = {"source": str(made.current), "pictures": pictures, "dated_at": LATER}
    record = made.comparison.baseline.model_copy(update=update)
    write_record(made.base, record)
    return made.base, made.current, record


@pytest.fixture(scope="module")
def found(flight):
    return find_from_air(flight[0], detector(), frozenset({"parasol"}), ComparisonConfig())


def test_all_pictures_together_put_it_on_the_ground_once(flight, found):
    (finding,) = found.findings
    assert finding.class_name == "parasol"
    assert finding.seen_in >= 2
    ring = Polygon(flight[2].frame.to_local(np.array(finding.ring)))
    assert ring.centroid.distance(Polygon(NEW).centroid) < 1.0
    assert ring.centroid.distance(Polygon(NEW).centroid) < finding.position.error_radius_m
    assert "疑似" in finding.reason


def test_a_class_that_was_not_asked_for_is_not_reported(flight):
    other = find_from_air(flight[0], detector(), frozenset({"building"}), ComparisonConfig())
    assert other.findings == ()


def test_it_is_filed_as_a_vendor_once_and_waits_for_an_officer(flight, found, tmp_path):
    site = Site(tmp_path)
    try:
        city = site.service.config
        places = FlightPlaces(
            place=flights_folder(city) / "vendors",
            base=flight[0],
            current=flight[1],
            ledger=city_ledger(city),
        )
        opened = [
            file_comparison(site.service.records, city, found, places, "0" * 64, "air_vendor")
            for _ in range(2)
        ]
        assert [one.opened for one in opened] == [1, 0]
        (incident_id,) = opened[0].kept.incidents.values()
        queries = site.service.records.queries
        incident = queries.incident(incident_id)
        assert (incident.violation, incident.verdict.value) == ("vendor", "pending")
        assert {str(row.kind) for row in queries.evidence(incident_id)} == {"threshold"}
    finally:
        site.close()
