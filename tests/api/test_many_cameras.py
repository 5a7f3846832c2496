"""What a start costs must not grow with the cameras by one transaction each, and loses nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from api.config import parse_config
from api.service import Service
from detector.incidents import Database, save_presence
from detector.inference.fake import FakeDetector
from detector.types import DiskFull, Frame

CLASSES = ("stall", "cart", "ground_goods", "person")


def service_of(folder, count: int) -> Service:
    cameras = [{"id": f"c{n}", "kind": "push", "tasks": ["vendor"]} for n in range(count)]
    raw = {"data_folder": folder, "cameras": cameras, "evidence": {"min_free_bytes": 0}}
    model = FakeDetector(lambda image: [], CLASSES, thresholds=dict.fromkeys(CLASSES, 0.5))
    return Service(parse_config(raw, "test"), detectors=[model])


def reads_of_a_start(monkeypatch, folder, count: int) -> int:
    reads = []
    reading = Database.reading
    with monkeypatch.context() as patch:
        patch.setattr(Database, "reading", lambda self: (reads.append(1), reading(self))[1])
        service_of(folder, count).stop()
    return len(reads)


def test_a_start_reads_the_database_as_often_for_many_cameras_as_for_few(monkeypatch, tmp_path):
    few = reads_of_a_start(monkeypatch, tmp_path / "few", 2)
    assert 0 < few == reads_of_a_start(monkeypatch, tmp_path / "many", 40)


@pytest.fixture
def restarted(tmp_path):
    """A service that starts again after a camera's own edges had been learnt."""
    before = service_of(tmp_path, 1)
    camera = before.engine.camera("c0")
    state = {**camera.state(), "trust": {"view": {}, "own_edge_px": 3.25}}
    with before.records.database.transaction() as transaction:
        save_presence(transaction, "c0", state, datetime(2026, 5, 4, tzinfo=UTC))
    before.stop()
    service = service_of(tmp_path, 1)
    yield service
    service.stop()


class OneFrame:
    """A source with one picture."""

    source_id, moving, paced = "c0", False, False

    def look(self):
        image = np.random.default_rng(1).integers(0, 255, (90, 160, 3), np.uint8)
        at = datetime(2026, 5, 4, 0, 1, tzinfo=UTC)
        return Frame(source_id="c0", seq=0, captured_at=at, clock="wall", image=image)

    def stop(self): ...


def test_what_was_saved_is_there_at_the_first_look(restarted):
    camera = restarted.engine.camera("c0")
    camera.source = OneFrame()
    camera.look()
    assert camera.state()["trust"]["own_edge_px"] == pytest.approx(3.25, abs=0.2)


def test_no_look_is_made_before_what_was_saved_could_be_read(restarted, monkeypatch):
    camera = restarted.engine.camera("c0")
    camera.source = OneFrame()

    def full(transaction, unit):
        raise DiskFull("no space")

    with monkeypatch.context() as patch:
        patch.setattr("api.service.load_presence", full)
        for _ in range(2):
            with pytest.raises(DiskFull):
                camera.look()
    assert camera.tally.looks == 0
    camera.look()
    assert camera.tally.looks == 1
    assert camera.state()["trust"]["own_edge_px"] == pytest.approx(3.25, abs=0.2)
