"""The report as one HTML file: pictures inside it, no outside address."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping

import cv2

from detector.flights.before_after import BeforeAfter
from detector.flights.comparison import Comparison
from detector.flights.coverage_drawing import COLOURS, Coverage, coverage_of
from detector.flights.finding import FlightFinding, FlightVerdict
from detector.flights.ground_window import Image
from detector.flights.report_text import (
    HEADLINES,
    NOTICE,
    lines_of,
    not_judged,
    summary_of,
    title_of,
)


def html_report(comparison: Comparison, pairs: Mapping[str, BeforeAfter]) -> str:
    """The page; `pairs` by finding id. Before and after swipe with a slider, without a script."""
    coverage = coverage_of(comparison)
    summary = "".join(
        f"<li>{html.escape(t)}</li>" for t in summary_of(comparison, coverage.seen_m2)
    )
    sections = "".join(_section(v, comparison, pairs) for v in FlightVerdict)
    unjudged = "".join(f"<li>{html.escape(text)}</li>" for text in not_judged(comparison))
    rest = f"<h2>Could not be judged</h2><ul>{unjudged}</ul>" if unjudged else ""
    title = html.escape(title_of(comparison))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1><p><b>{html.escape(NOTICE)}</b></p>"
        f"<ul>{summary}</ul>{_map(coverage)}{sections}{rest}</body></html>"
    )


def _section(
    verdict: FlightVerdict, comparison: Comparison, pairs: Mapping[str, BeforeAfter]
) -> str:
    found = [f for f in comparison.findings if f.verdict is verdict]
    if not found:
        return ""
    cards = "".join(_card(f, pairs.get(f.id)) for f in found)
    return f'<h2 style="color:{COLOURS[verdict]}">{HEADLINES[verdict]}: {len(found)}</h2>{cards}'


def _card(finding: FlightFinding, pair: BeforeAfter | None) -> str:
    lines = "<br>".join(html.escape(line) for line in lines_of(finding))
    shown = ""
    if pair is not None:
        dates = (f"{finding.baseline_at:%Y-%m-%d}", f"{finding.current_at:%Y-%m-%d}")
        shown = "".join(
            f'<figure><img alt="{date}" src="{_inline(image)}"><figcaption>{date}</figcaption>'
            "</figure>"
            for date, image in zip(dates, (pair.before, pair.after), strict=True)
        )
    return f'<article id="{finding.id}"><h3>{finding.id}</h3>{shown}<p>{lines}</p></article>'


def _inline(image: Image) -> str:
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}" if done else ""


def _map(coverage: Coverage) -> str:
    def points(ring: list[tuple[float, float]]) -> str:
        return " ".join(f"{x:.1f},{coverage.height_m - y:.1f}" for x, y in ring)

    seen = "".join(f'<polygon class="seen" points="{points(r)}"/>' for r in coverage.seen)
    marks = "".join(
        f'<a href="#{f.id}"><polygon points="{points(ring)}" fill="{COLOURS[f.verdict]}" '
        f'stroke="{COLOURS[f.verdict]}"><title>{html.escape(f.reason)}</title></polygon></a>'
        for f, ring in coverage.findings
    )
    return (
        f'<svg viewBox="-5 -5 {coverage.width_m + 10:.0f} {coverage.height_m + 10:.0f}">'
        f"{seen}{marks}</svg><p>Grey: ground that both flights show. North is up; "
        f"{coverage.width_m:.0f} by {coverage.height_m:.0f} m.</p>"
    )


_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:1.5rem auto;
padding:0 1rem;color:#17212b}svg{width:100%;max-height:700px;border:1px solid #cfd8dc}
.seen{fill:#dfe6ea;stroke:#b0bec5;stroke-width:.5}svg a polygon{fill-opacity:.6;stroke-width:1.5}
article{border-top:1px solid #cfd8dc;padding:.5rem 0}figure{display:inline-block;margin:.3rem}
figure img{max-width:480px;max-height:480px}"""
