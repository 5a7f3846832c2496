"""A replay's findings with their evidence pictures, as a folder and as a page."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2

from detector.evidence.annotation import AnnotationConfig, Caption, Mark, annotate
from detector.evidence.hidden_region import MaskingConfig
from detector.evidence.masking import mask
from detector.pipeline.replay import Opened, ReplayResult


def report_of(name: str, path: Path, result: ReplayResult) -> dict[str, Any]:
    """What happened, as JSON."""
    return {
        "source": name,
        "file": str(path),
        "looks": result.looks,
        "seconds": round(result.seconds, 1),
        "detections": result.detections,
        "findings": [_finding(opened) for opened in result.opened],
    }


def _finding(opened: Opened) -> dict[str, Any]:
    found = opened.finding
    return {
        "violation": found.violation,
        "subtype": found.subtype,
        "class": found.class_name,
        "score": round(found.score, 3),
        "at": found.threshold_at.isoformat(),
        "first_seen_at": found.first_seen_at.isoformat(),
        "box_unit": [round(v, 4) for v in found.place.box_unit.as_tuple()],
        "urgent": found.urgent,
        "reason": found.reason,
        "rule_version": found.rule_version,
    }


def pictures_of(name: str, result: ReplayResult) -> tuple[bytes, ...]:
    """One masked, annotated JPEG a finding."""
    pictures = (_picture(name, opened) for opened in result.opened)
    return tuple(cv2.imencode(".jpg", picture)[1].tobytes() for picture in pictures)


def write_pictures(name: str, pictures: Sequence[bytes], folder: Path) -> list[str]:
    """Returns the file names."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{name}-{number}.jpg" for number in range(1, len(pictures) + 1)]
    for file, data in zip(names, pictures, strict=True):
        (folder / file).write_bytes(data)
    return names


def _picture(name: str, opened: Opened) -> Any:
    found, frame = opened.finding, opened.frame
    masked = mask(frame.image, opened.examination.weak_detections, MaskingConfig())
    box = found.place.box_unit.scaled(frame.width_px, frame.height_px)
    label = f"{found.subtype} {found.score:.2f}"
    return annotate(
        masked,
        [Mark(box_px=box, label=label, subject=True)],
        Caption(
            title=found.reason,
            taken_at=frame.captured_at,
            clock=frame.clock,
            source_name=name,
            zone_name=found.zone,
        ),
        AnnotationConfig(),
    )


def page(reports: list[dict[str, Any]], pictures: dict[str, list[str]]) -> str:
    """A self-contained page: no script, no outside address."""
    parts = [_section(report, pictures[report["source"]]) for report in reports]
    return _PAGE.replace("{body}", "\n".join(parts))


def _section(report: dict[str, Any], files: list[str]) -> str:
    cards = "".join(
        f'<figure><img src="pictures/{html.escape(file)}" alt="{html.escape(found["reason"])}">'
        f"<figcaption><b>{'URGENT · ' if found['urgent'] else ''}{html.escape(found['subtype'])}"
        f"</b> {html.escape(found['reason'])}<br><small>{html.escape(found['rule_version'])}"
        "</small></figcaption></figure>"
        for found, file in zip(report["findings"], files, strict=True)
    )
    nothing = "" if cards else '<p class="quiet">Nothing to report.</p>'
    return (
        f"<section><h2>{html.escape(report['source'])}</h2>"
        f"<p>{report['looks']} looks over {report['seconds']:.0f} s, "
        f"findings: {len(report['findings'])}</p>{cards}{nothing}</section>"
    )


def write_json(reports: list[dict[str, Any]], path: Path) -> None:
    path.write_text(json.dumps(reports, indent=1, ensure_ascii=False), encoding="utf-8")


_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Xunjie 巡街</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f6f8;color:#17212b}
header{background:#12344d;color:#fff;padding:1rem 2rem}
main{max-width:1100px;margin:auto;padding:1rem 2rem}
section{background:#fff;border-radius:8px;padding:1rem 1.5rem;margin:1rem 0}
figure{margin:1rem 0}
img{max-width:100%;border-radius:6px}
.quiet{color:#2c6e49}
</style></head><body><header><h1>Xunjie 巡街</h1>What the demonstration footage showed</header>
<main>{body}</main></body></html>"""
