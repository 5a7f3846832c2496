"""A destination killed and restarted at random, under load.

    python -m tests.faults.destination_run --kind amqp --kills 100 --rate 20 --minutes 30

Opens cases at the rate through the real registry, outbox and courier, while the destination (a
process of its own: a receiver, or a real RabbitMQ or Mosquitto) is killed with SIGKILL while
letters flow and started again, both at random; then lets it drain and counts at the receiver.
Prints a line of JSON; the exit status is 0 only if every case is there once.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from detector.incidents import DeliveryFilter, DeliveryState, DestinationConfig
from detector.incidents.backoff import BackoffConfig
from tests.faults.destinations import KINDS, Killable
from tests.faults.load import Load

_FLOWS_WITHIN_S: Final = 10.0


@dataclass(kw_only=True)
class DestinationReport:
    kind: str
    kills: int = 0
    while_flowing: int = 0  # kills before which a letter was delivered since the last start
    cases: int = 0
    at_receiver: int = 0  # distinct keys
    sent_again: int = 0  # repetitions that the receiver knew by their key (brokers only)
    attempts: int = 0
    quarantined: int = 0
    load_s: float = 0
    cases_a_second: float = 0
    drain_s: float = 0
    cpu_ms_a_case: float = 0  # of this process: opening, delivering, watching
    worst_open_s: float = 0  # the longest that opening a case took meanwhile
    faults: list[str] = field(default_factory=list)


def run(
    folder: Path, kind: str, kills: int, rate: float, seed: int, most_s: float = math.inf
) -> DestinationReport:
    """`kills` of them, or as many as fit into `most_s` seconds."""
    chance, report = random.Random(seed), DestinationReport(kind=kind)
    (folder / "destination").mkdir()
    destination: Killable = KINDS[kind](folder / "destination")
    destination.start()
    config = DestinationConfig(
        name=kind,
        sink=destination.sink(),
        backoff=BackoffConfig(first_s=0.1, longest_s=2),
        lease_s=20,
        poll_s=0.05,
    )
    load, computed_s = Load(folder / "xunjie.db", [config]), time.process_time()
    try:
        load.start()
        plan = _Plan(kills=kills, rate=rate, most_s=most_s)
        _under_fire(load, destination, plan, chance, report)
        began = time.monotonic()
        if not load.drain(patience_s=120):
            report.faults.append("not drained: nothing went out for two minutes")
        report.drain_s = round(time.monotonic() - began, 1)
        computed_s = time.process_time() - computed_s
        report.cpu_ms_a_case = round(1000 * computed_s / max(1, load.opened), 1)
        load.stop()
        _count(load, destination.received(), report)
        report.sent_again = sum(getattr(destination, "arrived", Counter()).values())
        report.sent_again -= report.at_receiver if report.sent_again else 0
    finally:
        load.stop()
        load.close()
        destination.close()
    return report


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    kills: int
    rate: float
    most_s: float


def _under_fire(
    load: Load,
    destination: Killable,
    plan: _Plan,
    chance: random.Random,
    report: DestinationReport,
) -> None:
    over, began = threading.Event(), time.monotonic()
    opener = threading.Thread(target=load.run, args=(plan.rate, over))
    opener.start()
    try:
        while report.kills < plan.kills and time.monotonic() - began < plan.most_s:
            report.while_flowing += load.flows(within_s=_FLOWS_WITHIN_S)
            time.sleep(chance.uniform(0.0, 1.5))
            destination.kill()
            report.kills += 1
            time.sleep(chance.uniform(0.0, 0.6))
            destination.start()
    finally:
        over.set()
        opener.join()
    report.load_s = round(time.monotonic() - began, 1)
    report.cases_a_second = round(load.opened / report.load_s, 1)
    report.worst_open_s = round(load.worst_open_s, 3)


def _count(load: Load, received: Counter[str], report: DestinationReport) -> None:
    rows = load.deliveries(DeliveryFilter(destination=report.kind))
    keys = {row.idempotency_key for row in rows}
    report.cases = load.opened
    report.at_receiver = len(received)
    report.attempts = sum(row.attempts for row in rows)
    report.quarantined = sum(row.state == DeliveryState.QUARANTINED for row in rows)
    if len(rows) != load.opened:
        report.faults.append(f"{load.opened} cases, but {len(rows)} letters")
    report.faults += [f"lost: {key}" for key in sorted(keys - set(received))]
    report.faults += [f"unknown: {key}" for key in sorted(set(received) - keys)]
    report.faults += [f"twice: {key}" for key, count in received.items() if count > 1]
    report.faults += [
        f"{row.state}: {row.last_error}" for row in rows if row.state != DeliveryState.DELIVERED
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kind", choices=sorted(KINDS), required=True)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--rate", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=math.inf, help="no kill after these")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="xunjie-destination-") as folder:
        most_s = wanted.minutes * 60
        report = run(Path(folder), wanted.kind, wanted.kills, wanted.rate, wanted.seed, most_s)
    shown = {**asdict(report), "faults": report.faults[:20], "fault_count": len(report.faults)}
    sys.stdout.write(json.dumps(shown, ensure_ascii=False) + "\n")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
