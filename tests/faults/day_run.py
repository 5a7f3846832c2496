"""A day's cases in a minute, to three destinations, one of which refuses some for good.

    python -m tests.faults.day_run --cases 1000 --seconds 60 --refuse 0.05

The destinations are receivers in processes of their own: two take CloudEvents over HTTP, one of
them refusing a share of the cases with a reason, and one speaks Open311. Prints a line of JSON;
the exit status is 0 only if the refused ones sit in quarantine with their reasons and everything
else is delivered once.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from detector.incidents import DeliveryFilter, DeliveryState, DestinationConfig
from detector.incidents.backoff import BackoffConfig
from tests.faults.destinations import HttpReceiver, Open311Receiver
from tests.faults.load import Load


@dataclass(kw_only=True)
class DayReport:
    cases: int
    load_s: float = 0
    drained_s: float = 0  # since the first case
    delivered: dict[str, int] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)
    refused_by_receiver: int = 0  # by its own rule, over the keys that were sent
    reasons: list[str] = field(default_factory=list)  # some of them
    worst_open_s: float = 0
    faults: list[str] = field(default_factory=list)


def run(folder: Path, cases: int, seconds: float, refuse: float) -> DayReport:
    report = DayReport(cases=cases)
    servers = _servers(folder, refuse)
    configs = [
        DestinationConfig(
            name=name,
            sink=server.sink(),
            backoff=BackoffConfig(first_s=0.1, longest_s=1),
            quarantine_after_refusals=3,
            poll_s=0.05,
        )
        for name, server in servers.items()
    ]
    load = Load(folder / "xunjie.db", configs)
    try:
        for server in servers.values():
            server.start()
        load.start()
        began = time.monotonic()
        load.run(cases / seconds, threading.Event(), cases)
        report.load_s = round(time.monotonic() - began, 1)
        if not load.drain(patience_s=120):
            report.faults.append("not drained: nothing went out for two minutes")
        report.drained_s = round(time.monotonic() - began, 1)
        report.worst_open_s = round(load.worst_open_s, 3)
        load.stop()
        for name, server in servers.items():
            _count(load, name, server.received(), refuse if name == "strict" else 0, report)
    finally:
        load.stop()
        load.close()
        for server in servers.values():
            server.close()
    return report


def _servers(folder: Path, refuse: float) -> Mapping[str, Any]:
    found = {"city": HttpReceiver, "strict": HttpReceiver, "open311": Open311Receiver}
    servers: dict[str, Any] = {}
    for name, kind in found.items():
        (folder / name).mkdir()
        servers[name] = kind(folder / name)
    servers["strict"].refuse = refuse
    return servers


def _count(load: Load, name: str, received: Counter[str], refuse: float, report: DayReport) -> None:
    rows = load.deliveries(DeliveryFilter(destination=name))
    by_state = {
        state: {row.idempotency_key: row for row in rows if row.state == state}
        for state in DeliveryState
    }
    set_aside = by_state[DeliveryState.QUARANTINED]
    # As the receiver decides it.
    bad = {
        row.idempotency_key
        for row in rows
        if int(row.idempotency_key[:8], 16) / 0xFFFFFFFF < refuse
    }
    report.delivered[name] = len(by_state[DeliveryState.DELIVERED])
    report.quarantined[name] = len(set_aside)
    faults = report.faults
    if len(rows) != report.cases:
        faults.append(f"{name}: {len(rows)} letters")
    faults += [f"{name}: wrongly set aside or not: {key}" for key in bad ^ set(set_aside)]
    expected = {row.idempotency_key for row in rows} - bad
    faults += [f"{name}: lost: {key}" for key in expected - set(received)]
    faults += [f"{name}: unknown: {key}" for key in set(received) - expected]
    faults += [f"{name}: twice: {key}" for key, count in received.items() if count > 1]
    reasons = [row.last_error or "" for row in set_aside.values()]
    faults += [f"{name}: no reason" for text in reasons if "HTTP 422 unknown grid" not in text]
    if refuse:
        report.refused_by_receiver = len(bad)
        report.reasons = reasons[:3]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--refuse", type=float, default=0.05)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="xunjie-day-") as folder:
        report = run(Path(folder), wanted.cases, wanted.seconds, wanted.refuse)
    sys.stdout.write(json.dumps(asdict(report), ensure_ascii=False) + "\n")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
