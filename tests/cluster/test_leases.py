"""Who looks at which camera, and whose looks count."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from detector.cluster import (
    CameraLostError,
    ClusterConfig,
    Fence,
    NodeReplacedError,
    fair_share,
)
from detector.incidents.cluster_schema import leases
from detector.types import ConfigError
from tests.cluster.conftest import CAMERAS, Desk, desk_of


def test_shares_follow_capacities_and_add_up():
    assert fair_share(12, {"a": 1, "b": 1, "c": 1}) == {"a": 4, "b": 4, "c": 4}
    assert fair_share(10, {"a": 1, "b": 1, "c": 1}) == {"a": 4, "b": 3, "c": 3}
    assert fair_share(10, {"a": 32, "b": 8}) == {"a": 8, "b": 2}
    assert fair_share(1, {"a": 1, "b": 1}) == {"a": 1, "b": 0}
    assert fair_share(5, {}) == {}
    assert fair_share(5, {"pages": 0, "a": 2}) == {"pages": 0, "a": 5}
    assert fair_share(5, {"pages": 0}) == {"pages": 0}


def test_one_node_takes_all_and_a_duty(town):
    a = town.node("a")
    assert town.settle(a) == [12]
    assert a.holds("duty: sweep")
    assert {fence.lease.epoch for fence in desk_of(a).fences.values()} == {1}


def test_a_node_that_joins_gets_its_share(town):
    a = town.node("a", capacity=2)
    town.settle(a)
    b = town.node("b", capacity=1)
    assert town.settle(a, b) == [8, 4]
    c = town.node("c", capacity=3)
    assert town.settle(a, b, c) == [4, 2, 6]
    held = [set(desk_of(n).fences) for n in (a, b, c)]
    assert set.union(*held) == CAMERAS
    assert sum(map(len, held)) == 12
    assert [n.holds("duty: sweep") for n in (a, b, c)] == [True, False, False]


def test_what_is_handed_over_can_only_be_written_by_its_new_holder(town):
    a = town.node("a")
    town.settle(a)
    before = dict(desk_of(a).fences)
    b = town.node("b")
    town.settle(a, b)
    for unit, fence in desk_of(b).fences.items():
        assert town.writes(fence)
        assert not town.writes(before[unit])
    assert desk_of(a).unsaved == []  # let go in order: what was in memory was written


def test_a_node_that_leaves_hands_back_at_once(town):
    a, b = town.node("a"), town.node("b")
    town.settle(a, b)
    a.leave()
    assert town.settle(b) == [12]
    assert b.holds("duty: sweep")
    assert [node.name for node in b.book.all()] == ["b"]


def test_a_dead_nodes_cameras_are_taken_over_when_its_row_expires(town):
    a, b = town.node("a"), town.node("b")
    town.settle(a, b)
    old = dict(desk_of(a).fences)
    town.clock.pass_s(7)
    b.beat()
    assert town.settle(b) == [6]  # it may only be slow
    town.clock.pass_s(1.5)
    assert town.settle(b) == [12]
    assert {b.leases.mine()[unit] for unit in old} == {old[u].lease.epoch + 1 for u in old}
    assert [node.alive for node in b.book.all()] == [False, True]


def test_not_always_the_same_cameras_change_hands(town):
    a, b = town.node("a"), town.node("b")
    town.settle(a, b)
    stayed = set(desk_of(a).fences)
    b.leave()
    town.settle(a)
    again = town.node("b")
    assert town.settle(a, again) == [6, 6]
    assert set(desk_of(again).fences) == stayed


def test_a_camera_that_is_slow_to_stop_keeps_no_other(town):
    """The others are free while one is still being stopped."""
    freed = []

    class SlowDesk(Desk):
        def let_go(self, unit: str, *, save: bool) -> None:
            if unit == min(CAMERAS):
                until_s = time.monotonic() + 20
                while len(a.leases.free() & CAMERAS) < 5 and time.monotonic() < until_s:
                    time.sleep(0.01)
                freed.append(len(a.leases.free() & CAMERAS))
            super().let_go(unit, save=save)

    a = town.node("a", desk=SlowDesk())
    town.settle(a)
    a._held = dict(sorted(a._held.items()))
    b = town.node("b")
    a.share()
    assert freed == [5]
    assert town.settle(b, a) == [6, 6]


def test_a_dead_nodes_cameras_wait_for_no_turn(town):
    a, b = town.node("a"), town.node("b")
    town.settle(a, b)
    assert b.rest_s == 2
    town.clock.pass_s(7)
    b.beat()
    b.share()
    assert b.rest_s == pytest.approx(1)  # a's row has one second left, and b's own eight
    town.clock.pass_s(1)
    assert b.rest_s == pytest.approx(0.05)
    assert town.settle(b) == [12]
    assert b.rest_s == 2


def test_a_node_that_wakes_up_writes_nothing_and_lets_go(town):
    """A paused process, or one that was cut off from the database."""
    a, b = town.node("a"), town.node("b")
    town.settle(a, b)
    old = dict(desk_of(a).fences)
    town.clock.pass_s(9)
    with pytest.raises(CameraLostError, match="nothing was written"):
        next(iter(old.values())).check_own_clock()
    assert not a.alive
    b.beat()
    town.settle(b)
    assert not any(town.writes(fence) for fence in old.values())
    a.beat()
    assert not any(town.writes(fence) for fence in old.values())
    assert town.settle(b, a) == [6, 6]
    assert sorted(desk_of(a).unsaved) == sorted(old)  # old state must not cover what is newer


def test_a_node_that_was_only_slow_keeps_what_nobody_took(town):
    a = town.node("a")
    town.settle(a)
    town.clock.pass_s(60)
    assert all(town.writes(fence) for fence in desk_of(a).fences.values())
    a.beat()
    town.settle(a)
    assert {fence.lease.epoch for fence in desk_of(a).fences.values()} == {1}


def test_a_process_that_starts_again_takes_its_name_over(town):
    a = town.node("a")
    town.settle(a)
    old = dict(desk_of(a).fences)
    again = town.node("a")
    assert town.settle(again) == [12]
    assert not any(town.writes(fence) for fence in old.values())
    with pytest.raises(NodeReplacedError, match="node a"):
        a.beat()
    a.leave()
    assert len(again.leases.mine()) == 13


def test_a_replaced_process_takes_nothing(town):
    a = town.node("a")
    again = town.node("a")
    with pytest.raises(NodeReplacedError):
        a.share()
    assert town.settle(again) == [12]


def test_a_camera_that_cannot_be_built_here_is_left_to_others(town):
    broken = Desk()
    broken.unbuildable = {"cam-03"}
    a = town.node("a", desk=broken)
    assert town.settle(a) == [11]
    b = town.node("b")
    town.settle(a, b)
    assert "cam-03" in desk_of(b).fences


def test_nodes_with_different_lists_leave_no_camera_alone(town):
    a = town.node("a", desk=Desk(CAMERAS | {"new-1", "new-2"}))
    b = town.node("b")
    town.settle(b, a)
    assert set(desk_of(a).fences) | set(desk_of(b).fences) == CAMERAS | {"new-1", "new-2"}
    desk_of(b).cameras = desk_of(a).cameras
    a.beat()
    b.beat()
    assert town.settle(a, b) == [7, 7]


def test_a_camera_that_is_configured_no_more_is_let_go(town):
    a = town.node("a")
    town.settle(a)
    desk_of(a).cameras = CAMERAS - {"cam-00"}
    assert town.settle(a) == [11]
    assert "cam-00" not in a.leases.mine()


def test_another_seal_key_is_refused(town):
    town.node("a")
    with pytest.raises(ConfigError, match="same evidence"):
        town.node("b", seal_key_id="other")
    town.clock.pass_s(9)
    town.node("b", seal_key_id="other")  # a is gone


def test_changes_are_told_to_all(town):
    a, b = town.node("a"), town.node("b")
    town.settle(a, b)
    a.signals.send("settings")
    town.settle(a, b)
    assert desk_of(a).heard == desk_of(b).heard == ["settings"]
    assert town.node("c").share() is False
    assert desk_of(town.node("d")).heard == []


def test_one_late_beat_is_no_death():
    with pytest.raises(ValueError, match="three times"):
        ClusterConfig(beat_s=2, lease_s=5)


def test_a_camera_in_the_midst_of_a_write_is_not_taken(on_postgres):
    """The check and the commit are one: no other node comes in between."""
    town = on_postgres
    a, b = town.node("a"), town.node("b")
    town.settle(a, b)
    unit, fence = next(iter(desk_of(a).fences.items()))
    town.clock.pass_s(9)
    b.beat()
    with town.database.transaction() as transaction:
        fence.check(transaction)
        town.settle(b)
        assert set(desk_of(b).fences) == CAMERAS - {unit}
    assert town.settle(b) == [12]


def test_a_process_that_stops_within_a_write_does_not_keep_the_camera(on_postgres):
    town = on_postgres
    a, b = town.node("a"), town.node("b")
    town.settle(a, b)
    lease = next(iter(desk_of(a).fences.values())).lease
    paused = Fence(lease, 0.2, lambda: True)
    town.clock.pass_s(9)
    b.beat()
    with pytest.raises(DBAPIError):
        _stop_within(town.database, paused)
    assert town.settle(b) == [12]


def _stop_within(database, fence):
    with database.transaction() as transaction:
        fence.check(transaction)
        time.sleep(0.8)
        transaction.execute(text("SELECT 1"))


def test_nodes_that_claim_at_once_get_different_cameras(on_postgres):
    town = on_postgres
    nodes = [town.node(f"n{n}") for n in range(4)]
    nodes[0].leases.enrol(CAMERAS)
    got: dict[str, list[str]] = {}

    def claim(node):
        taken = node.leases.claim(CAMERAS)
        got[node.name] = [lease.unit for lease in taken]

    threads = [threading.Thread(target=claim, args=(node,)) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(unit for units in got.values() for unit in units) == sorted(CAMERAS)
    with town.database.reading() as transaction:
        epochs = transaction.execute(select(leases.c.epoch)).scalars().all()
    assert epochs.count(1) == 12
