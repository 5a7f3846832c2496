"""Two flights over ground made here: what is reported, what is not, and what survives a kill."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from flight_cli import run_flight
from shapely.geometry import Polygon, box, mapping
from sim_camera import Light
from sim_flight import Plan, fly
from sim_ground import made_ground
from sim_scene import Scene, Structure
from sim_texture import sheet

from api import flight_commands
from detector.flights.comparison import compare
from detector.flights.comparison_config import ComparisonConfig
from detector.flights.finding import FlightVerdict
from detector.flights.flight_files import write_reports
from detector.flights.incident_filing import FlightSource, file_incidents
from detector.flights.ingest import ingest
from detector.flights.ledger import Ledger, LedgerRow, read_ledger, write_ledger
from detector.incidents import (
    CaseDesk,
    CaseDeskConfig,
    Database,
    DatabaseConfig,
    IncidentRegistry,
    Outbox,
    RegistryConfig,
)
from detector.rules.rooftop import RooftopConfig, RooftopRule

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # flies and compares 19 pictures
AT = datetime(2026, 5, 10, 2, 0, tzinfo=UTC)
ADDED = np.array([[-3, 2], [3, 2], [3, -2], [-3, -2]], float) + np.array([6, 5])
GONE = np.array([[-2.5, 2], [2.5, 2], [2.5, -2], [-2.5, -2]], float) + np.array([-8, -6])


def structure(name: str, corners: np.ndarray, colour: str) -> Structure:
    rng = np.random.default_rng(len(name))
    texture = sheet(rng, 30, 46, 0.13, colour)
    return Structure(
        id=name,
        kind="rooftop_shed",
        corners_m=corners,
        height_m=2.4,
        texture=texture,
        building_id="b",
    )


def knows_colours(planes):
    """Stands in for the network: what turned blue came, what was red and is no longer went."""
    blue = [planes[hue + 1] - planes[hue] for hue in (1, 4)]
    came = (blue[1] > 0.5) & (blue[1] - blue[0] > 0.3)
    went = ~came & (blue[0] < -0.4) & (blue[1] - blue[0] > 0.3)
    likely = np.stack([~came & ~went, came, went]) * 0.9 + 0.05
    return likely.astype(np.float32)


@pytest.fixture(scope="module")
def flights(tmp_path_factory):
    """A red shed goes, a blue one comes; light and heights differ."""
    folder = tmp_path_factory.mktemp("flights")
    ground = made_ground(4, side_m=100)
    before, after = Scene.of(ground), Scene.of(ground)
    before.build(structure("gone", GONE, "red"))
    after.build(structure("added", ADDED, "blue"))
    plan = Plan(
        area_m=(-12, -12, 12, 12), height_m=42, size_px=(640, 480), overlap=0.5, starts_at=AT
    )
    fly(before, plan, folder / "before", 1, Light())
    later = replace(plan, height_m=46, heading_deg=35, starts_at=AT + timedelta(days=40))
    fly(after, later, folder / "after", 2, Light(gain=(0.8, 0.85, 0.9), gamma=1.1))
    (folder / "after" / "zz_cut.jpg").write_bytes(
        (folder / "after" / "DJI_0001.JPG").read_bytes()[:4000]
    )
    config = ComparisonConfig()
    ingest(folder / "before", folder / "base", config.flight)
    return folder, ground


def compared(flights, work, ledger=None, network=knows_colours):
    folder, _ = flights
    return compare(
        folder / "base", folder / "after", work, ComparisonConfig(), network, ledger=ledger
    )


@pytest.fixture(scope="module")
def comparison(flights):
    return compared(flights, flights[0] / "work")


def of(comparison, verdict):
    return [f for f in comparison.findings if f.verdict is verdict]


def true_ring(flights, comparison, corners):
    lon_lat = flights[1].frame.to_lon_lat(corners)
    return Polygon(comparison.baseline.frame.to_local(lon_lat))


def test_what_came_and_what_went_is_found_once_and_in_place(flights, comparison):
    new, removed = of(comparison, FlightVerdict.NEW), of(comparison, FlightVerdict.REMOVED)
    assert len(new) == 1
    assert len(removed) == 1
    for finding, corners in ((new[0], ADDED), (removed[0], GONE)):
        true = true_ring(flights, comparison, corners)
        found = Polygon(comparison.baseline.frame.to_local(np.array(finding.ring)))
        away = found.centroid.distance(true.centroid)
        assert away <= finding.position.error_radius_m
        assert away < 3
        assert 0.5 < found.area / true.area < 1.6
        assert finding.seen_in >= 2
        assert finding.registration_error_m < 0.3
    assert "疑似" in new[0].reason
    cut = [r for r in comparison.results if r.picture == "zz_cut.jpg"]
    assert "cut short" in cut[0].refused


def test_the_collection_is_geojson_with_everything_that_was_asked_for(comparison):
    collection = json.loads(json.dumps(comparison.collection()))
    assert collection["type"] == "FeatureCollection"
    told = collection["features"][0]["properties"]
    for name in (
        "verdict",
        "class",
        "area_m2",
        "error_radius_m",
        "baseline_at",
        "current_at",
        "building_id",
        "pictures",
    ):
        assert name in told


def test_a_killed_run_goes_on_where_it_stopped(flights, comparison):
    """The second run judges no picture again, and says the same."""

    def must_not_be_asked(planes):
        raise AssertionError("a finished picture was judged again")

    again = compared(flights, flights[0] / "work", network=must_not_be_asked)
    assert again.collection() == comparison.collection()
    gone = sorted((flights[0] / "work" / "pictures").glob("*.json"))[0]
    gone.unlink()
    with pytest.raises(AssertionError, match="judged again"):
        compared(flights, flights[0] / "work", network=must_not_be_asked)
    assert compared(flights, flights[0] / "work").collection() == comparison.collection()


def test_the_ledger_decides_between_new_existing_and_approved(flights, comparison):
    frame = flights[1].frame

    def row(name, status, corners, **values):
        geometry = mapping(Polygon(frame.to_lon_lat(corners)))
        return LedgerRow(id=name, status=status, geometry=geometry, **values)

    ledger = Ledger(
        (
            row("grew", "existing", ADDED * 0.5 + ADDED.mean(axis=0) * 0.5 - np.array([2, 0])),
            row("torn-down", "existing", GONE),
            row("stands", "approved", GONE + np.array([14, -4]), permit_number="2026-1"),
            row("far", "existing", GONE + np.array([900, 0])),
        )
    )
    found = {f.ledger_id: f for f in compared(flights, flights[0] / "work", ledger=ledger).findings}
    assert found["grew"].verdict is FlightVerdict.GROWN
    assert found["torn-down"].verdict is FlightVerdict.REMOVED
    assert found["stands"].verdict is FlightVerdict.UNCHANGED
    assert found["stands"].ledger.value == "approved"
    assert found["far"].verdict is FlightVerdict.NOT_VISIBLE


def test_one_incident_for_what_is_new_and_the_same_one_again(comparison, tmp_path):
    database = Database(DatabaseConfig(url=f"sqlite:///{tmp_path / 'x.db'}"))
    database.migrate()
    registry = IncidentRegistry(RegistryConfig(), CaseDesk(CaseDeskConfig(), Outbox(database, ())))
    rule = RooftopRule(RooftopConfig())
    opened = []
    for _ in range(2):
        with database.transaction() as transaction:
            filed = file_incidents(
                transaction, registry, comparison, rule, FlightSource(source_id="estate-7")
            )
        opened.append(len(filed.changes.opened))
    database.close()
    assert opened == [1, 0]
    assert filed.changes.seen[0][1].place.position is not None
    assert list(filed.incident_of) == [of(comparison, FlightVerdict.NEW)[0].id]


def test_reports_show_the_pair_and_what_was_not_judged(flights, comparison, tmp_path):
    folder, _ = flights
    page, document = write_reports(tmp_path, folder / "base", folder / "after", comparison)
    text = page.read_text()
    assert "疑似" in text
    assert text.count("data:image/jpeg") >= 4
    assert "http" not in text
    assert "zz_cut" in text
    assert document.read_bytes().startswith(b"%PDF")


def test_the_command_line_does_it_all(flights, tmp_path):
    folder, ground = flights
    footprints = {"type": "FeatureCollection", "features": []}
    for name, outline in (("A", box(-2, -2, 14, 14)), ("B", box(-16, -14, -3, -1))):
        ring = ground.frame.to_lon_lat(np.array(outline.exterior.coords))
        footprints["features"].append(
            {
                "type": "Feature",
                "properties": {"id": name},
                "geometry": mapping(Polygon(ring)),
            }
        )
    (tmp_path / "b.geojson").write_text(json.dumps(footprints))
    where = (str(folder / "base"), str(folder / "after"))
    options = ("--work", str(tmp_path / "w"), "--buildings", str(tmp_path / "b.geojson"))
    result = run_flight("compare", *where, "--json", *options)
    assert result.exit_code == 0, result.stderr
    collection = json.loads(result.stdout)
    assert collection["type"] == "FeatureCollection"
    assert {f["properties"]["building_id"] for f in collection["features"]} <= {"A", "B"}
    refused = run_flight("compare", *where, *options, "--network", str(tmp_path))
    assert refused.exit_code == 2
    assert "network.json" in refused.stderr


def test_the_command_files_what_is_new_once_and_names_what_is_gone(
    flights, comparison, tmp_path, monkeypatch
):
    folder, ground = flights

    class Network:
        sha256 = "0" * 64

        def __init__(self, folder):
            pass

        def __call__(self, planes):
            return knows_colours(planes)

    monkeypatch.setattr(flight_commands, "ChangeNetwork", Network)
    (tmp_path / "city.yaml").write_text("data_folder: data\n")
    gone = mapping(Polygon(ground.frame.to_lon_lat(GONE)))
    ledger = Ledger((LedgerRow(id="torn-down", status="existing", geometry=gone),))
    kept = tmp_path / "data" / "flights"
    write_ledger(kept / "ledger.geojson", ledger)
    place = kept / f"base--{flight_commands.flight_name(folder / 'after')}"
    shutil.copytree(folder / "work" / "pictures", place / "pictures")  # judged already
    told = [
        run_flight(
            "compare",
            str(folder / "base"),
            str(folder / "after"),
            "--config",
            str(tmp_path / "city.yaml"),
        ).stderr
        for _ in range(2)
    ]
    assert "incidents opened: 1; ledger rows struck off: none" in told[0]
    assert "incidents opened: 0; ledger rows struck off: none" in told[1]
    assert all("for an officer to strike off: torn-down" in text for text in told)
    (row,) = read_ledger(kept / "ledger.geojson").rows
    assert row.standing


def test_a_flight_of_other_ground_is_refused(flights, tmp_path):
    other = made_ground(11, side_m=100)
    plan = Plan(area_m=(-4, -4, 4, 4), height_m=42, size_px=(640, 480), overlap=0.5, starts_at=AT)
    fly(Scene.of(other), plan, tmp_path / "other", 3)
    result = run_flight(
        "compare",
        str(flights[0] / "base"),
        str(tmp_path / "other"),
        "--work",
        str(tmp_path / "w"),
    )
    assert result.exit_code == 2
    assert "no picture could be laid onto" in result.stderr
