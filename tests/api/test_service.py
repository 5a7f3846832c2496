"""From pushed pictures to cases, through the whole running service."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.evidence import FileStore
from detector.incidents import IncidentFilter
from detector.types import IncidentStatus, Pose, VerdictAnswer
from tests.api.city import START, City, config, picture


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = City(config(tmp_path)).start()
    yield made
    made.service.stop()


def incidents(city: City):
    return city.service.records.queries.incidents().items


def test_a_vendor_becomes_one_incident_and_after_the_verdict_one_case(city: City):
    city.push(12, stall=True)
    (incident,) = incidents(city)
    assert incident.violation == "vendor"
    assert incident.opened_at - incident.first_seen_at == timedelta(seconds=60)
    assert city.service.records.queries.cases().items == ()

    city.service.records.verdicts.give_verdict(incident.id, VerdictAnswer.CONFIRMED, "li")
    (case,) = city.service.records.queries.cases().items
    assert case.incident_id == incident.id
    assert case.code == "0501"


def test_evidence_shows_first_threshold_last_and_after_in_an_intact_chain(city: City):
    city.push(10, stall=True)
    city.push(8)
    (incident,) = incidents(city)
    assert incident.status is IncidentStatus.CLEARED
    rows = city.service.records.queries.evidence(incident.id)
    shown = {row.kind: row.captured_at for row in rows if row.variant == "shown"}
    assert shown["first"] == START
    assert shown["threshold"] == START + timedelta(seconds=60)
    assert shown["threshold"] < shown["last"] <= START + timedelta(seconds=90)
    assert shown["after"] == incident.cleared_at
    assert {row.variant for row in rows} == {"shown", "clean", "sealed"}
    assert city.service.records.chain.verify(incident.id).intact


def test_the_after_picture_is_offered_for_verification(tmp_path: Path):
    city = City(config(tmp_path, destinations=[{"name": "bureau", "sink": {"kind": "fake"}}]))
    city.start()
    try:
        city.push(8, stall=True)
        (incident,) = incidents(city)
        city.service.records.verdicts.give_verdict(incident.id, VerdictAnswer.CONFIRMED, "li")
        city.push(4)
        (case,) = city.service.records.queries.cases().items
        events = city.service.records.queries.case_events(case.id)
        assert [event.kind for event in events] == ["opened", "verification_offered"]
        letters = city.service.records.queries.deliveries
        city.wait(lambda: all(each.state == "delivered" for each in letters().items))
        by_kind = {each.kind: each.record["evidence"] for each in letters().items}
        assert by_kind.keys() == {"opened", "cleared"}
        assert "after" not in {picture["kind"] for picture in by_kind["opened"]}
        (after,) = [each for each in by_kind["cleared"] if each["kind"] == "after"]
        assert after["captured_at"] == incidents(city)[0].cleared_at.isoformat()
    finally:
        city.service.stop()


def test_a_restart_keeps_the_dwell(city: City):
    city.push(4, stall=True)
    again = city.restart()
    try:
        again.push(3, stall=True)
        (incident,) = incidents(again)
        assert incident.first_seen_at == START
        rows = again.service.records.queries.evidence(incident.id)
        assert "first" in {row.kind for row in rows}
    finally:
        again.service.stop()


def test_a_restart_opens_no_second_incident(city: City):
    city.push(9, stall=True)
    again = city.restart()
    try:
        again.push(9, stall=True)
        assert len(incidents(again)) == 1
    finally:
        again.service.stop()


def test_a_missing_cover_is_a_case_at_once(city: City):
    city.push(1, hole=True)
    (incident,) = incidents(city)
    assert incident.urgent
    (case,) = city.service.records.queries.cases().items
    assert case.incident_id == incident.id


def test_a_permitted_stall_is_none(tmp_path: Path):
    everywhere = [[0, 0], [1, 0], [1, 1], [0, 1]]
    zone = {
        "name": "fruit",
        "kind": "permitted",
        "polygon_unit": everywhere,
        "permits": [{"from_time": "09:00", "to_time": "12:00", "stalls": 1}],
    }
    cameras = [{"id": "corner", "kind": "push", "interval_s": 10, "zones": [zone]}]
    city = City(config(tmp_path, cameras=cameras)).start()
    try:
        city.push(12, stall=True)
        assert incidents(city) == ()
    finally:
        city.service.stop()


def pass_by(city: City, seed: int, minutes: float, lon_deg: float = 119.2) -> None:
    source = city.service.engine.camera("car").source
    pose = Pose(lat_deg=34.6, lon_deg=lon_deg, error_radius_m=5)
    at = START + timedelta(minutes=minutes)
    source.submit(picture(seed, hole=True), at, pose, "car 7")
    city.wait(lambda: not source._held)


def test_two_passes_over_one_cover_are_one_incident_and_another_place_is_another(city: City):
    pass_by(city, 1, 0)
    pass_by(city, 2, 60)
    assert len(incidents(city)) == 1
    pass_by(city, 3, 61, lon_deg=119.21)
    assert len(incidents(city)) == 2
    assert {i.place.position.x for i in incidents(city)} == {119.2, 119.21}


def test_the_same_upload_again_is_recognised_also_after_a_restart(city: City):
    data = picture(5, hole=True)
    pose = Pose(lat_deg=34.6, lon_deg=119.2, error_radius_m=5)
    source = city.service.engine.camera("car").source
    assert not source.submit(data, START, pose, "car").duplicate
    city.wait(lambda: not source._held)
    assert source.submit(data, START, pose, "car").duplicate
    again = city.restart()
    try:
        assert again.service.engine.camera("car").source.submit(data, START, pose, "x").duplicate
        assert len(incidents(again)) == 1
    finally:
        again.service.stop()


def test_a_patrol_picture_without_a_position_is_counted_and_stops_nothing(city: City):
    source = city.service.engine.camera("car").source
    source.submit(picture(6, hole=True), START, None, "car")
    city.wait(lambda: not source._held)
    assert city.service.engine.camera("car").tally.snapshot().unplaced_looks == 1
    pass_by(city, 7, 1)
    assert len(incidents(city)) == 1


def test_a_full_disk_is_named_loses_nothing_and_mends_itself(
    city: City, monkeypatch: pytest.MonkeyPatch
):
    real = FileStore.free_bytes
    monkeypatch.setattr(FileStore, "free_bytes", lambda self: -1)
    corner = city.service.engine.camera("corner")
    corner.source.submit(picture(1, hole=True), START, None, "test")
    city.wait(lambda: corner.tally.snapshot().failed_looks > 0)
    assert "free" in corner.tally.snapshot().last_error
    assert incidents(city) == ()
    monkeypatch.setattr(FileStore, "free_bytes", real)
    city.wait(lambda: len(incidents(city)) == 1)
    assert len(city.service.records.queries.cases().items) == 1


def test_dead_and_broken_sources_slow_nobody(tmp_path: Path):
    cameras = [
        {"id": "corner", "kind": "push", "interval_s": 10},
        {
            "id": "dead",
            "kind": "stream",
            "url": "rtsp://user:secret@127.0.0.1:9/x",
            "interval_s": 1,
        },
        {"id": "gone", "kind": "stream", "url": "/nowhere.mp4", "pace": "realtime"},
        {"id": "shut", "kind": "snapshot", "url": "http://127.0.0.1:9/x.jpg", "interval_s": 1},
    ]
    city = City(config(tmp_path, cameras=cameras)).start()
    try:
        city.push(8, stall=True)
        assert len(incidents(city)) == 1
        for name in ("dead", "gone", "shut"):
            camera = city.service.engine.camera(name)
            city.wait(lambda camera=camera: camera.tally.snapshot().blind_looks > 0)
            health = camera.source.health()
            assert health.state in ("waking", "down")
            assert health.reason
            assert "secret" not in health.reason
    finally:
        city.service.stop()


def test_a_fault_in_one_sources_examination_does_not_end_the_looks(city: City, monkeypatch):
    car = city.service.engine.camera("car")

    def broken(frame):
        raise RuntimeError("a bug")

    monkeypatch.setattr(car._examiner, "examine", broken)
    pose = Pose(lat_deg=34.6, lon_deg=119.2, error_radius_m=5)
    car.source.submit(picture(1, hole=True), START, pose, "car")
    city.wait(lambda: car.tally.snapshot().failed_looks > 0)
    city.push(8, stall=True)
    which = IncidentFilter(violation="vendor")
    assert len(city.service.records.queries.incidents(which).items) == 1


def test_blind_looks_are_neither_presence_nor_absence(city: City):
    city.push(9, stall=True)
    black = city.service.engine.camera("corner")
    source = black.source
    for number in range(6):
        image = np.full((180, 320, 3), number % 3, np.uint8)
        image[0, 0] = number
        data = cv2.imencode(".png", image)[1].tobytes()
        source.submit(data, city.at, None, "test")
        city.at += timedelta(seconds=10)
        city.wait(lambda: not source._held)
    assert black.tally.snapshot().blind_s["black"] == pytest.approx(60, abs=1)
    (incident,) = incidents(city)
    assert incident.status is IncidentStatus.OPEN
