"""A destination killed and restarted at random, under load.

    python -m tests.faults.destination_run --kind amqp --kills 100 --rate 20

Opens cases at the rate through the real registry, outbox and courier, while the destination (a
process of its own: a receiver, or a real RabbitMQ or Mosquitto) is killed with SIGKILL and
started again at random; then lets it drain and counts at the receiver. Prints a line of JSON;
the exit status is 0 only if every case is there once.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from detector.incidents import DeliveryFilter, DeliveryState, DestinationConfig
from detector.incidents.backoff import BackoffConfig
from tests.faults.destinations import KINDS, Killable
from tests.faults.load import Load


@dataclass(kw_only=True)
class DestinationReport:
    kind: str
    kills: int
    cases: int = 0
    at_receiver: int = 0  # distinct keys
    sent_again: int = 0  # repetitions that the receiver knew by their key (brokers only)
    attempts: int = 0
    quarantined: int = 0
    load_s: float = 0
    cases_a_second: float = 0
    drain_s: float = 0
    worst_open_s: float = 0  # the longest that opening a case took meanwhile
    faults: list[str] = field(default_factory=list)


def run(folder: Path, kind: str, kills: int, rate: float, seed: int) -> DestinationReport:
    chance, report = random.Random(seed), DestinationReport(kind=kind, kills=kills)
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
    load = Load(folder / "xunjie.db", [config])
    try:
        load.start()
        _under_fire(load, destination, kills, rate, chance, report)
        began = time.monotonic()
        if not load.drain(patience_s=120):
            report.faults.append("not drained: nothing went out for two minutes")
        report.drain_s = round(time.monotonic() - began, 1)
        load.stop()
        _count(load, destination.received(), report)
        report.sent_again = sum(getattr(destination, "arrived", Counter()).values())
        report.sent_again -= report.at_receiver if report.sent_again else 0
    finally:
        load.stop()
        load.close()
        destination.close()
    return report


def _under_fire(
    load: Load,
    destination: Killable,
    kills: int,
    rate: float,
    chance: random.Random,
    report: DestinationReport,
) -> None:
    over, began = threading.Event(), time.monotonic()
    opener = threading.Thread(target=load.run, args=(rate, over))
    opener.start()
    try:
        for _ in range(kills):
            time.sleep(chance.uniform(0.05, 1.5))
            destination.kill()
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
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="xunjie-destination-") as folder:
        report = run(Path(folder), wanted.kind, wanted.kills, wanted.rate, wanted.seed)
    shown = {**asdict(report), "faults": report.faults[:20], "fault_count": len(report.faults)}
    sys.stdout.write(json.dumps(shown, ensure_ascii=False) + "\n")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
