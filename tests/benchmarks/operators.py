"""Ten operators review at once: `python -m tests.benchmarks.operators --minutes 10`.

Each works over HTTP in a session of its own: claims, answers, takes some verdicts back and answers
anew, and two of them try now and then to answer what another one holds. At the end every verdict is
counted: none doubled, none lost, each with the operator and the answer that was given last. Prints
JSON; exit code 1 where the count is wrong.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlalchemy import select

from api.auth import Role
from detector.incidents.access_schema import held_verdicts
from detector.incidents.schema import cases, verdicts
from tests.auth.site import Site
from tests.ui.pages_site import site_with_past

UNDO_S = 2


@dataclass
class Desk:
    """What the operators believe they have done."""

    final: dict[str, tuple[str, str]] = field(default_factory=dict)  # incident: operator, answer
    given: int = 0
    undone: int = 0
    refused: int = 0
    faults: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--operators", type=int, default=10)
    parser.add_argument("--pending", type=int, default=10_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        site = site_with_past(
            Path(folder), pending=asked.pending, cases_count=1000, access={"undo_s": UNDO_S}
        )
        try:
            result, right = run(site, asked.operators, asked.minutes * 60)
        finally:
            site.close()
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    raise SystemExit(0 if right else 1)


def run(site: Site, count: int, for_s: float) -> tuple[dict[str, object], bool]:
    with site.service.records.database.reading() as transaction:
        before = set(transaction.execute(select(cases.c.incident_id)).scalars())
    desk, end_s = Desk(), time.monotonic() + for_s
    people = [
        threading.Thread(target=work, args=(site, f"op{n}", desk, end_s, random.Random(n)))
        for n in range(count)
    ]
    for person in people:
        person.start()
    for person in people:
        person.join()
    settle(site)
    return counted(site, desk, before)


def work(site: Site, name: str, desk: Desk, end_s: float, chance: random.Random) -> None:
    client = site.signed_in(Role.OPERATOR, name)
    while time.monotonic() < end_s:
        claimed = client.post("/api/review/claim", json={"count": 3}).json()
        if not claimed:
            time.sleep(0.5)
        for item in claimed:
            answer(client, name, str(item["incident"]["id"]), desk, chance)
        client.post("/api/review/beat")


def answer(
    client: httpx.Client, name: str, incident: str, desk: Desk, chance: random.Random
) -> None:
    time.sleep(chance.uniform(0.3, 1.2))  # a quick operator looks
    give(client, name, incident, desk, chance)
    if chance.random() < 0.1 and take_back(client, incident, desk) and chance.random() < 0.5:
        give(client, name, incident, desk, chance)
    others(client, name, desk, chance)


def give(client: httpx.Client, name: str, incident: str, desk: Desk, chance: random.Random) -> None:
    wanted = "confirmed" if chance.random() < 0.8 else "rejected"
    body = {"answer": wanted, "reason": "shadow" if wanted == "rejected" else ""}
    began_s = time.perf_counter()
    told = client.post(f"/api/review/{incident}/verdict", json=body)
    with desk.lock:
        desk.seconds.append(time.perf_counter() - began_s)
        if told.status_code == 200:
            desk.given += 1
            desk.final[incident] = (name, wanted)
        else:
            desk.faults.append(f"{name} {incident}: {told.status_code} {told.text[:200]}")


def take_back(client: httpx.Client, incident: str, desk: Desk) -> bool:
    told = client.delete(f"/api/review/{incident}/verdict")
    with desk.lock:
        if told.status_code == 204:
            desk.undone += 1
            desk.final.pop(incident, None)
            return True
        if told.status_code not in (404, 409):
            desk.faults.append(f"undo {incident}: {told.status_code} {told.text[:200]}")
        return False


def others(client: httpx.Client, name: str, desk: Desk, chance: random.Random) -> None:
    """Answers what somebody else has answered: it must be refused."""
    if chance.random() > 0.05:
        return
    with desk.lock:
        known = [key for key, (who, _) in desk.final.items() if who != name]
    if not known:
        return
    incident = chance.choice(known)
    told = client.post(f"/api/review/{incident}/verdict", json={"answer": "confirmed"})
    with desk.lock:
        if told.status_code == 409:
            desk.refused += 1
        elif incident in desk.final:
            desk.faults.append(f"{name} was not refused {incident}: {told.status_code}")


def settle(site: Site) -> None:
    """Waits until the time for taking back is over and everything is committed."""
    end_s = time.monotonic() + 120
    while time.monotonic() < end_s:
        with site.service.records.database.reading() as transaction:
            if transaction.execute(select(held_verdicts.c.incident_id)).first() is None:
                return
        time.sleep(0.5)


def counted(site: Site, desk: Desk, before: set[object]) -> tuple[dict[str, object], bool]:
    with site.service.records.database.reading() as transaction:
        columns = verdicts.c.incident_id, verdicts.c.operator, verdicts.c.answer
        rows = [tuple(map(str, row)) for row in transaction.execute(select(*columns))]
        filed = list(transaction.execute(select(cases.c.incident_id)).scalars())
    stored = {incident: (operator, what) for incident, operator, what in rows}
    confirmed = {incident for incident, (_, what) in desk.final.items() if what == "confirmed"}
    fresh = [str(incident) for incident in filed if incident not in before]
    doubled = len(rows) - len(stored)
    lost = [key for key, value in desk.final.items() if stored.get(key) != value]
    extra = stored.keys() - desk.final.keys()
    result: dict[str, object] = {
        "given": desk.given,
        "taken_back": desk.undone,
        "stored": len(rows),
        "doubled": doubled,
        "lost_or_other": len(lost),
        "nobody_gave": len(extra),
        "cases": len(fresh),
        "cases_doubled": len(fresh) - len(set(fresh)),
        "of_others_refused": desk.refused,
        "faults": desk.faults[:10],
        "verdict_ms": {
            "median": round(statistics.median(desk.seconds) * 1000, 1),
            "p95": round(sorted(desk.seconds)[int(0.95 * (len(desk.seconds) - 1))] * 1000, 1),
        },
    }
    right = not (doubled or lost or extra or desk.faults) and set(fresh) == confirmed
    return result, right and len(fresh) == len(set(fresh))


if __name__ == "__main__":
    main()
