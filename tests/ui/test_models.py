"""Candidates, promotion and rollback while cameras are looked at, trainings in progress."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from api import released_models
from api.auth import Role
from api.service import Service
from api.ui.training_run import training_runs
from detector.inference.fake import FakeDetector
from detector.inference.manifest import read_manifest
from tests.api.city import CLASSES, City, config, sees
from tests.auth.site import Site
from tests.ui.made_models import sha256_of, weights_of, write_gate, write_model, write_run


@pytest.fixture
def site(tmp_path: Path):
    write_model(tmp_path / "models" / "street", "1")
    made = Site(tmp_path, models_folder=tmp_path / "models")
    yield made
    made.close()


def candidate(site: Site, version: str, running: str = "1", *reasons: str) -> Path:
    folder = write_model(site.service.config.candidates / f"street-{version}", version)
    write_gate(folder, version, running, *reasons)
    return folder


def shown(site: Site) -> dict[str, dict]:
    found = site.signed_in(Role.VIEWER).get("/api/models/candidates").json()
    return {each["id"]: each for each in found}


def promote(site: Site, version: str, sha256: str = ""):
    path = f"/api/models/candidates/street-{version}/promote"
    return site.signed_in(Role.ENGINEER).post(path, json={"sha256": sha256 or sha256_of(version)})


def test_a_candidate_is_promoted_and_rolled_back_and_the_log_tells_who(site: Site):
    candidate(site, "2")
    assert shown(site)["street-2"]["obstacle"] == ""
    assert promote(site, "2").json()["model"]["version"] == "2"
    models = site.service.config.models_folder
    assert read_manifest(models / "street").version == "2"
    assert shown(site)["street-2"]["obstacle"] == "runs_already"
    (card,) = site.signed_in(Role.VIEWER).get("/api/models").json()
    assert (card["version"], card["earlier"]) == ("2", "1")
    assert [each["name"] for each in card["figures"]] == ["stall", "cart", "person"]
    back = site.signed_in(Role.ADMINISTRATOR).post("/api/models/street/rollback")
    assert back.json()["model"]["version"] == "1"
    assert read_manifest(models / "street").version == "1"
    told = site.access.audit.entries()
    rows = [(row.action, row.actor, json.loads(row.detail)) for row in told]
    assert ("model_rolled_back", "the.administrator", {"to": "1"}) in rows
    (promoted,) = (row for row in rows if row[0] == "model_promoted")
    assert promoted[1] == "the.engineer"
    assert promoted[2]["replaces"] == sha256_of("1")


def test_what_the_gate_has_not_passed_is_not_promoted(site: Site):
    candidate(site, "2", "1", "stall: AP50 0.5 against 0.6")
    candidate(site, "3", "0")  # judged against another model
    candidate(site, "4")
    (site.service.config.candidates / "street-4" / "gate.json").write_text("{")
    candidate(site, "5")
    write_gate(site.service.config.candidates / "street-5", "6", "1")
    write_model(site.service.config.candidates / "other", "7")
    damaged = write_model(site.service.config.candidates / "street-8", "8")
    (damaged / "weights.onnx").write_bytes(b"cut off")
    obstacles = {name: each["obstacle"] for name, each in shown(site).items()}
    assert obstacles == {
        "street-2": "refused",
        "street-3": "gate_outdated",
        "street-4": "no_gate",
        "street-5": "gate_of_others",
        "other": "no_gate",
    }
    for version in "2345":
        assert promote(site, version).status_code == 409
    assert "AP50 0.5" in promote(site, "2").json()["detail"]
    assert promote(site, "8").status_code == 404
    assert promote(site, "9").status_code == 404
    assert read_manifest(site.service.config.models_folder / "street").version == "1"
    assert site.access.audit.entries(action="model_promoted") == ()


def test_a_candidate_that_has_changed_since_it_was_shown_is_not_promoted(site: Site):
    candidate(site, "2")
    assert promote(site, "2", sha256_of("1")).status_code == 409
    assert site.signed_in(Role.ENGINEER).post("/api/models/street/rollback").status_code == 404


def test_an_exchange_that_fails_leaves_the_running_model_and_says_so(site: Site, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("training.promote.shutil.copytree", full)
    candidate(site, "2")
    assert promote(site, "2").status_code == 503
    assert read_manifest(site.service.config.models_folder / "street").version == "1"
    assert len(site.access.audit.entries(action="model_exchange_failed")) == 1


def test_a_candidate_of_a_training_is_found_in_its_run(site: Site):
    run = site.service.config.runs / "week-20"
    write_run(run, epochs=4, done=4, finished=True)
    write_gate(write_model(run / "candidate", "2"), "2", "1")
    assert shown(site)["run.week-20"]["obstacle"] == ""


def test_a_running_training_is_told_from_its_files(tmp_path: Path):
    write_run(tmp_path / "week-20", epochs=10, done=4)
    write_run(tmp_path / "week-19", epochs=3, done=3, finished=True)
    write_run(tmp_path / "week-21", epochs=10, done=0)
    (tmp_path / "no-run").mkdir()
    with (tmp_path / "week-20" / "run" / "results.csv").open("a") as file:
        file.write("5,300.0,1.2")  # the line is being written
    runs = {run.name: run for run in training_runs(tmp_path)}
    assert {name: run.state for name, run in runs.items()} == {
        "week-19": "finished",
        "week-20": "running",
        "week-21": "waiting",
    }
    assert [epoch.number for epoch in runs["week-20"].done] == [1, 2, 3, 4]
    assert runs["week-20"].remaining_s == 360
    assert runs["week-19"].remaining_s is None
    (tmp_path / "week-20" / "progress.json").write_text('{"epoch": 4, "left_s": 17.5}')
    assert {run.name: run.remaining_s for run in training_runs(tmp_path)}["week-20"] == 17.5


@pytest.fixture
def loader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Released folders become models that see red; their weights' names tell them apart."""

    def load(folder: Path, **_) -> FakeDetector:
        sha256 = read_manifest(folder).weights.sha256
        thresholds = dict.fromkeys(CLASSES, 0.5)
        return FakeDetector(sees, CLASSES, thresholds=thresholds, sha256=sha256)

    monkeypatch.setattr(released_models, "load_model", load)


