"""What a city needs follows from what a look costs."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
import structlog
from typer.testing import CliRunner

from api import plan_command
from api.cli import app
from detector.patrol.plan import BUSY_SHARE, Assumed, Costs, plans

COSTS = Costs(
    examined_core_ms=140,
    carried_core_ms=30,
    connected_core_ms_per_s=2,
    visit_core_ms=10,
    connected_mib=20,
    visited_mib=1.5,
    base_mib=400,
)


def by_way(cameras: int, interval_s: float, **assumed) -> dict:
    found = plans(cameras, interval_s, COSTS, Assumed(**assumed))
    return {one.way: one for one in found}


def test_cores_are_looks_times_cost_with_room():
    found = by_way(6000, 60)
    assert found["snapshots"].cores == pytest.approx(100 * 0.140 / BUSY_SHARE)
    assert found["visited"].cores == pytest.approx(100 * 0.150 / BUSY_SHARE)
    assert found["connected"].cores == pytest.approx((100 * 0.140 + 6000 * 0.002) / BUSY_SHARE)


def test_carried_looks_cost_less():
    full, half = by_way(6000, 60)["snapshots"], by_way(6000, 60, carried_share=0.5)["snapshots"]
    assert half.cores / full.cores == pytest.approx((140 + 30) / 2 / 140)


def test_looks_in_which_something_may_be_cost_more():
    again = COSTS.model_copy(update={"second_core_ms": 70.0})
    (*_, quiet), (*_, busy) = (
        plans(6000, 60, again, Assumed(twice_share=share)) for share in (0.0, 0.5)
    )
    assert quiet.cores == pytest.approx(by_way(6000, 60)["snapshots"].cores)
    assert busy.cores / quiet.cores == pytest.approx((140 + 35) / 140)


def test_visits_spare_the_network_and_memory_decides_too():
    found = by_way(5000, 60)
    assert found["visited"].network_mbit_s < found["connected"].network_mbit_s / 20
    small = by_way(5000, 60, cores_per_machine=64, memory_gib_per_machine=8)
    assert small["connected"].machines > small["visited"].machines


def test_twice_the_cameras_need_twice_as_much():
    one, two = by_way(5000, 60)["visited"], by_way(10000, 60)["visited"]
    assert two.cores == pytest.approx(2 * one.cores)
    assert two.evidence_tib == pytest.approx(2 * one.evidence_tib)


def test_the_command_plans_from_kept_costs(tmp_path):
    file = tmp_path / "costs.json"
    file.write_text(json.dumps({"costs": COSTS.model_dump()}))
    words = ["plan", "--cameras", "6000", "--interval", "60", "--costs", str(file), "--json"]
    answer = CliRunner().invoke(app, words)
    assert answer.exit_code == 0, answer.output
    record = json.loads(answer.output)
    assert [one["way"] for one in record["plans"]] == ["connected", "visited", "snapshots"]
    assert record["plans"][2]["cores"] == pytest.approx(20)


def test_a_file_without_costs_is_named(tmp_path):
    file = tmp_path / "costs.json"
    file.write_text("{}")
    words = ["plan", "--cameras", "5", "--interval", "60", "--costs", str(file)]
    answer = CliRunner().invoke(app, words)
    assert answer.exit_code == 2
    # the frame around the message breaks long paths anywhere
    assert "costs.json" in "".join(line.strip("│ ") for line in answer.output.splitlines())


def test_what_is_told_while_measuring_does_not_spoil_the_json(monkeypatch):
    def load(*_, **__):
        structlog.get_logger("test").info("engine_chosen", engine="made")
        return SimpleNamespace(manifest=SimpleNamespace(seen_twice=False))

    monkeypatch.setattr(plan_command, "load_model", load)
    monkeypatch.setattr(plan_command, "warm_up", lambda _: None)
    monkeypatch.setattr(plan_command, "measured_costs", lambda *_: COSTS)
    structlog.reset_defaults()  # as in a fresh process: to stdout
    answer = CliRunner().invoke(app, ["plan", "--cameras", "5", "--interval", "60", "--json"])
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)["costs"]["examined_core_ms"] == 140
    assert "engine_chosen" in answer.stderr
