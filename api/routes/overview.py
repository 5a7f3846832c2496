"""One plain page: what stands in the queue, what waits for a verdict, how the sources are."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from api.deps import ServiceDep
from api.service import Records, Service
from detector.incidents import Case, IncidentFilter
from detector.types import Incident, VerdictAnswer

router = APIRouter(tags=["pages"])

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1c2330}
header{background:#12324f;color:#fff;padding:.8rem 1.5rem;font-size:1.2rem}
main{max-width:1200px;margin:0 auto;padding:0 1.5rem 3rem}
h2{margin:1.6rem 0 .6rem;font-size:1.05rem}
article{background:#fff;border:1px solid #d8dde5;border-radius:8px;padding:1rem;margin:.8rem 0}
article.urgent{border-left:6px solid #d55e00}
.strip{display:flex;gap:.6rem;overflow-x:auto}
figure{margin:.6rem 0 0;flex:1 1 0;min-width:260px;max-width:50%}img{width:100%;border-radius:4px}
figcaption,small{color:#5b6675}
table{border-collapse:collapse;width:100%;background:#fff}
td,th{padding:.35rem .7rem;border-bottom:1px solid #e3e7ec;text-align:left}
button{font:inherit;padding:.35rem .9rem;border:1px solid #12324f;border-radius:5px;
background:#12324f;color:#fff;cursor:pointer;margin-right:.4rem}button.no{background:#fff;color:#12324f}
"""

_SCRIPT = """
async function answer(id, answer, reason) {
  const body = {answer, operator: "page", reason};
  const reply = await fetch(`/api/incidents/${id}/verdict`, {method: "POST",
    headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)});
  if (!reply.ok) alert((await reply.json()).detail);
  location.reload();
}
document.addEventListener("click", event => {
  const button = event.target.closest("button[data-id]");
  if (!button) return;
  const no = button.dataset.answer === "rejected";
  const reason = no ? prompt("Why is it none? 为什么不是？") : "";
  if (!no || reason) answer(button.dataset.id, button.dataset.answer, reason);
});
"""


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
def overview(service: ServiceDep) -> str:
    """The newest cases and pending incidents with their evidence."""
    records = service.records
    cases = records.queries.cases(limit=20).items
    pending = records.queries.incidents(
        IncidentFilter(verdict=VerdictAnswer.PENDING), limit=20
    ).items
    waiting = [incident for incident in pending if incident.case_id is None]
    body = (
        f"<h2>案件 Cases ({len(cases)})</h2>{_cases(records, cases)}"
        f"<h2>待确认 Waiting for a verdict ({len(waiting)})</h2>"
        f"{''.join(_incident(records, incident) for incident in waiting) or '<p>none</p>'}"
        f"<h2>点位 Sources</h2>{_sources(service)}"
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Xunjie 巡街</title>"
        f"<style>{_STYLE}</style><header>Xunjie 巡街</header><main>{body}</main>"
        f"<script>{_SCRIPT}</script></html>"
    )


def _cases(records: Records, cases: tuple[Case, ...]) -> str:
    return "".join(_case(records, case) for case in cases) or "<p>none</p>"


def _case(records: Records, case: Case) -> str:
    incident = records.queries.incident(case.incident_id)
    head = (
        f"<strong>{escape(case.number)}</strong> {escape(case.subtype.replace('_', ' '))} "
        f"· {case.state.label} {escape(case.state)} · {escape(case.code or 'no code')}"
    )
    return _article(records, incident, head, "")


def _incident(records: Records, incident: Incident) -> str:
    buttons = (
        f"<p><button data-id={incident.id} data-answer=confirmed>确认 Confirm</button>"
        f"<button class=no data-id={incident.id} data-answer=rejected>否决 Reject</button></p>"
    )
    head = f"<strong>疑似 {escape(incident.subtype.replace('_', ' '))}</strong>"
    return _article(records, incident, head, buttons)


def _article(records: Records, incident: Incident, head: str, foot: str) -> str:
    figures = "".join(
        f"<figure><img loading=lazy src='/api/incidents/{incident.id}/evidence/{row.id}' "
        f"alt='{row.kind}'><figcaption>{row.kind} · {row.captured_at:%Y-%m-%d %H:%M:%S} UTC"
        "</figcaption></figure>"
        for row in records.queries.evidence(incident.id)
        if row.variant == "shown" and row.deleted_at is None
    )
    status = "cleared" if incident.cleared_at else "open"
    return (
        f"<article class='{'urgent' if incident.urgent else ''}'>{head}"
        f"<br>{escape(incident.reason)}<br><small>{escape(incident.source_id)} · {status} · "
        f"{escape(incident.rule_version)}</small><div class=strip>{figures}</div>{foot}</article>"
    )


def _sources(service: Service) -> str:
    rows = []
    for camera in service.engine.cameras:
        health, tally = camera.source.health(), camera.tally.snapshot()
        blind = f"{tally.blind_now}: {tally.blind_detail}" if tally.blind_now else ""
        rows.append(
            f"<tr><td>{escape(camera.id)}<td>{health.state}<td>{tally.looks}"
            f"<td>{tally.stale_s:.0f} s<td>{escape(blind or health.reason)}"
        )
    head = "<tr><th>source<th>state<th>looks<th>last look<th>note"
    return f"<table>{head}{''.join(rows)}</table>"
