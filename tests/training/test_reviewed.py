"""Verdicts given over the service's own API become labels and hard negatives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.auth.audit import command_line
from api.auth.role import KEY_SCOPES
from detector.incidents.case_state import CaseState
from detector.incidents.outcome import Outcome, OutcomeKind
from detector.incidents.verdicts import Verdict
from detector.types import Box, Incident, IncidentStatus, Place, VerdictAnswer
from detector.types.taxonomy import VENDOR_CLASSES, classes_of
from tests.api.city import STALL_PX, City, config
from training.dataset import BuildConfig, build_dataset
from training.judged import Judged
from training.label import read_boxes
from training.own_set import Incoming, picture_set, read_own_set, write_own_set
from training.reviewed import CLASSES, ReviewedConfig, write_reviewed
from training.reviewed_split import ReviewedSplit
from training.split import SplitRule
from training.verdict_labels import Nothing, judged_by

AT = datetime(2026, 5, 4, 2, tzinfo=UTC)
STALL = [STALL_PX[0] / 320, STALL_PX[1] / 180, STALL_PX[2] / 320, STALL_PX[3] / 180]


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = City(config(tmp_path / "city")).start()
    yield made
    made.service.stop()


def a_day(city: City, client: TestClient, **answer: object) -> str:
    """A stall comes, is answered, and goes; the next push is on the next day."""
    city.push(8, stall=True)
    (incident,) = client.get("/api/incidents", params={"verdict": "pending"}).json()["items"]
    given = client.post(f"/api/incidents/{incident['id']}/verdict", json=answer)
    assert given.status_code == 200, given.text
    city.push(5)
    city.at += timedelta(days=1)
    return str(incident["id"])


def test_verdicts_over_the_api_become_labels_and_negatives(city: City, tmp_path: Path):
    _, secret = city.service.access.add_key(command_line(), "test", sorted(KEY_SCOPES), None)
    with TestClient(
        create_app(city.service), headers={"Authorization": f"Bearer {secret}"}
    ) as client:
        kept = a_day(city, client, answer="confirmed")
        moved = a_day(
            city,
            client,
            answer="corrected",
            class_name="cart",
            box_unit=[0.3, 0.3, 0.5, 0.6],
        )
        wrong = a_day(city, client, answer="rejected", reason="Not such a thing")
    records = city.service.records
    settings = ReviewedConfig(split=ReviewedSplit(frozen_every=0, newest_days=0))
    made = write_reviewed(
        tmp_path / "set", records.database, lambda row: records.store.get(row.key), settings
    )
    assert not made.left_out
    by_incident = {p.judged[0].incident: p.judged[0] for p in made.written.pictures}
    assert set(by_incident) == {kept, moved, wrong}
    assert by_incident[kept].label == "stall"
    assert by_incident[kept].box.as_tuple() == pytest.approx(STALL, abs=0.02)
    assert (by_incident[moved].label, by_incident[moved].box.x1) == ("cart", 0.3)
    assert by_incident[wrong].label is None
    assert by_incident[wrong].reason == "Not such a thing"
    assert {p.camera for p in made.written.pictures} == {"corner"}
    assert len({p.day for p in made.written.pictures}) == 3
    assert read_own_set(tmp_path / "set") == made.written
    for picture in made.written.pictures:
        assert cv2.imread(str(tmp_path / "set" / "images" / picture.file)) is not None


def incident(violation: str = "vendor", class_name: str = "stall") -> Incident:
    place = Place(source_id="c", box_unit=Box(0.4, 0.4, 0.6, 0.6), position=None, fixed=True)
    return Incident(
        id=uuid4(),
        violation=violation,
        subtype="x",
        source_id="c",
        place=place,
        class_name=class_name,
        status=IncidentStatus.OPEN,
        verdict=VerdictAnswer.PENDING,
        urgent=False,
        score=0.8,
        first_seen_at=AT,
        opened_at=AT,
        last_seen_at=AT,
        cleared_at=None,
        reopened=0,
        reason="",
        coverage_text="",
        rule_version="1",
        model_sha256=(),
        clock="source",
        case_id=uuid4(),
    )


def outcome(kind: OutcomeKind, reason: str = "") -> Outcome:
    return Outcome(
        id=1,
        case_id=uuid4(),
        destination="platform",
        outcome_key="k",
        kind=kind,
        reason=reason,
        remote_id=None,
        at=AT,
        received_at=AT,
        from_state=CaseState.REPORTED,
        to_state=CaseState.REPORTED,
    )


def verdict(answer: VerdictAnswer, reason: str = "") -> Verdict:
    return Verdict(
        incident_id=uuid4(),
        answer=answer,
        operator="li",
        reason=reason,
        class_name=None,
        box_unit=None,
        at=AT,
        case_id=None,
    )


def test_the_citys_outcomes_count_too():
    hole = incident("cover", "cover_missing")
    handled = judged_by(hole, None, [outcome(OutcomeKind.ACCEPTED), outcome(OutcomeKind.HANDLED)])
    assert isinstance(handled, Judged)
    assert (handled.label, handled.by) == ("cover_missing", "platform")
    assert handled.classes == ("cover_ok", "cover_damaged", "cover_missing")
    refused = judged_by(
        hole, verdict(VerdictAnswer.CONFIRMED), [outcome(OutcomeKind.REFUSED, "nothing there")]
    )
    assert isinstance(refused, Judged)
    assert (refused.label, refused.reason) == (None, "nothing there")
    elsewhere = judged_by(hole, None, [outcome(OutcomeKind.REFUSED, "不属于本辖区")])
    assert isinstance(elsewhere, Nothing)
    assert isinstance(judged_by(hole, None, [outcome(OutcomeKind.ACCEPTED)]), Nothing)


@pytest.mark.parametrize(
    ("reason", "label"), [("The cover is sound", "cover_ok"), ("影子或水迹", None)]
)
def test_a_rejected_cover_that_is_sound_is_a_label(reason: str, label: str | None):
    found = judged_by(
        incident("cover", "cover_damaged"), verdict(VerdictAnswer.REJECTED, reason), []
    )
    assert isinstance(found, Judged)
    assert found.label == label


@pytest.mark.parametrize("reason", ["It is permitted", "看不清", "Seen twice"])
def test_a_rejection_for_what_is_not_to_be_seen_says_nothing(reason: str):
    assert isinstance(judged_by(incident(), verdict(VerdictAnswer.REJECTED, reason), []), Nothing)


def noise(seed: int) -> bytes:
    coarse = np.random.default_rng(seed).integers(0, 255, (9, 16, 3), np.uint8)
    image = cv2.resize(coarse, (320, 180), interpolation=cv2.INTER_CUBIC)
    return cv2.imencode(".jpg", image)[1].tobytes()


def own(folder: Path, rows: list[tuple[int, str, str, str]], label: str | None = None) -> Path:
    """Pictures (seed, camera, day, side), each judged in its middle."""
    judged = Judged(
        box=Box(0.4, 0.4, 0.6, 0.6),
        classes=VENDOR_CLASSES,
        label=label,
        reason="",
        incident="",
        by="li",
    )
    pictures = [
        Incoming(
            stem=f"p{number}",
            suffix=".jpg",
            data=noise(seed),
            camera=camera,
            day=day,
            side=side,
            judged=(judged,),
        )
        for number, (seed, camera, day, side) in enumerate(rows)
    ]
    write_own_set(folder, "reviewed", "own", CLASSES, (), pictures)
    return folder


def build(folder: Path, out: Path):
    settings = BuildConfig(model="street", root=folder, out=out, split=SplitRule())
    return build_dataset(settings, [picture_set(folder)])


@pytest.mark.parametrize("label", [None, "cart"])
def test_only_the_judged_place_counts(tmp_path: Path, label: str | None):
    dataset = build(own(tmp_path / "set", [(1, "a", "d", "train")], label), tmp_path / "built")
    (entry,) = dataset.entries
    assert entry.labelled == VENDOR_CLASSES
    boxes = read_boxes(tmp_path / "built" / "labels" / "train" / "reviewed__p0.txt")
    names = classes_of("street")
    assert [names[b.class_id] for b in boxes if b.class_id < len(names)] == (
        [label] if label else []
    )

    def hidden(x: float, y: float) -> set[str]:
        here = [b for b in boxes if abs(x - b.cx) <= b.w / 2 and abs(y - b.cy) <= b.h / 2]
        kinds = [b.class_id - len(names) for b in here if b.class_id >= len(names)]
        return {names[i] for kind in kinds for i in dataset.mask_classes[kind]}

    assert hidden(0.5, 0.5) == set(names) - set(VENDOR_CLASSES)
    for x, y in [(0.05, 0.05), (0.35, 0.5), (0.5, 0.8), (0.95, 0.5)]:
        assert hidden(x, y) == set(names)


def test_near_duplicates_never_stand_on_two_sides(tmp_path: Path):
    rows = [
        (1, "a", "1", "val"),
        (1, "a", "2", "train"),  # as the frozen one: left out
        (2, "a", "3", "train"),
        (2, "b", "9", "newest"),  # as one that trains: left out
        (3, "b", "9", "newest"),
    ]
    dataset = build(own(tmp_path / "set", rows), tmp_path / "built")
    assert sorted((e.name, e.split) for e in dataset.entries) == [
        ("reviewed__p0.jpg", "val"),
        ("reviewed__p2.jpg", "train"),
        ("reviewed__p4.jpg", "newest"),
    ]
    assert (tmp_path / "built" / "images" / "newest" / "reviewed__p4.jpg").is_file()


def test_whole_days_of_a_camera_stay_where_they_are_when_more_come():
    rule = ReviewedSplit(frozen_every=3)
    days = [f"2026-05-{d:02}" for d in range(1, 21)]

    def sides(known: list[str]) -> dict[tuple[str, str], str]:
        newest = rule.newest(known)
        return {(c, d): rule.side(c, d, newest) for c in "abc" for d in known}

    early, late = sides(days[:10]), sides(days)
    frozen = {key for key, side in early.items() if side == "val"}
    assert 3 <= len(frozen) <= 20
    assert frozen == {key for key in early if late[key] == "val"}
    assert {d for (_, d), side in late.items() if side == "newest"} == {days[-1]}
    assert rule.newest(days[:2]) == frozenset()


def test_an_earlier_set_is_replaced_and_another_folder_left_alone(tmp_path: Path):
    own(tmp_path / "set", [(1, "a", "1", "train"), (2, "a", "1", "train")])
    own(tmp_path / "set", [(3, "a", "2", "train")])
    assert len(list((tmp_path / "set" / "images").iterdir())) == 1
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "precious.txt").write_text("x")
    with pytest.raises(FileExistsError, match="other"):
        own(tmp_path / "other", [(1, "a", "1", "train")])
    assert (tmp_path / "other" / "precious.txt").read_text() == "x"


def test_a_listing_that_is_damaged_is_named(tmp_path: Path):
    own(tmp_path / "set", [(1, "a", "1", "train")])
    listing = tmp_path / "set" / "set.json"
    record = json.loads(listing.read_text())
    del record["classes"]
    listing.write_text(json.dumps(record))
    with pytest.raises(ValueError, match=r"set\.json.*classes"):
        read_own_set(tmp_path / "set")
