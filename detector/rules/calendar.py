"""When a permitted place permits."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from detector.types import Permit


def permit_now(permits: tuple[Permit, ...], local: datetime) -> Permit | None:
    """The permit in force at a local time, the one with most stalls if there are several."""
    valid = [permit for permit in permits if in_force(permit, local)]
    return max(valid, key=lambda permit: permit.stalls, default=None)


def in_force(permit: Permit, local: datetime) -> bool:
    """True within the permit's hours. Hours over midnight belong to the day they began on; equal
    hours mean the whole day."""
    start, end, now = permit.from_time, permit.to_time, local.time()
    if start < end:
        return start <= now < end and _on_day(permit, local)
    if start == end:
        return _on_day(permit, local)
    if now >= start:
        return _on_day(permit, local)
    return now < end and _on_day(permit, local - timedelta(days=1))


def _on_day(permit: Permit, day: datetime) -> bool:
    date = day.date()
    return (
        date.weekday() in permit.weekdays
        and (permit.from_date is None or date >= permit.from_date)
        and (permit.to_date is None or date <= permit.to_date)
    )


def hours_text(permits: tuple[Permit, ...]) -> str:
    def short(value: time) -> str:
        return value.strftime("%H:%M")

    return ", ".join(f"{short(p.from_time)}–{short(p.to_time)}" for p in permits)
