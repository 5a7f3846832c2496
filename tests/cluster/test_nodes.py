"""Two whole services that share one city's cameras."""

from __future__ import annotations

import time

import pytest

from api.auth import Permission, Role
from api.node_profile import address_for_others, reachable
from api.service import Service
from api.shared_cameras import MOVING
from detector.cluster import Node
from detector.incidents import IncidentFilter
from detector.types import ConfigError
from tests.api.city import START, config, model, picture
from tests.auth.site import Site

CAMERAS = [
    {"id": "corner", "kind": "push", "interval_s": 10},
    {"id": "square", "kind": "push", "interval_s": 10},
    {"id": "car", "kind": "push", "moving": True, "tasks": ["cover"]},
]


@pytest.fixture
def start(tmp_path, postgres_url, postgres_database):
    """Starts nodes of one city; they end with the test."""
    sites: list[Site] = []

    def start(name: str, **changes) -> Site:
        values = {
            "database": {"url": postgres_url},
            "cluster": {"beat_s": 0.5, "lease_s": 6},
            "cameras": CAMERAS,
            "access": {"open_metrics": True},
            **changes,
        }
        sites.append(Site(tmp_path, name, **values))
        return sites[-1]

    yield start
    for site in sites:
        site.close()


def held(site: Site) -> set[str]:
    return {camera.id for camera in site.service.engine.cameras}


def wait(condition, seconds: float = 60) -> None:
    until_s = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until_s, "it did not happen in time"
        time.sleep(0.05)


def shared(*sites: Site) -> bool:
    """Every camera with one of them, each with some."""
    all_held = [held(site) for site in sites]
    return all(all_held) and sum(map(len, all_held)) == 3 == len(set.union(*all_held))


def test_pages_and_pictures_of_every_node_show_all_cameras(start):
    a, b = start("a"), start("b")
    wait(lambda: shared(a, b))
    own, other = (a, b) if "square" in held(a) else (b, a)
    sender = other.machine(Permission.FRAMES)
    form = {"source": "square", "captured_at": START.isoformat()}
    sent = sender.post("/api/frames", data=form, files={"picture": picture(1)})
    assert sent.status_code == 202, sent.text  # handed on to the node that looks at it
    camera = own.service.engine.camera("square")
    wait(lambda: camera.tally.looks == 1)
    viewer = other.signed_in(Role.VIEWER)
    sources = {each["id"]: each for each in viewer.get("/api/sources").json()}
    assert set(sources) == {"corner", "square", "car"}
    assert sources["square"]["node"] == own.service.node
    assert sources["square"]["looks"]["looks"] == 1
    assert viewer.get("/api/sources/square").json()["node"] == own.service.node
    shown = viewer.get("/api/sources/square/picture")
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.content == own.signed_in(Role.VIEWER).get("/api/sources/square/picture").content
    assert other.anonymous().get("/api/sources/square/picture").status_code == 401
    assert viewer.get("/api/sources/nowhere").status_code == 404


def test_nodes_stand_on_pages_and_metrics(start):
    a, b = start("a"), start("b")
    wait(lambda: shared(a, b))
    nodes = a.signed_in(Role.VIEWER).get("/api/nodes").json()
    assert [(n["name"], n["alive"], n["this"]) for n in nodes] == [
        ("a", True, True),
        ("b", True, False),
    ]
    assert nodes[1]["address"] == b.url
    wait(lambda: 'xunjie_node_up{node="b"} 1.0' in a.anonymous().get("/metrics").text)
    assert a.anonymous().get("/health").json()["node"] == "a"
    b.close()
    wait(lambda: len(a.signed_in(Role.VIEWER).get("/api/nodes").json()) == 1)
    wait(lambda: held(a) == {"corner", "square", "car"})


def test_one_machine_alone_has_no_nodes(tmp_path):
    site = Site(tmp_path)
    try:
        assert site.signed_in(Role.VIEWER).get("/api/nodes").json() == []
        assert site.anonymous().get("/health").json()["node"] is None
        assert "xunjie_node_up" not in site.machine(Permission.OPERATE).get("/metrics").text
    finally:
        site.close()


