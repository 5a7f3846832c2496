"""The short form of the kill runs, and that their count can fail."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from detector.incidents import DeliveryState
from tests.faults.kill_run import KillReport, _count
from tests.faults.street_service import ServiceConfig, opened_service

ROOT = Path(__file__).parent.parent.parent


def run_kills(*options: str, module: str = "tests.faults.kill_run"):
    run = subprocess.run(
        [sys.executable, "-m", module, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    report = json.loads(run.stdout)
    assert report["faults"] == []
    assert report["incidents"] == report["cases_at_receiver"]
    return report


@pytest.mark.slow
def test_twelve_kills_lose_and_double_nothing():
    report = run_kills("--kills", "12", "--seed", "3")
    assert report["incidents"] >= 20
    assert len(report["troubles"]) >= 4  # the receiver did misbehave
    assert report["letters_at_receiver"] > report["incidents"]  # some were cleared


@pytest.mark.slow
def test_kills_on_postgresql(postgres_database, postgres_url):
    report = run_kills("--kills", "4", "--seed", "5", "--database-url", postgres_url)
    assert report["incidents"] >= 20


@pytest.fixture
def drained(tmp_path):
    """A street with two incidents whose letters are delivered, and what an honest book says."""
    stop = tmp_path / "stop"
    stop.touch()
    config = ServiceConfig(
        database_url=f"sqlite:///{tmp_path / 'a.db'}",
        folder=tmp_path / "evidence",
        receiver_url="http://127.0.0.1:9/",
        every_s=0,
        stop_file=stop,
    )
    with opened_service(config) as service:
        service.open(2)
        service.open(4)
        entries = []
        for row in service.outbox.claim("city", "w", 60, 10):
            service.outbox.delivered(row.id, None)
            names = ("case_id", "incident_id", "kind", "seq")
            entry = {name: row.record[name] for name in names}
            entries.append({**entry, "key": row.idempotency_key, "pictures": 1})
        yield service, entries


def faults(service, accepted, reordered=()):
    report = KillReport(kills=0)
    book = {"accepted": accepted, "repeated": 0, "troubles": {}, "reordered": list(reordered)}
    _count(service, book, report)
    return [fault.split(":")[0] for fault in report.faults]


def test_the_count_finds_what_is_lost_doubled_or_unknown(drained):
    service, entries = drained
    assert faults(service, entries) == []
    assert faults(service, entries[:1]) == ["lost", "called delivered, but is not there"]
    twice = {**entries[0], "key": "another"}
    assert faults(service, [*entries, twice]) == ["doubled"]
    assert faults(service, [*entries, entries[0]]) == ["doubled", "twice in the book"]
    assert faults(service, [*entries, {**twice, "incident_id": "x"}]) == ["unknown"]
    assert faults(service, entries, ["k"]) == ["out of order"]
    assert faults(service, [{**e, "pictures": 0} for e in entries]) == ["without its picture"] * 2


def test_the_count_finds_what_waits_and_what_was_tampered_with(drained):
    service, entries = drained
    (row, _) = service.queries.deliveries().items
    service.outbox.redeliver(row.id)
    assert faults(service, entries) == [DeliveryState.PENDING]
    service.outbox.delivered(row.id, None)
    service.store.delete(next(iter(service.store.keys())))
    assert len(faults(service, entries)) == 1


@pytest.mark.slow
def test_the_whole_service_killed_three_times_loses_and_doubles_nothing():
    report = run_kills("--kills", "3", "--seed", "2", module="tests.faults.kill_city")
    assert report["incidents"] >= 2
