"""Where a comparison's outcome is kept, so that the report and the ledger can be made from it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from detector.flights.before_after import BeforeAfter, PairMaker
from detector.flights.comparison import Comparison
from detector.flights.report_html import html_report
from detector.flights.report_pdf import pdf_report

FINDINGS = "findings.geojson"


def write_findings(work: Path, comparison: Comparison) -> Path:
    """Writes the GeoJSON, whole or not at all."""
    work.mkdir(parents=True, exist_ok=True)
    path = work / FINDINGS
    text = json.dumps(comparison.collection(), ensure_ascii=False, indent=1)
    part = path.with_suffix(".part")
    part.write_text(text + "\n", encoding="utf-8")
    os.replace(part, path)
    return path


def write_reports(
    out: Path,
    base: Path,
    current: Path,
    comparison: Comparison,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> tuple[Path, Path]:
    """Writes `report.html` and `report.pdf`; returns their paths."""
    out.mkdir(parents=True, exist_ok=True)
    maker, pairs = PairMaker(base, current, comparison), {}
    order = sorted(comparison.findings, key=lambda f: f.views[0].picture if f.views else "")
    for number, finding in enumerate(order, 1):
        pair: BeforeAfter | None = maker.pair(finding)
        if pair is not None:
            pairs[finding.id] = pair
        progress("pictures", number, len(order))
    page, document = out / "report.html", out / "report.pdf"
    page.write_text(html_report(comparison, pairs), encoding="utf-8")
    document.write_bytes(pdf_report(comparison, pairs))
    return page, document
