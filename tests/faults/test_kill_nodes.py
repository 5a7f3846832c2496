"""The short form of the runs in which nodes are killed, and that their count can fail."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faults.kill_nodes import Blow, NodesReport, _judge_hand_overs, _judge_sights
from tests.faults.street_pictures import ON_S, Script, Stand

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_three_kills_of_nodes_lose_and_double_nothing(tmp_path, postgres_database, postgres_url):
    command = [sys.executable, "-m", "tests.faults.kill_nodes", str(tmp_path)]
    # How long a hand-over takes says nothing on a machine that is busy with other things.
    command += ["--kills", "3", "--cameras", "6", "--seed", "1", "--most-s", "240"]
    command += ["--database-url", postgres_url]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=850)
    assert run.returncode == 0, run.stdout + run.stderr
    report = json.loads(run.stdout)
    assert report["killed"] + report["paused"] + report["stopped"] == 3
    assert report["incidents"] == report["stands"] > 0
    assert report["faults"] == []


class Place:
    """Pictures that were asked for, by hand."""

    def __init__(self, *at_s: float) -> None:
        self._at_s = at_s

    def first_asked(self, camera: str, after_s: float) -> float | None:
        return next((at for at in self._at_s if at > after_s), None)


def test_a_camera_that_waits_too_long_is_a_fault():
    blow = Blow(node="a", at_s=100, orderly=False, cameras=("cam-00",))
    for asked_s, wrong in ((100.2, True), (109.0, False), (130.0, True)):
        report = NodesReport(kills=1)
        _judge_hand_overs([blow], Place(asked_s), {"cam-00": [108.5]}, 15, report)
        assert report.lease_s == [8.5, 8.5, 8.5]
        assert bool(report.faults) is wrong


class Sights:
    """What a Watcher has read."""

    def __init__(self, **sights) -> None:
        self.sights = {"cam-00": sights}


@pytest.mark.parametrize(
    ("sights", "carried", "wrong"),
    [
        ({"2026-11-25T08:00:02+00:00": {("a", 1)}}, 0, False),
        ({"2026-11-25T08:00:02+00:00": {("a", 1), ("b", 2)}}, 1, False),
        (
            {"2026-11-25T08:00:02+00:00": {("a", 1)}, "2026-11-25T08:00:22+00:00": {("b", 2)}},
            0,
            True,
        ),
        ({}, 0, False),
    ],
)
def test_a_first_sight_that_is_forgotten_is_a_fault(sights, carried, wrong):
    begins_s = 1795593600.0  # 2026-11-25 08:00 UTC
    stand = Stand(camera="cam-00", violation="vendor", begins_s=begins_s, ends_s=begins_s + ON_S)
    watcher, report = Sights(), NodesReport(kills=1)
    watcher.sights["cam-00"] = sights
    _judge_sights(watcher, [stand], report)
    assert bool(report.faults) is wrong
    assert report.sights_carried_over == carried


def test_a_script_ends_what_it_has_begun():
    script = Script(cameras=4, seed=1)
    assert not any(script.shows(n, time.time()) for n in range(4))
    script.began_s = time.time() - 1000
    begun = list(script.stands())
    assert {stand.camera for stand in begun} == {"cam-00", "cam-01", "cam-02", "cam-03"}
    script.no_more_after_s = script.began_s + 150
    assert 4 <= len(list(script.stands())) < len(begun)
