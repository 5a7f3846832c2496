"""Pages under load: `python -m tests.benchmarks.pages`.

Makes a database with 10,000 pending incidents and 300,000 cases (`--cases`, `--pending`), then
measures in headless Chromium the time from a key press to the next incident fully shown, and over
HTTP the time of what each table page asks for. Prints medians and 95th percentiles as JSON.
`--folder` keeps the database for the next run; `--database` puts it into a PostgreSQL.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api.auth import Role
from tests.ui.pages_site import Visitor, browser, site_of_a_year

MONTH_AGO = (datetime.now(UTC) - timedelta(days=30)).isoformat()
ASKED = {
    "cases": "/api/cases?limit=50",
    "cases of one state": "/api/cases?limit=50&state=dispatched",
    "cases of one camera": "/api/cases?limit=50&source_id=street-007",
    "cases of no camera": "/api/cases?limit=50&source_id=nowhere",
    "cases, urgent": "/api/cases?limit=50&urgent=true",
    "cases, delivered": "/api/cases?limit=50&delivery=delivered",
    "cases, quarantined": "/api/cases?limit=50&delivery=quarantined",
    "destinations": "/api/destinations",
    "cameras": "/api/sources",
    "review list": "/api/review/list?limit=60",
    "review waiting": "/api/review/waiting",
    "figures, 30 days": "/api/figures?days=30",
    "figures, 366 days": "/api/figures?days=366",
    "figures, one camera": "/api/figures?days=366&source_id=street-007",
    "map, 30 days": "/api/map?opened_from={}".format(MONTH_AGO.replace("+", "%2B")),
    "audit": "/api/audit?limit=100",
    "deliveries": "/api/deliveries?limit=50",
    "deliveries, quarantined": "/api/deliveries?limit=50&state=quarantined",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pending", type=int, default=10_000)
    parser.add_argument("--cases", type=int, default=300_000)
    parser.add_argument("--keys", type=int, default=60)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--database", help="postgresql+psycopg://...; empty or filled before")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        result = measured(asked.folder or Path(passing), asked)
    sys.stdout.write(json.dumps(result, indent=1) + "\n")


def measured(folder: Path, asked: argparse.Namespace) -> dict[str, object]:
    began_s = time.monotonic()
    changes = {"database": {"url": asked.database}} if asked.database else {}
    site = site_of_a_year(folder, pending=asked.pending, cases_count=asked.cases, **changes)
    made_s = time.monotonic() - began_s
    try:
        return {
            "pending": asked.pending,
            "cases": asked.cases,
            "made_s": round(made_s),
            "tables_ms": tables(site),
            "key_to_next_ms": keys(site, asked.keys),
        }
    finally:
        site.close()


def tables(site) -> dict[str, dict[str, float]]:
    """The first time of each is left out; a year's figures are read once after a start."""
    client = site.signed_in(Role.ADMINISTRATOR)
    client.get("/api/figures?days=366", timeout=600).raise_for_status()
    case = client.get("/api/cases?limit=50").json()
    asked = ASKED | {
        "cases, page 2": f"/api/cases?limit=50&cursor={case['next_cursor']}",
        "one case": f"/api/cases/{case['items'][0]['id']}",
    }
    found = {}
    for name, path in asked.items():
        times = []
        for _ in range(11):
            began_s = time.perf_counter()
            client.get(path).raise_for_status()
            times.append((time.perf_counter() - began_s) * 1000)
        found[name] = spread(times[1:])
    return found


def keys(site, count: int) -> dict[str, float]:
    with browser() as opened:
        visitor = Visitor(opened, site, Role.OPERATOR)
        page = visitor.open("review")
        for number in range(count):
            page.wait_for_selector("body[data-incident]:not([data-incident=''])")
            before = page.evaluate("document.body.dataset.incident")
            page.wait_for_timeout(700)  # a quick operator
            page.keyboard.press("c" if number % 3 else "2")
            page.wait_for_selector(f"body:not([data-incident='{before}'])")
        page.wait_for_timeout(500)
        times = page.evaluate("window.xunjieSwitches")
        visitor.close()
    return spread(times)


def spread(times: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(times), 1),
        "p95": round(sorted(times)[int(0.95 * (len(times) - 1))], 1),
        "n": len(times),
    }


if __name__ == "__main__":
    main()
