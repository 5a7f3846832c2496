"""Couriers: patience, order, and each destination by itself."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from detector.incidents import (
    Courier,
    CourierService,
    DeliveryFilter,
    DeliveryState,
    DestinationConfig,
    LetterKind,
    RetryLaterError,
)
from detector.incidents.backoff import BackoffConfig
from detector.incidents.sinks.fake import FakeSink
from detector.types import DeliveryRefused, DeliveryUnavailable, DiskFull, VerdictAnswer
from tests.incidents.conftest import Street

SLOW_S = 3
DOWN = DeliveryUnavailable("no route")
NO = DeliveryRefused("unknown grid")


@pytest.fixture
def file_street(sqlite_database):
    """For what has nothing to do with the kind of database."""
    return Street(sqlite_database, config("city"), config("county"))


def config(name="city", **values) -> DestinationConfig:
    backoff = BackoffConfig(first_s=1, longest_s=60, jitter=0)
    return DestinationConfig(name=name, sink={"kind": "fake"}, **{"backoff": backoff, **values})


QUICK = {"poll_s": 0.01, "backoff": BackoffConfig(first_s=0.02, longest_s=0.1)}


def until(true: Callable[[], Any], within_s: float = 60) -> None:
    ends = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.005)


def open_cases(street, count):
    width = 1 / (count + 1)
    boxes = [
        replace(street.STALL, x1=i * width, x2=(i + 0.4) * width, y1=0.1, y2=0.2)
        for i in range(count)
    ]
    return street.look(*(street.cover(box=box) for box in boxes)).cases


@contextmanager
def running(*couriers: Courier) -> Iterator[CourierService]:
    service = CourierService(couriers)
    service.start()
    try:
        yield service
    finally:
        service.stop(5)


def state(street, destination="city"):
    found = street.queries.deliveries(DeliveryFilter(destination=destination), limit=500).items
    counts: dict[str, int] = {}
    for row in found:
        counts[row.state.value] = counts.get(row.state.value, 0) + 1
    return counts


def test_a_failed_letter_waits_longer_each_time(file_street):
    street = file_street
    open_cases(street, 1)
    sink = FakeSink(failures=[DOWN] * 7)
    courier = Courier(street.outbox, config(), sink)
    for wait_s in (1, 2, 4, 8, 16, 32, 60):
        assert courier.carry() == 0
        tried = len(sink.attempts)
        street.clock.pass_s(wait_s - 0.5)
        assert courier.carry() == 0
        assert len(sink.attempts) == tried
        street.clock.pass_s(1)
    assert courier.carry() == 1
    assert len(set(sink.attempts)) == 1
    assert state(street) == {"delivered": 1}


def test_jitter_takes_off_a_share_of_the_wait():
    backoff = BackoffConfig(first_s=10, longest_s=100, jitter=0.5)
    chance = random.Random(1)
    waits = [backoff.wait_s(1, chance) for _ in range(200)]
    assert min(waits) >= 5
    assert max(waits) <= 10
    assert max(waits) - min(waits) > 4
    assert backoff.wait_s(10_000, chance) <= 100


def test_a_record_refused_again_and_again_is_set_aside_with_the_reason(posted_street):
    street = posted_street
    bad, good = open_cases(street, 2)
    sink = FakeSink()
    sink.refuse[str(street.queue.get(bad).incident_id)] = NO
    courier = Courier(street.outbox, config(quarantine_after_refusals=3), sink)
    for _ in range(6):
        courier.carry()
        street.clock.pass_s(100)
    (row,) = street.queries.deliveries(
        DeliveryFilter(destination="city", state=DeliveryState.QUARANTINED)
    ).items
    assert (row.case_id, row.refusals, row.last_error) == (bad, 3, "unknown grid")
    assert sink.attempts.count(row.idempotency_key) == 3
    assert [r["case_id"] for r in sink.accepted.values()] == [str(good)]
    sink.refuse.clear()
    street.outbox.redeliver(row.id)
    assert courier.carry() == 1
    assert state(street) == {"delivered": 2}


def test_a_destination_that_is_down_quarantines_nothing(file_street):
    street = file_street
    open_cases(street, 5)
    sink = FakeSink(failures=[DOWN] * 60)
    courier = Courier(street.outbox, config(), sink)
    while len(sink.attempts) < 60:
        courier.carry()
        street.clock.pass_s(1500)  # a day
    assert state(street) == {"pending": 5}
    while courier.carry():
        street.clock.pass_s(61)
    assert state(street) == {"delivered": 5}


def test_a_destination_down_for_a_day_drains_in_order_and_slows_no_other(file_street):
    street = file_street
    away, there = FakeSink(failures=[DOWN] * 100_000), FakeSink("county")
    couriers = [Courier(street.outbox, config("city"), away)]
    couriers.append(Courier(street.outbox, config("county"), there))
    for hour in range(24):
        cover = street.cover(source_id=f"cam-{hour}")
        street.look(cover, source_id=f"cam-{hour}", step_s=3600)
        for _ in range(6):
            for courier in couriers:
                courier.carry()
            street.clock.pass_s(45)
        assert len(there.accepted) == hour + 1  # within its hour
    assert state(street) == {"pending": 24}
    assert len(away.attempts) > 100
    away._failures.clear()
    while couriers[0].carry():
        street.clock.pass_s(1)
    assert list(away.accepted) == sorted(away.accepted, key=list(there.accepted).index)
    assert state(street) == {"delivered": 24}


def test_records_that_always_fail_hold_the_others_up_for_short_rests_only(file_street):
    street = file_street
    open_cases(street, 12)
    bad = [letter.incident_id for letter in street.outbox.claim("county", "w", 60, 3)]
    sink = FakeSink()
    sink.refuse = {str(incident_id): DOWN for incident_id in bad}
    courier = Courier(street.outbox, config("city"), sink)
    for _ in range(20):
        courier.carry()
        street.clock.pass_s(1)
    assert len(sink.accepted) == 9
    assert len(sink.attempts) < 9 + 3 * 8  # each of them waits longer and longer


def test_a_dead_door_hears_one_knock_a_batch(posted_street):
    street = posted_street
    open_cases(street, 30)
    sink = FakeSink(failures=[DOWN] * 1000)
    courier = Courier(street.outbox, config(batch=10), sink)
    knocks = []
    for _ in range(6):
        before = len(sink.attempts)
        courier.carry()
        knocks.append(len(sink.attempts) - before)
        street.clock.pass_s(0.1)
    assert knocks == [3, 1, 1, 1, 1, 1]
    held = [d for d in street.queries.deliveries(limit=500).items if d.lease_until is not None]
    assert held == []  # what was not tried has been given back
    assert len([d for d in street.queries.deliveries(limit=500).items if d.attempts]) == 8


def test_the_first_answer_opens_the_door_again(file_street):
    street = file_street
    open_cases(street, 20)
    sink = FakeSink(failures=[DOWN] * 5)
    courier = Courier(street.outbox, config(batch=10), sink)
    for _ in range(3):
        courier.carry()
    assert len(sink.attempts) == 5
    assert courier.carry() == 1
    assert courier.carry() == 10


def test_a_refusal_is_an_answer_too(file_street):
    street = file_street
    open_cases(street, 12)
    sink = FakeSink(failures=[DOWN, DOWN, NO] * 3)
    courier = Courier(street.outbox, config(batch=12), sink)
    assert courier.carry() == 3
    assert len(sink.attempts) == 12


def test_retry_after_rests_the_whole_destination(file_street):
    street = file_street
    open_cases(street, 5)
    sink = FakeSink(failures=[RetryLaterError("busy", 0.4)])
    courier = Courier(street.outbox, config(**QUICK), sink)
    street.outbox._clock = time_clock  # due times by the real clock, as the thread's rests are
    began = time.monotonic()
    with running(courier):
        until(lambda: len(sink.attempts) == 1)
        until(lambda: sink.accepted)
        assert time.monotonic() - began >= 0.4
        until(lambda: len(sink.accepted) == 5)
    assert len(sink.attempts) == 6


def test_retry_after_is_kept_with_the_letter(posted_street):
    street = posted_street
    open_cases(street, 1)
    sink = FakeSink(failures=[RetryLaterError("busy", 900)])
    courier = Courier(street.outbox, config(), sink)
    courier.carry()
    street.clock.pass_s(899)
    assert Courier(street.outbox, config(), sink).carry() == 0
    street.clock.pass_s(2)
    assert Courier(street.outbox, config(), sink).carry() == 1


def test_a_person_ends_a_long_rest(file_street):
    street = file_street
    open_cases(street, 2)
    sink = FakeSink(failures=[RetryLaterError("busy", 3600)])
    with running(Courier(street.outbox, config(**QUICK), sink)) as service:
        until(lambda: len(sink.attempts) == 1)
        time.sleep(0.1)
        assert not sink.accepted
        service.retry_now("county")  # another one's
        time.sleep(0.1)
        assert not sink.accepted
        service.retry_now("city")
        until(lambda: len(sink.accepted) == 1)


def test_a_crash_between_answer_and_note_sends_it_again_under_its_key(posted_street, monkeypatch):
    street = posted_street
    open_cases(street, 1)
    sink = FakeSink()
    with monkeypatch.context() as patch:
        patch.setattr(street.outbox, "delivered", _crash)
        with pytest.raises(KeyboardInterrupt):
            Courier(street.outbox, config(lease_s=60), sink).carry()
    next_run = Courier(street.outbox, config(), sink)
    assert next_run.carry() == 0  # the dead run's lease still holds
    street.clock.pass_s(61)
    assert next_run.carry() == 1
    assert len(sink.attempts) == 2
    assert len(sink.accepted) == 1


def test_a_full_disk_ends_neither_the_thread_nor_floods_the_destination(file_street, monkeypatch):
    street = file_street
    open_cases(street, 3)
    sink = FakeSink()
    claim, full = street.outbox.claim, threading.Event()
    full.set()

    def claims(*values):
        if full.is_set():
            raise DiskFull("no space left")
        return claim(*values)

    monkeypatch.setattr(street.outbox, "claim", claims)
    with running(Courier(street.outbox, config(**QUICK), sink)):
        time.sleep(0.2)
        assert not sink.attempts
        full.clear()
        until(lambda: len(sink.accepted) == 3)


def test_a_bug_in_a_sink_is_a_failure_like_another(file_street):
    street = file_street
    open_cases(street, 2)
    sink = FakeSink(failures=[KeyError("grid")])
    courier = Courier(street.outbox, config(), sink)
    assert courier.carry() == 1
    stats = {s.destination: s for s in street.outbox.stats()}
    assert stats["city"].last_error == "KeyError: 'grid'"
    street.clock.pass_s(2)
    assert courier.carry() == 1


def test_order_holds_per_incident_whatever_fails(posted_street):
    street = posted_street
    chance = random.Random(5)
    case_ids = open_cases(street, 6)
    for case_id in case_ids:
        incident_id = street.queue.get(case_id).incident_id
        street.verdicts.give_verdict(
            incident_id, VerdictAnswer.CORRECTED, "li", class_name="storm_grate"
        )
    for _ in range(3):
        street.look()
    failures = [chance.choice([None, DOWN, NO, DOWN]) for _ in range(40)]
    sink = FakeSink(failures=failures)
    courier = Courier(street.outbox, config(quarantine_after_refusals=50), sink)
    for _ in range(120):
        courier.carry()
        street.clock.pass_s(30)
    heard: dict[str, list[str]] = {}
    for record in sink.accepted.values():
        heard.setdefault(record["case_id"], []).append(record["kind"])
    assert len(heard) == 6
    assert all(kinds == ["opened", "updated", "cleared"] for kinds in heard.values())


@pytest.mark.parametrize("trouble", ["dead", "slow", "hangs"])
def test_one_destination_never_slows_another(file_street, trouble):
    street = file_street
    street.outbox._clock = time_clock
    open_cases(street, 40)
    bad, good = Troubled(trouble), FakeSink("county")
    couriers = [
        Courier(street.outbox, config("city", **QUICK), bad),
        Courier(street.outbox, config("county", **QUICK), good),
    ]
    service = CourierService(couriers)
    began = time.monotonic()
    service.start()
    try:
        until(lambda: state(street, "county") == {"delivered": 40})
        took_s = time.monotonic() - began
        assert took_s < 40 * SLOW_S / 2  # also on a busy machine
        assert len(bad.accepted) <= took_s / SLOW_S + 1
        stats = {s.destination: s for s in street.outbox.stats()}
        assert stats["county"].pending == 0
        assert stats["city"].pending >= 20
    finally:
        bad.free.set()
        service.stop(5)
    assert good.closed
    assert bad.closed


def test_a_hanging_destination_does_not_hold_up_the_stop_of_the_others(file_street):
    street = file_street
    open_cases(street, 1)
    bad = Troubled("hangs")
    others = [FakeSink(f"d{i}") for i in range(3)]
    couriers = [
        Courier(street.outbox, config("city", **QUICK), bad),
        *(Courier(street.outbox, config(s.name, **QUICK), s) for s in others),
    ]
    service = CourierService(couriers)
    service.start()
    until(lambda: bad.entered.is_set())
    began = time.monotonic()
    service.stop(0.5)
    assert time.monotonic() - began < 10
    assert all(sink.closed for sink in others)
    assert street.outbox.stats()[0].pending == 1  # its lease holds; else it goes out again
    bad.free.set()
    couriers[0].stop(10)


def test_the_thread_wakes_and_stops(file_street):
    street = file_street
    sink = FakeSink()
    slow_poll = {**QUICK, "poll_s": 30}
    with running(Courier(street.outbox, config(**slow_poll), sink)) as service:
        time.sleep(0.1)
        open_cases(street, 1)
        service.wake()
        until(lambda: len(sink.accepted) == 1, within_s=20)
    assert sink.closed
    open_cases(street, 1)
    service.wake()
    time.sleep(0.1)
    assert len(sink.accepted) == 1


def test_stopping_gives_the_rest_of_the_batch_back(file_street):
    street = file_street
    open_cases(street, 8)
    bad = Troubled("hangs")
    courier = Courier(street.outbox, config(**{**QUICK, "batch": 8}), bad)
    courier.start()
    until(lambda: bad.entered.is_set())
    courier.begin_stop()
    bad.free.set()
    courier.stop(5)
    assert state(street) == {"delivered": 1, "pending": 7}
    found = street.queries.deliveries(DeliveryFilter(destination="city")).items
    assert all(d.lease_until is None for d in found)


def test_a_batch_that_takes_long_is_given_back_before_its_lease_ends(file_street):
    street = file_street
    open_cases(street, 10)
    sink = FakeSink()
    accept = sink.deliver

    def slowly(record, *, idempotency_key):
        time.sleep(0.06)
        return accept(record, idempotency_key=idempotency_key)

    sink.deliver = slowly
    courier = Courier(street.outbox, config(lease_s=0.4, batch=10), sink)
    assert 1 <= courier.carry() < 8
    found = street.queries.deliveries(DeliveryFilter(destination="city")).items
    assert all(d.lease_until is None for d in found)


def test_two_processes_with_couriers_for_one_destination_share_the_work(posted_street):
    street = posted_street
    street.outbox._clock = time_clock
    open_cases(street, 60)
    sinks = [FakeSink(), FakeSink()]
    with running(
        *(Courier(street.outbox, config(**{**QUICK, "batch": 4}), sink) for sink in sinks)
    ):
        until(lambda: state(street) == {"delivered": 60})
    keys = [key for sink in sinks for key in sink.attempts]
    assert len(keys) == 60
    assert len(set(keys)) == 60


def test_kinds_of_letters_are_all_heard(posted_street):
    street = posted_street
    (case_id,) = street.look(street.cover()).cases
    street.leave()
    street.look(street.cover())
    incident_id = street.queue.get(case_id).incident_id
    street.verdicts.give_verdict(incident_id, VerdictAnswer.REJECTED, "li", "a shadow")
    sink = FakeSink()
    courier = Courier(street.outbox, config(), sink)
    while courier.carry():
        pass
    assert [r["kind"] for r in sink.accepted.values()] == [
        LetterKind.OPENED,
        LetterKind.CLEARED,
        LetterKind.REOPENED,
        LetterKind.VOIDED,
    ]
    assert [r["seq"] for r in sink.accepted.values()] == [1, 2, 3, 4]


class Troubled(FakeSink):
    """Refuses connections, answers after a long while, or does not answer at all."""

    def __init__(self, trouble: str) -> None:
        super().__init__("city")
        self._trouble = trouble
        self.entered = threading.Event()
        self.free = threading.Event()

    def deliver(self, record, *, idempotency_key):
        self.entered.set()
        if self._trouble == "dead":
            raise DOWN
        self.free.wait(SLOW_S if self._trouble == "slow" else 30)
        return super().deliver(record, idempotency_key=idempotency_key)


def time_clock():
    from detector.incidents.utc import utc_now

    return utc_now()


def _crash(*_values):
    raise KeyboardInterrupt