def test_a_dwell_goes_on_at_the_next_node(start):
    a = start("a")
    wait(lambda: len(held(a)) == 3)
    a.city.push(4, stall=True)  # 30 s of the 60 that make a vendor
    b = start("b", cluster={"beat_s": 0.5, "lease_s": 6, "capacity": 1000})
    wait(lambda: "corner" in held(b))
    b.city.at, b.city._seed = a.city.at, 50
    b.city.push(2, stall=True)
    queries = b.service.records.queries
    assert queries.incidents(IncidentFilter()).items == ()
    b.city.push(1, stall=True)
    (incident,) = queries.incidents(IncidentFilter()).items
    assert incident.first_seen_at == START
    kinds = {row.kind for row in queries.evidence(incident.id)}
    assert kinds == {"first", "threshold"}  # the first picture is the one that a took
    assert b.service.records.chain.verify(incident.id).intact


def test_all_moving_sources_are_one_nodes(start):
    more = [*CAMERAS, {"id": "bike", "kind": "push", "moving": True, "tasks": ["cover"]}]
    a, b = start("a", cameras=more), start("b", cameras=more)
    wait(lambda: held(a) | held(b) == {"corner", "square", "car", "bike"})
    wait(lambda: held(a) and held(b) and not held(a) & held(b))
    assert {"car", "bike"} <= held(a) or {"car", "bike"} <= held(b)
    assert a.service.member.holds(MOVING) != b.service.member.holds(MOVING)


def test_what_is_drawn_and_entered_on_one_node_holds_on_all(start):
    a, b = start("a"), start("b")
    wait(lambda: shared(a, b))
    own, other = (a, b) if "corner" in held(a) else (b, a)
    engineer = other.signed_in(Role.ENGINEER)
    mask = [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2]]
    body = {"settings": {"zones": [], "privacy_polygons_unit": [mask]}, "version": 0}
    assert engineer.put("/api/sources/corner/settings", json=body).status_code == 200
    view = lambda: own.service.engine.camera("corner").view  # noqa: E731
    wait(lambda: len(view().privacy) == 1)
    camera = {"kind": "push", "interval_s": 30}
    assert engineer.put("/api/cameras/kiosk", json=camera).status_code == 200
    wait(lambda: "kiosk" in held(a) | held(b))
    wait(lambda: "kiosk" in {c.id for c in own.service.config.cameras})
    assert engineer.delete("/api/cameras/kiosk").status_code == 204
    wait(lambda: "kiosk" not in held(a) | held(b))


def test_retention_and_outcomes_are_one_nodes(start):
    a, b = start("a"), start("b")
    wait(lambda: shared(a, b))
    for duty in ("duty: retention", "duty: outcomes"):
        wait(lambda duty=duty: a.service._has_duty(duty) != b.service._has_duty(duty))


def test_sqlite_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="PostgreSQL"):
        Service(config(tmp_path), detectors=[model()], node="a")


def test_a_strange_name_is_refused(tmp_path, postgres_url, postgres_database):
    settings = config(tmp_path, database={"url": postgres_url})
    with pytest.raises(ConfigError, match="node name"):
        Service(settings, detectors=[model()], node="a b/c")


def test_addresses_are_told_as_others_reach_them():
    named = address_for_others("http://0.0.0.0:8420/")
    assert named.startswith("http://")
    assert named.endswith(":8420")
    assert "0.0.0.0" not in named
    assert address_for_others("http://10.1.2.3:8420/") == "http://10.1.2.3:8420"
    far = {"name": "b", "capacity": 1, "cameras": 0, "looks_per_s": 0, "camera_list": ""}
    far |= {"seal_key_id": "", "joined_at": START, "seen_at": START, "expires_in_s": 5}
    assert reachable(Node(host="elsewhere", address="http://127.0.0.1:1", **far)) == ""
    assert reachable(Node(host="elsewhere", address="http://10.1.2.3:1", **far)) != ""
