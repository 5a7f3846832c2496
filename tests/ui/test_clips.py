"""Clips are shown without faces, and not at all where that cannot be had."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update

from api.auth import Role
from detector.evidence import ShownClipConfig
from detector.evidence.jpeg import decode_jpeg
from detector.incidents.schema import evidence, incidents
from tests.auth.site import Site
from tests.evidence.made_video import FACE_PX, face_is_readable, video
from tests.ui.made_clip import add_clip, sees_a_person
from tests.ui.populate import populate


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "site")
    populate(made.service.records.database, pending=2, cases_count=0, cameras=["corner"])
    made.service._detectors = (sees_a_person(),)
    yield made
    made.close()


@pytest.fixture
def filmed(site: Site, tmp_path: Path) -> UUID:
    with site.service.records.database.reading() as transaction:
        incident_id = transaction.execute(select(incidents.c.id)).scalars().first()
    add_clip(site.service, incident_id, video(tmp_path / "clip.mp4", seconds=3))
    return incident_id


def finished(client: httpx.Client, incident_id: UUID) -> dict:
    """The clip when every picture of it is masked."""
    end = time.monotonic() + 60
    while True:
        told = client.get(f"/api/incidents/{incident_id}/clip")
        assert told.status_code == 200, told.text
        if told.json()["complete"]:
            return told.json()
        assert time.monotonic() < end
        time.sleep(0.05)


def pictures(site: Site, incident_id: UUID) -> list:
    client = site.signed_in(Role.VIEWER)
    count = len(finished(client, incident_id)["offsets_s"])
    answers = [client.get(f"/api/incidents/{incident_id}/clip/{n}") for n in range(count)]
    assert {answer.headers["content-type"] for answer in answers} == {"image/jpeg"}
    return [decode_jpeg(answer.content, "clip") for answer in answers]


def test_a_viewer_sees_the_clip_without_the_face(site: Site, filmed: UUID):
    shown = pictures(site, filmed)
    assert len(shown) == 12
    assert not any(face_is_readable(image) for image in shown)
    rows = site.access.audit.entries(action="original_opened")
    assert list(rows) == []  # nobody has seen the original


def test_it_is_masked_once_and_anew_when_the_masks_are_drawn_anew(site: Site, filmed: UUID):
    counts = []
    model = sees_a_person()
    see = model.see
    model.see = lambda image: counts.append(1) or see(image)
    site.service._detectors = (model,)
    pictures(site, filmed)
    pictures(site, filmed)
    assert len(counts) == 12
    polygon = ((0.0, 0.6), (0.5, 0.6), (0.5, 1.0), (0.0, 1.0))
    settings = {"privacy_polygons_unit": (polygon,)}
    cameras = tuple(
        c.model_copy(update=settings) if c.id == "corner" else c
        for c in site.service.config.cameras
    )
    site.service.config = site.service.config.model_copy(update={"cameras": cameras})
    for image in pictures(site, filmed):
        assert image[150:175, 5:150].std() < 3
    assert len(counts) == 24


def slow_model(looks: int):
    """Looks at so many pictures and then at none until it is let go."""
    model, go, seen = sees_a_person(), threading.Event(), []
    see = model.see

    def waiting(image):
        seen.append(1)
        if len(seen) > looks:
            assert go.wait(60)
        return see(image)

    model.see = waiting
    return model, go, seen


def test_the_first_pictures_can_be_seen_while_others_are_masked(site: Site, filmed: UUID):
    model, go, _ = slow_model(looks=4)
    site.service._detectors = (model,)
    client = site.signed_in(Role.VIEWER)
    image = client.get(f"/api/incidents/{filmed}/clip/2")
    assert not face_is_readable(decode_jpeg(image.content, "clip"))
    told = client.get(f"/api/incidents/{filmed}/clip").json()
    assert len(told["offsets_s"]) == 3
    assert not told["complete"]
    go.set()
    assert len(finished(client, filmed)["offsets_s"]) == 12


def test_a_clip_that_nobody_asks_for_any_more_is_given_up(site: Site, filmed: UUID):
    site.app.state.clips._config = ShownClipConfig(give_up_after_s=0.3)
    model, go, seen = slow_model(looks=4)
    site.service._detectors = (model,)
    client = site.signed_in(Role.VIEWER)
    client.get(f"/api/incidents/{filmed}/clip/2").raise_for_status()
    time.sleep(1)
    go.set()
    end = time.monotonic() + 60
    while site.app.state.clips._films:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert len(seen) < 12
    assert len(finished(client, filmed)["offsets_s"]) == 12  # it is begun anew


def test_nothing_is_shown_without_a_model_that_sees_people(site: Site, filmed: UUID):
    blind = sees_a_person()
    blind.classes = ("stall",)
    blind.see = lambda image: []
    site.service._detectors = (blind,)
    answer = site.signed_in(Role.VIEWER).get(f"/api/incidents/{filmed}/clip")
    assert answer.status_code == 503
    assert "person" in answer.json()["detail"]


def test_the_masks_of_a_camera_that_is_gone_are_not_known(site: Site, filmed: UUID):
    pictures(site, filmed)
    site.service.drop_camera("corner")
    client = site.signed_in(Role.VIEWER)
    for path in (f"/api/incidents/{filmed}/clip", f"/api/incidents/{filmed}/clip/0"):
        assert client.get(path).status_code == 503


def test_a_clip_that_retention_has_deleted_is_shown_no_more(site: Site, filmed: UUID):
    (x1, y1, x2, y2) = FACE_PX
    assert pictures(site, filmed)[0][y1:y2, x1:x2].size > 0
    with site.service.records.database.transaction() as transaction:
        gone = update(evidence).where(evidence.c.incident_id == filmed)
        transaction.execute(gone.values(deleted_at=site.service.started_at))
    client = site.signed_in(Role.VIEWER)
    for path in (f"/api/incidents/{filmed}/clip", f"/api/incidents/{filmed}/clip/0"):
        assert client.get(path).status_code == 404


def test_the_page_is_told_whether_there_is_one(site: Site, filmed: UUID):
    items = site.signed_in(Role.OPERATOR).post("/api/review/claim", json={"count": 2}).json()
    assert {item["incident"]["id"]: item["clip"] for item in items} == {
        item["incident"]["id"]: item["incident"]["id"] == str(filmed) for item in items
    }
    other = next(i["incident"]["id"] for i in items if i["incident"]["id"] != str(filmed))
    assert site.signed_in(Role.VIEWER).get(f"/api/incidents/{other}/clip").status_code == 404
    beyond = site.signed_in(Role.VIEWER).get(f"/api/incidents/{filmed}/clip/99")
    assert beyond.status_code == 404