def test_promotion_while_cameras_are_looked_at_loses_no_look(tmp_path: Path, loader):
    from training.promote import promote as put_in_place

    models = tmp_path / "models"
    write_model(models / "street", "1")
    settings = config(tmp_path, models_folder=models)
    city = City(settings)
    city.service.stop()
    city.service = Service(settings)
    city.start()
    try:
        exchanged = threading.Event()

        def exchange() -> None:
            city.wait(lambda: city.service.engine.camera("corner").tally.snapshot().looks >= 2)
            put_in_place(write_model(tmp_path / "2", "2"), models)
            city.service.reload_models()
            exchanged.set()

        thread = threading.Thread(target=exchange)
        thread.start()
        city.push(4, stall=True)
        assert exchanged.wait(20)
        thread.join()
        city.push(6, stall=True)  # 60 s of dwell: opened under the new model
        assert city.service.engine.camera("corner").tally.snapshot().looks == 10
        (incident,) = city.service.records.queries.incidents().items
        assert incident.model_sha256 == (sha256_of("2"),)
        assert incident.first_seen_at < incident.opened_at  # what was followed stayed
    finally:
        city.service.stop()


def test_a_model_that_cannot_be_loaded_leaves_the_loaded_one_at_work(tmp_path: Path, loader):
    models = tmp_path / "models"
    write_model(models / "street", "1")
    service = Service(config(tmp_path, models_folder=models))
    try:
        (models / "street" / "weights.onnx").write_bytes(weights_of("2"))
        with pytest.raises(Exception, match="sha256"):
            service.reload_models()
        assert [model.sha256 for model in service.detectors] == [sha256_of("1")]
    finally:
        service.stop()
