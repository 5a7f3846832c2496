"""One case as a PDF: what was seen, the evidence, its chain, and what was done."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Image, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from api.service import Records
from detector.incidents import Case, CaseEvent, ChainReport, EvidenceRow

_FONT: Final = "STSong-Light"
"""A name that every PDF reader knows for Chinese; nothing has to be shipped for it."""

_PICTURE_WIDTH: Final = 82 * mm


def dossier(records: Records, case: Case, zone: str) -> bytes:
    """The PDF's bytes."""
    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    clock = ZoneInfo(zone)
    rows = records.queries.evidence(case.incident_id)
    events = records.queries.case_events(case.id)
    report = records.chain.verify(case.incident_id)
    parts = [
        Paragraph(_safe(f"案件 Case {case.number}"), _style(16)),
        Spacer(1, 4 * mm),
        _facts(case, clock),
        Spacer(1, 5 * mm),
        *_pictures(records, rows, clock),
        Spacer(1, 4 * mm),
        _log(events, clock),
        Spacer(1, 4 * mm),
        *_chain(report, rows),
    ]
    text = io.BytesIO()
    page = SimpleDocTemplate(
        text,
        pagesize=A4,
        title=case.number,
        author="Xunjie",
        leftMargin=17 * mm,
        rightMargin=17 * mm,
        topMargin=15 * mm,
        bottomMargin=15 * mm,
    )
    page.build(parts)
    return text.getvalue()


def _style(size: float) -> ParagraphStyle:
    return ParagraphStyle("text", fontName=_FONT, fontSize=size, leading=size * 1.4, wordWrap="CJK")


def _safe(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _facts(case: Case, clock: ZoneInfo) -> Table:
    position = case.place.position
    where = f"{position.x:.6f}, {position.y:.6f} ({position.crs})" if position else "—"
    rows = [
        ("事项 What", f"疑似 {case.subtype.replace('_', ' ')}" + (" · 紧急 urgent" * case.urgent)),
        ("状态 State", f"{case.state.label} {case.state}"),
        ("代码 Code", f"{case.code or '—'} ({case.code_table_version})"),
        ("点位 Camera", case.source_id),
        ("位置 Place", where),
        ("上报 Opened", _time(case.opened_at, clock)),
        ("描述 Description", case.description),
    ]
    return _table([[_text(name), _text(value)] for name, value in rows], (32 * mm, 140 * mm))


def _pictures(records: Records, rows: tuple[EvidenceRow, ...], clock: ZoneInfo) -> list[Any]:
    cells = []
    for row in rows:
        if row.variant != "shown" or row.deleted_at is not None:
            continue
        picture = Image(io.BytesIO(records.store.get(row.key)))
        picture.drawHeight *= _PICTURE_WIDTH / picture.drawWidth
        picture.drawWidth = _PICTURE_WIDTH
        cells.append([picture, _text(f"{row.kind} · {_time(row.captured_at, clock)}")])
    pairs = [cells[i : i + 2] for i in range(0, len(cells), 2)]
    padded = [pair if len(pair) == 2 else [*pair, ""] for pair in pairs]
    return [Table(padded, colWidths=(88 * mm, 88 * mm))] if padded else []


def _log(events: tuple[CaseEvent, ...], clock: ZoneInfo) -> Table:
    rows = [
        [
            _text(_time(event.at, clock)),
            _text(event.kind),
            _text(event.to_state.label if event.to_state else ""),
            _text(event.actor),
            _text(event.note),
        ]
        for event in events
    ]
    return _table(rows, (36 * mm, 28 * mm, 18 * mm, 28 * mm, 62 * mm))


def _chain(report: ChainReport, rows: tuple[EvidenceRow, ...]) -> list[Any]:
    state = "完整 intact" if report.intact else "已被改动 changed"
    parts: list[Any] = [_text(f"证据链 Evidence chain: {state}, {report.rows} rows")]
    parts += [_text(f"· {fault.detail}") for fault in report.faults]
    parts += [_text(f"{row.seq}. {row.kind} {row.variant} sha256 {row.sha256}", 7) for row in rows]
    return parts


def _text(text: str, size: float = 9) -> Paragraph:
    return Paragraph(_safe(text), _style(size))


def _table(rows: list[list[Any]], widths: tuple[float, ...]) -> Table:
    style = TableStyle(
        [
            ("GRID", (0, 0), (-1, -1), 0.4, colors.HexColor("#b9c3cf")),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ]
    )
    return Table(rows, colWidths=widths, style=style)


def _time(at: datetime, clock: ZoneInfo) -> str:
    return at.astimezone(clock).strftime("%Y-%m-%d %H:%M:%S")
