"""The REST API, asked as other systems would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.auth.audit import command_line
from api.auth.role import KEY_SCOPES
from tests.api.city import START, City, config, picture


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = City(config(tmp_path)).start()
    yield made
    made.service.stop()


@pytest.fixture
def client(city: City) -> Iterator[TestClient]:
    """A machine with a key for everything a key may have."""
    _, secret = city.service.access.add_key(command_line(), "test", sorted(KEY_SCOPES), None)
    headers = {"Authorization": f"Bearer {secret}"}
    with TestClient(create_app(city.service), headers=headers) as made:
        yield made


def post(client: TestClient, source: str, data: bytes, **form: object):
    files = {"picture": ("a.jpg", data, "image/jpeg")}
    return client.post("/api/frames", data={"source": source, **form}, files=files)


def posted_hole(client: TestClient, city: City, seed: int = 1) -> dict:
    answer = post(
        client,
        "car",
        picture(seed, hole=True),
        captured_at=START.isoformat(),
        lat_deg=34.6,
        lon_deg=119.2,
        error_radius_m=5,
    )
    assert answer.status_code == 202, answer.text
    city.wait(lambda: client.get("/api/cases").json()["items"])
    return answer.json()


def test_a_posted_picture_becomes_a_case_with_evidence(client: TestClient, city: City):
    posted_hole(client, city)
    (case,) = client.get("/api/cases").json()["items"]
    assert (case["state"], case["urgent"], case["code"]) == ("reported", True, "0114")
    detail = client.get(f"/api/incidents/{case['incident_id']}").json()
    shown = [row for row in detail["evidence"] if row["variant"] == "shown"]
    url = f"/api/incidents/{case['incident_id']}/evidence/{shown[0]['id']}"
    got = client.get(url)
    assert got.headers["content-type"] == "image/jpeg"
    assert got.content[:2] == b"\xff\xd8"
    assert client.get(f"/api/incidents/{case['incident_id']}/chain").json()["intact"]


def test_sealed_originals_are_not_given_out(client: TestClient, city: City):
    posted_hole(client, city)
    (case,) = client.get("/api/cases").json()["items"]
    detail = client.get(f"/api/incidents/{case['incident_id']}").json()
    sealed = next(row for row in detail["evidence"] if row["variant"] == "sealed")
    url = f"/api/incidents/{case['incident_id']}/evidence/{sealed['id']}"
    assert client.get(url).status_code == 404


def test_a_repeated_upload_is_acknowledged_as_one(client: TestClient, city: City):
    first = posted_hole(client, city)
    again = post(client, "car", picture(1, hole=True), lat_deg=34.6, lon_deg=119.2)
    assert again.json() == {"origin_key": first["origin_key"], "duplicate": True}


@pytest.mark.parametrize(
    ("source", "data", "form", "status", "says"),
    [
        ("nobody", b"x", {}, 404, "nobody"),
        ("car", b"no picture at all", {}, 422, "upload from"),
        ("car", picture(3)[:300], {}, 422, "upload from"),
        ("car", picture(3), {"lat_deg": 34.6}, 422, "belong together"),
        ("car", picture(3), {"lat_deg": 134.6, "lon_deg": 1}, 422, "lat_deg"),
        ("car", picture(3), {"captured_at": "2026-05-04T10:00:00"}, 422, "timezone"),
    ],
)
def test_bad_uploads_are_named(client: TestClient, source, data, form, status, says):
    answer = post(client, source, data, **form)
    assert answer.status_code == status
    assert says in answer.text


def test_a_verdict_opens_the_case_once(client: TestClient, city: City):
    city.push(8, stall=True)
    (incident,) = client.get("/api/incidents", params={"verdict": "pending"}).json()["items"]
    url = f"/api/incidents/{incident['id']}/verdict"
    body = {"answer": "confirmed", "operator": "li"}
    first = client.post(url, json=body).json()
    again = client.post(url, json=body).json()
    assert first["case_id"] == again["case_id"]
    assert again["repeated"]
    other = client.post(url, json={"answer": "rejected", "operator": "wu", "reason": "van"})
    assert other.status_code == 409
    assert "li" in other.json()["detail"]
    assert len(client.get("/api/cases").json()["items"]) == 1


def test_incomplete_verdicts_are_refused(client: TestClient, city: City):
    city.push(8, stall=True)
    (incident,) = client.get("/api/incidents").json()["items"]
    url = f"/api/incidents/{incident['id']}/verdict"
    no_reason = client.post(url, json={"answer": "rejected", "operator": "li"})
    assert (no_reason.status_code, "reason" in no_reason.text) == (422, True)
    outside = {"answer": "corrected", "operator": "li", "box_unit": [0.1, 0.1, 1.5, 0.5]}
    assert client.post(url, json=outside).status_code == 422
    upside_down = {"answer": "corrected", "operator": "li", "box_unit": [0.5, 0.5, 0.1, 0.1]}
    assert client.post(url, json=upside_down).status_code == 422


def test_a_case_is_claimed_by_one_worker_and_goes_its_way(client: TestClient, city: City):
    posted_hole(client, city)
    (mine,) = client.post("/api/cases/claim", json={"worker": "a"}).json()
    assert client.post("/api/cases/claim", json={"worker": "b"}).json() == []
    lost = client.post(f"/api/cases/{mine['id']}/renew", json={"worker": "b"})
    assert lost.status_code == 409
    url = f"/api/cases/{mine['id']}/state"
    leap = client.post(url, json={"state": "closed", "actor": "a"})
    assert (leap.status_code, "cannot become" in leap.text) == (409, True)
    for state in ("registered", "filed", "dispatched", "handling", "verifying", "closed"):
        assert client.post(url, json={"state": state, "actor": "a"}).json()["state"] == state
    detail = client.get(f"/api/cases/{mine['id']}").json()
    steps = [event["to_state"] for event in detail["events"] if event["to_state"]]
    assert steps[0] == "reported"
    assert steps[-1] == "closed"
    assert detail["state_label"] == "结案"


def test_unknown_ids_and_cursors_are_named(client: TestClient):
    nobody = "00000000-0000-0000-0000-000000000000"
    for path in (f"/api/incidents/{nobody}", f"/api/cases/{nobody}", "/api/sources/none"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert path.rpartition("/")[2] in answer.json()["detail"]
    assert client.get("/api/cases", params={"cursor": "rubbish"}).status_code == 422


def test_health_readiness_metrics_and_sources(client: TestClient, city: City):
    city.push(2)
    assert client.get("/health").json()["status"] == "ok"
    assert client.get("/ready").json() == {"ready": True, "faults": []}
    text = client.get("/metrics").text
    assert 'xunjie_looks_total{source="corner"} 2.0' in text
    for name in ("staleness_seconds", "reconnects_total", "resident_bytes", "source_state"):
        assert f"xunjie_{name}" in text
    (corner, _) = client.get("/api/sources").json()
    assert (corner["id"], corner["looks"]["looks"]) == ("corner", 2)
    assert client.get("/api/sources/corner/picture").content[:2] == b"\xff\xd8"
    assert client.get("/api/sources/car/picture").status_code == 404


def test_a_full_disk_is_not_ready(client: TestClient, city: City, monkeypatch):
    monkeypatch.setattr(type(city.service.records.store), "free_bytes", lambda self: -1)
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert "disk full" in answer.json()["faults"][0]


def test_every_operation_is_described(client: TestClient):
    paths = client.get("/openapi.json").json()["paths"]
    assert len(paths) >= 18
    for path, operations in paths.items():
        for method, operation in operations.items():
            assert operation.get("description"), f"{method} {path} has no description"
            assert any(code.startswith("2") for code in operation["responses"]), path


def test_outcomes_come_back_once_and_move_the_case(client: TestClient, city: City):
    posted_hole(client, city)
    (case,) = client.get("/api/cases").json()["items"]
    url = f"/api/cases/{case['id']}/outcome"
    bare = client.post(url, json={"outcome": "refused", "destination": "county"})
    assert (bare.status_code, "reason" in bare.json()["detail"]) == (422, True)
    body = {"outcome": "accepted", "destination": "county", "remote_id": "C-1"}
    key = {"Idempotency-Key": "k1"}
    assert not client.post(url, json=body, headers=key).json()["repeated"]
    assert client.post(url, json=body, headers=key).json()["repeated"]
    client.post(url, json={"outcome": "closed", "destination": "county"})
    told = client.get(f"/api/cases/{case['id']}/outcomes").json()
    assert [each["kind"] for each in told] == ["accepted", "closed"]
    assert client.get(f"/api/cases/{case['id']}").json()["case"]["state"] == "closed"
