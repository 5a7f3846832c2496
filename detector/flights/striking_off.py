"""Strikes ledger rows off by what a comparison wrote down."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from detector.flights.errors import LedgerError
from detector.flights.ledger import Ledger


def strike_off_from(ledger: Ledger, findings: Path) -> Ledger:
    """The ledger without what `findings.geojson` calls removed, each with its picture.

    Raises LedgerError for a file that is no comparison's.
    """
    try:
        features = json.loads(findings.read_text(encoding="utf-8"))["features"]
        told = [feature["properties"] for feature in features]
        gone = [
            (p["ledger_id"], datetime.fromisoformat(p["current_at"]), p["pictures"][0])
            for p in told
            if p["verdict"] == "removed" and p["ledger_id"] and p["pictures"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LedgerError(f"{findings}: not the findings of a comparison: {error}") from error
    for row_id, at, picture in gone:
        ledger = ledger.struck_off(row_id, at, picture)
    return ledger
