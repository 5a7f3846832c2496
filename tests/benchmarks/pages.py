"""Pages under load: `python -m tests.benchmarks.pages`.

Makes a database with 10,000 pending incidents and 300,000 cases (`--cases`, `--pending`), then
measures in headless Chromium the time from a key press to the next incident fully shown, and over
HTTP the time of what each table page asks for. Prints medians and 95th percentiles as JSON.
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
from tests.ui.pages_site import Visitor, browser, site_with_past

MONTH_AGO = (datetime.now(UTC) - timedelta(days=30)).isoformat()
ASKED = {
    "cases": "/api/cases?limit=50",
    "cases of one state": "/api/cases?limit=50&state=dispatched",
    "cases of one camera": "/api/cases?limit=50&source_id=street-007",
    "review list": "/api/review/list?limit=60",
    "review waiting": "/api/review/waiting",
    "figures, 30 days": "/api/figures?days=30",
    "map, 30 days": "/api/map?opened_from={}&limit=5000".format(MONTH_AGO.replace("+", "%2B")),
    "audit": "/api/audit?limit=100",
    "deliveries": "/api/deliveries?limit=50",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pending", type=int, default=10_000)
    parser.add_argument("--cases", type=int, default=300_000)
    parser.add_argument("--keys", type=int, default=60)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        began_s = time.monotonic()
        site = site_with_past(Path(folder), pending=asked.pending, cases_count=asked.cases)
        made_s = time.monotonic() - began_s
        try:
            result = {
                "pending": asked.pending,
                "cases": asked.cases,
                "made_s": round(made_s),
                "tables_ms": tables(site),
                "key_to_next_ms": keys(site, asked.keys),
            }
        finally:
            site.close()
    sys.stdout.write(json.dumps(result, indent=1) + "\n")


def tables(site) -> dict[str, dict[str, float]]:
    client = site.signed_in(Role.ADMINISTRATOR)
    found = {}
    for name, path in ASKED.items():
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
