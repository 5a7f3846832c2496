"""Looks when the cameras need more than the machine has: by worth, and nobody is left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from detector.patrol.bound import Need, bounds_s
from detector.patrol.pace import Pace
from detector.patrol.schedule import Schedule, next_due_s
from detector.patrol.worth import LEAST, MOST, History, PatrolConfig

NOON = datetime(2026, 5, 4, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai


class Patrolled:
    """One looker with a clock of its own; every look takes `cost_s`."""

    def __init__(self, needs: dict[str, Need], cost_s: float) -> None:
        self.now_s, self.cost_s, self.needs = 0.0, cost_s, needs
        self.schedule = Schedule(lambda: self.now_s)
        self.last = dict.fromkeys(needs, 0.0)
        self.longest = dict.fromkeys(needs, 0.0)
        self.looks = dict.fromkeys(needs, 0)
        for number, (name, need) in enumerate(needs.items()):
            due_s = need.interval_s * number / len(needs)
            self.schedule.put(name, due_s, rate=need.rate, since_s=0.0)

    def run(self, for_s: float) -> None:
        while self.now_s < for_s:
            self.schedule._open_lanes(self.now_s)
            turn = self.schedule._worthiest(self.now_s)
            if turn is None:
                self.now_s = self.schedule._waiting[0][0]
                continue
            self.now_s += self.cost_s
            name, need = turn.name, self.needs[turn.name]
            self.longest[name] = max(self.longest[name], self.now_s - self.last[name])
            self.last[name] = self.now_s
            self.looks[name] += 1
            due_s = next_due_s(turn.due_s, need.interval_s, self.now_s)
            self.schedule.put(name, due_s, rate=need.rate, since_s=self.now_s)


def needs(count: int) -> dict[str, Need]:
    worths, intervals_s = (1.0, 4.0, 0.25, 2.0), (10.0, 60.0, 10.0, 20.0, 5.0)
    return {
        f"c{n}": Need(interval_s=intervals_s[n % 5], rate=worths[n % 4] / intervals_s[n % 5])
        for n in range(count)
    }


@pytest.mark.parametrize("cost_s", [0.02, 0.045, 0.2, 1.0])
def test_no_camera_waits_longer_than_its_bound(cost_s: float):
    wanted = needs(200)
    patrolled = Patrolled(wanted, cost_s)
    patrolled.run(1500 if cost_s < 0.1 else 20000)
    bounds = bounds_s(wanted, 1 / cost_s)
    late = {n: (s, bounds[n]) for n, s in patrolled.longest.items() if s > bounds[n] + cost_s}
    assert not late
    assert min(patrolled.looks.values()) >= 2, "too short to tell"


def test_with_enough_looks_everyone_keeps_his_interval():
    patrolled = Patrolled(needs(200), 0.02)
    patrolled.run(600)
    for name, need in needs(200).items():
        assert patrolled.looks[name] >= 600 / need.interval_s - 2


def test_with_too_few_looks_go_by_worth():
    wanted = {
        "usual": Need(interval_s=10, rate=0.1),
        "favoured": Need(interval_s=10, rate=0.4),
        **{f"other{n}": Need(interval_s=10, rate=0.1) for n in range(60)},
    }
    patrolled = Patrolled(wanted, 1.0)
    patrolled.run(3000)
    assert patrolled.looks["favoured"] == pytest.approx(4 * patrolled.looks["usual"], rel=0.25)


def test_a_name_that_was_dropped_has_no_turn_even_when_it_was_due():
    now = [0.0]
    schedule = Schedule(lambda: now[0])
    for name in ("a", "b", "c"):
        schedule.put(name, 1.0)
    now[0] = 2.0
    assert schedule.take() == ("a", 1.0)
    schedule.drop("b")
    assert schedule.take() == ("c", 1.0)
    schedule.close()
    assert schedule.take() is None


def test_worth_grows_with_incidents_and_fades():
    history = History(PatrolConfig(half_life_days=10))
    assert history.worth(1, NOON) == 1
    for n in range(3):
        history.opened(NOON - timedelta(minutes=n))
    assert history.worth(1, NOON) == pytest.approx(2, abs=0.01)
    assert history.worth(1, NOON + timedelta(days=40)) < 1.2


def test_the_usual_hour_is_worth_more_and_an_hour_without_incidents_less():
    days = [NOON - timedelta(days=n) for n in range(10)]
    history = History(PatrolConfig(), days)
    usual, night = history.worth(1, NOON), history.worth(1, NOON + timedelta(hours=12))
    assert usual > 3 * night
    assert LEAST <= night < usual <= MOST


def test_history_can_be_left_out_of_it():
    history = History(PatrolConfig(history=False), [NOON] * 20)
    assert history.worth(2, NOON) == 2


def test_pace_is_that_of_the_latest_looks():
    pace = Pace(2)
    assert pace.looks_per_s is None
    for took_s in [0.1] * 5 + [0.4] * 200:
        pace.look(took_s)
    assert pace.looks_per_s == pytest.approx(5, rel=0.01)
