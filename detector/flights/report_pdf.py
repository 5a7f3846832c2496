"""The report as PDF, with Chinese in a font that every reader of the format brings along."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import cv2
from reportlab.graphics.shapes import Drawing
from reportlab.graphics.shapes import Polygon as Shape
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Image as Picture
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer

from detector.flights.before_after import BeforeAfter
from detector.flights.comparison import Comparison
from detector.flights.coverage_drawing import COLOURS, Coverage, coverage_of
from detector.flights.finding import FlightFinding, FlightVerdict
from detector.flights.report_text import (
    HEADLINES,
    NOTICE,
    lines_of,
    not_judged,
    summary_of,
    title_of,
)

_FONT = "STSong-Light"
_WIDTH = A4[0] - 36 * mm


def pdf_report(comparison: Comparison, pairs: Mapping[str, BeforeAfter]) -> bytes:
    """The document; `pairs` by finding id."""
    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    coverage = coverage_of(comparison)
    flow: list[Any] = [_text(title_of(comparison), 16), _text(NOTICE, 10)]
    flow += [_text(line, 10) for line in summary_of(comparison, coverage.seen_m2)]
    flow += [Spacer(1, 4 * mm), _map(coverage), Spacer(1, 4 * mm)]
    for verdict in FlightVerdict:
        found = [f for f in comparison.findings if f.verdict is verdict]
        if found:
            flow.append(_text(f"{HEADLINES[verdict]}: {len(found)}", 13))
        flow += [KeepTogether(_entry(f, pairs.get(f.id))) for f in found]
    unjudged = not_judged(comparison)
    if unjudged:
        flow.append(_text("Could not be judged (无法判断)", 13))
        flow += [_text(text, 9) for text in unjudged]
    target = io.BytesIO()
    SimpleDocTemplate(
        target,
        pagesize=A4,
        title=title_of(comparison),
        leftMargin=18 * mm,
        rightMargin=18 * mm,
    ).build(flow)
    return target.getvalue()


def _text(text: str, size: float) -> Paragraph:
    style = ParagraphStyle("plain", fontName=_FONT, fontSize=size, leading=size * 1.4)
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Paragraph(safe, style)


def _entry(finding: FlightFinding, pair: BeforeAfter | None) -> list[Any]:
    flow: list[Any] = [Spacer(1, 3 * mm), _text(finding.id, 11)]
    if pair is not None:
        image = pair.beside()
        done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])
        if done:
            width = min(_WIDTH, 140 * mm)
            height = width * image.shape[0] / image.shape[1]
            flow.append(Picture(io.BytesIO(data.tobytes()), width=width, height=height))
            dates = f"{finding.baseline_at:%Y-%m-%d}   |   {finding.current_at:%Y-%m-%d}"
            flow.append(_text(dates, 9))
    return flow + [_text(line, 9) for line in lines_of(finding)]


def _map(coverage: Coverage) -> Drawing:
    scale = min(_WIDTH / coverage.width_m, 110 * mm / coverage.height_m)
    drawing = Drawing(coverage.width_m * scale, coverage.height_m * scale)
    for ring in coverage.seen:
        drawing.add(_shape(ring, scale, "#dfe6ea", "#b0bec5"))
    for finding, ring in coverage.findings:
        colour = COLOURS[finding.verdict]
        drawing.add(_shape(ring, scale, colour, colour))
    return drawing


def _shape(ring: list[tuple[float, float]], scale: float, fill: str, line: str) -> Shape:
    points = [value * scale for point in ring for value in point]
    return Shape(points, fillColor=HexColor(fill), strokeColor=HexColor(line), strokeWidth=0.5)
