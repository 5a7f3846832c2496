"""Kill -9 at random moments, and count at the receiver.

    python -m tests.faults.kill_run --kills 200

A service of the real parts (`street_service`) opens incidents and delivers their cases to a
receiver (`receiver`, a process of its own) that refuses, hangs, resets, answers late or answers
after having taken the case. The service is killed at random moments, in its start too, and
started again on the same database; after the last kill it drains. Then every incident must have
exactly one case at the receiver, by idempotency key, and every delivery must be there once.
Prints a line of JSON; the exit status is 0 only if nothing was lost, doubled or out of order.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from detector.incidents import DeliveryFilter, DeliveryState
from tests.faults.paging import every
from tests.faults.street_service import (
    ServiceConfig,
    StreetService,
    broken_chains,
    opened_service,
)

_RECEIVER = Path(__file__).parent / "receiver.py"


@dataclass(kw_only=True)
class KillReport:
    kills: int
    incidents: int = 0
    cases_at_receiver: int = 0  # distinct keys of an opened case
    letters_at_receiver: int = 0
    repeated: int = 0  # a known key came again: the price of an unknown outcome
    troubles: dict[str, int] = field(default_factory=dict)
    files_without_row: int = 0  # a kill came between the file and the commit; retention sweeps them
    seconds: float = 0
    faults: list[str] = field(default_factory=list)


def run_kills(
    folder: Path, kills: int, seed: int, trouble: float, every_s: float, database_url: str | None
) -> KillReport:
    """The whole run; `folder` is empty. The caller must have no thread of its own (fork)."""
    chance, began = random.Random(seed), time.monotonic()
    report = KillReport(kills=kills)
    with receiver(folder / "book.jsonl", seed, trouble) as port:
        config = ServiceConfig(
            database_url=database_url or f"sqlite:///{folder / 'xunjie.db'}",
            folder=folder / "evidence",
            receiver_url=f"http://127.0.0.1:{port}/cases",
            every_s=every_s,
            stop_file=folder / "stop",
            at_least=20,  # also on a machine so busy that the kills come before much was done
        )
        for _ in range(kills):
            child = _start(config)
            # From the first instructions on, migration included, to well into the work.
            time.sleep(chance.choice((0.05, 0.6, 1.5, 3.0)) * chance.random())
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            if not os.WIFSIGNALED(status):
                report.faults.append(f"the service ended by itself: {status}")
        config.stop_file.touch()
        _, status = os.waitpid(_start(config), 0)
        if status:
            report.faults.append(f"the draining run ended with {status}")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/book") as answer:
            book = json.load(answer)
    with opened_service(config) as service:
        _count(service, book, report)
    report.seconds = round(time.monotonic() - began, 1)
    return report


def _start(config: ServiceConfig) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        StreetService(config).run()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


@contextmanager
def receiver(book: Path, seed: int, trouble: float) -> Iterator[int]:
    command = [sys.executable, str(_RECEIVER), "--book", str(book)]
    command += ["--seed", str(seed), "--trouble", str(trouble)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _count(service: StreetService, book: dict[str, Any], report: KillReport) -> None:
    accepted = book["accepted"]
    report.repeated, report.troubles = book["repeated"], book["troubles"]
    report.letters_at_receiver = len(accepted)
    opened = [entry for entry in accepted if entry["kind"] == "opened"]
    report.cases_at_receiver = len(opened)
    ids = {str(incident.id) for incident in service.incidents()}
    report.incidents = len(ids)
    cases = Counter(entry["incident_id"] for entry in opened)
    faults = report.faults
    faults += [f"lost: incident {i} has no case at the receiver" for i in sorted(ids - set(cases))]
    faults += [f"doubled: incident {i} has {n} cases" for i, n in cases.items() if n != 1]
    faults += [f"unknown: incident {i} is only at the receiver" for i in sorted(set(cases) - ids)]
    faults += [f"out of order: {key}" for key in book["reordered"]]
    faults += [f"without its picture: {e['key']}" for e in accepted if not e["pictures"]]
    keys = [entry["key"] for entry in accepted]
    faults += [f"twice in the book: {key}" for key, n in Counter(keys).items() if n > 1]
    ours = {d.idempotency_key for d in _deliveries(service, DeliveryState.DELIVERED)}
    faults += [f"called delivered, but is not there: {key}" for key in sorted(ours - set(keys))]
    for state in (DeliveryState.PENDING, DeliveryState.QUARANTINED):
        faults += [f"{state}: {d.idempotency_key}" for d in _deliveries(service, state)]
    sources = Counter(incident.source_id for incident in service.incidents())
    faults += [f"{n} incidents at {source}" for source, n in sources.items() if n > 1]
    faults += broken_chains(service)
    known = {row.key for i in service.incidents() for row in service.queries.evidence(i.id)}
    report.files_without_row = len(set(service.store.keys()) - known)


def _deliveries(service: StreetService, state: DeliveryState) -> Iterator[Any]:
    read, which = service.queries.deliveries, DeliveryFilter(state=state)
    return every(lambda cursor: read(which, cursor=cursor, limit=500))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trouble", type=float, default=0.5, help="share of requests in trouble")
    parser.add_argument("--every-s", type=float, default=0.08, help="one incident in so long")
    parser.add_argument("--database-url", help="an empty PostgreSQL database; else SQLite")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="xunjie-kills-") as folder:
        report = run_kills(
            Path(folder),
            wanted.kills,
            wanted.seed,
            wanted.trouble,
            wanted.every_s,
            wanted.database_url,
        )
    sys.stdout.write(json.dumps(asdict(report)) + "\n")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
