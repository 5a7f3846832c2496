// Cases: a table with filters; one of them with its timeline, evidence, chain and deliveries.

import { call, download, get, may, picture, post, query } from "./api.js";
import { dialog, field, h, select, show, table, toast } from "./dom.js";
import { t, when, word } from "./i18n.js";
import { openOriginal } from "./original.js";

const STATES = ["reported", "registered", "filed", "dispatched", "handling", "verifying", "closed", "sent_back", "extended", "suspended", "refused", "void"];
const VIOLATIONS = ["vendor", "cover", "rooftop"];
const MISSING = "—";

export async function open(page) {
  const id = new URLSearchParams(location.search).get("case");
  return id ? openCase(page, id) : list(page);
}

async function list(page) {
  const filter = { state: "", violation: "", urgent: "", source_id: "", opened_from: "", opened_before: "", limit: 50 };
  const body = h("div");
  const load = async (cursor) => {
    const { items, next_cursor } = await get(`/api/cases${query({ ...filter, cursor })}`);
    const rows = items.map((each) =>
      h("tr", { class: "open", tabindex: "0", onclick: () => go(page, each.id), onkeydown: (event) => event.key === "Enter" && go(page, each.id) },
        h("td", {}, h("a", { href: `/pages/cases?case=${each.id}`, onclick: (event) => event.preventDefault() }, each.number)),
        h("td", {}, each.urgent && h("span", { class: "badge urgent" }, `▲ ${t("urgent")}`), word(each.subtype)),
        h("td", {}, h("span", { class: "badge" }, word(each.state))),
        h("td", {}, each.source_id),
        h("td", {}, when(each.opened_at)),
        h("td", {}, each.code ?? MISSING),
        h("td", {}, each.worker ?? MISSING),
      ),
    );
    const heads = ["number", "what", "state", "camera", "opened", "code", "worker"].map((name) => t(`cases.${name}`));
    show(body, items.length ? table(heads, rows) : h("p", { class: "quiet" }, t("none")), h("p", { class: "row end" }, cursor && h("button", { type: "button", onclick: () => load() }, t("newest")), next_cursor && h("button", { type: "button", onclick: () => load(next_cursor) }, t("more"))));
  };
  const change = (name) => (value) => {
    filter[name] = value;
    load();
  };
  const day = (name) => h("input", { type: "date", onchange: (event) => change(name)(event.target.value && new Date(`${event.target.value}T00:00:00`).toISOString()) });
  const exported = () => {
    const { limit, ...rest } = filter;
    return query(rest);
  };
  show(
    page,
    h("h1", {}, t("page.cases")),
    h("div", { class: "filters" },
      field(t("cases.state"), select([["", t("all")], ...STATES.map((name) => [name, word(name)])], "", change("state"))),
      field(t("cases.violation"), select([["", t("all")], ...VIOLATIONS.map((name) => [name, word(name)])], "", change("violation"))),
      field(t("cases.urgent"), select([["", t("all")], ["true", t("yes")]], "", change("urgent"))),
      field(t("cases.camera"), h("input", { onchange: (event) => change("source_id")(event.target.value.trim()) })),
      field(t("cases.from"), day("opened_from")),
      field(t("cases.to"), day("opened_before")),
      may("export") && h("div", { class: "row" },
        h("button", { type: "button", onclick: () => download(`/api/export/cases.csv${exported()}`, "cases.csv") }, t("cases.csv")),
        h("button", { type: "button", onclick: () => download(`/api/export/cases.geojson${exported()}`, "cases.geojson") }, t("cases.geojson")),
      ),
    ),
    body,
  );
  await load();
}

function go(page, id) {
  history.pushState({}, "", `/pages/cases?case=${id}`);
  return openCase(page, id);
}

async function openCase(page, id) {
  const { case: one, may_become, events, deliveries } = await get(`/api/cases/${id}`);
  const [detail, chain] = await Promise.all([get(`/api/incidents/${one.incident_id}`), get(`/api/incidents/${one.incident_id}/chain`)]);
  const pictures = detail.evidence.filter((row) => row.variant === "shown" && row.deleted_at === null);
  const again = () => openCase(page, id);
  show(
    page,
    h("p", {}, h("a", { href: "/pages/cases" }, `← ${t("page.cases")}`)),
    h("h1", {}, `${one.number} · ${t("suspected")} ${word(one.subtype)} `, h("span", { class: "badge" }, word(one.state)), one.urgent && h("span", { class: "badge urgent" }, `▲ ${t("urgent")}`)),
    h("div", { class: "case" },
      h("div", {},
        h("p", {}, one.description),
        h("h2", {}, t("cases.evidence")),
        h("div", { class: "pictures" }, pictures.map((row) => h("figure", {}, h("img", { src: picture(one.incident_id, row.id), alt: t(`kind.${row.kind}`) }), h("figcaption", {}, h("small", {}, `${t(`kind.${row.kind}`)} · ${when(row.captured_at)}`))))),
      ),
      h("div", {},
        h("div", { class: "row" },
          may("export") && h("button", { type: "button", onclick: () => download(`/api/export/cases/${id}.pdf`, `${one.number}.pdf`) }, t("cases.pdf")),
          may("sealed") && h("button", { type: "button", onclick: () => openOriginal(one.incident_id) }, t("original.open")),
          may("review") && may_become.length > 0 && h("button", { type: "button", onclick: () => step(one, may_become, again) }, t("cases.step")),
        ),
        h("p", {}, `${t("cases.chain")}: `, h("span", { class: chain.intact ? "good" : "bad" }, chain.intact ? t("cases.intact", { n: chain.files }) : t("cases.broken")), chain.faults.map((fault) => h("p", { class: "bad" }, fault))),
        h("h2", {}, t("cases.timeline")),
        h("ol", { class: "timeline" }, timeline(detail.events, events).map((each) => h("li", {}, h("small", {}, when(each.at)), h("br"), `${word(each.kind)}${each.to_state ? ` → ${word(each.to_state)}` : ""} · ${each.actor}`, each.text && h("div", {}, h("small", {}, each.text))))),
        h("h2", {}, t("cases.deliveries")),
        deliveries.length ? deliveries.map((each) => deliveryOf(each, again)) : h("p", { class: "quiet" }, t("cases.no_destination")),
      ),
    ),
  );
}

function timeline(ofIncident, ofCase) {
  const lines = [...ofIncident.map((each) => ({ ...each, text: each.detail })), ...ofCase.map((each) => ({ ...each, text: each.note }))];
  return lines.sort((a, b) => a.at.localeCompare(b.at));
}

function deliveryOf(each, again) {
  const resend = async () => {
    await post(`/api/deliveries/${each.id}/redeliver`);
    await again();
  };
  return h("details", { class: "card" },
    h("summary", {}, h("span", { class: `badge ${each.state}` }, word(each.state)), `${each.destination} · ${word(each.kind)} · ${t("cases.attempts", { n: each.attempts })}`),
    each.last_error && h("p", { class: "bad" }, each.last_error),
    each.remote_id && h("p", {}, `${t("cases.outcome")}: ${each.remote_id}`),
    may("deliver") && h("div", { class: "row" },
      h("button", { type: "button", onclick: resend }, t("cases.redeliver")),
      each.state !== "delivered" && each.state !== "discarded" && h("button", { type: "button", class: "no", onclick: () => discard(each, again) }, t("cases.discard")),
    ),
    h("h2", {}, t("cases.record")),
    h("pre", {}, JSON.stringify(each.record, null, 1)),
  );
}

function discard(each, again) {
  const reason = h("input", { required: true, maxLength: 500 });
  dialog(t("cases.discard"), field(t("cases.discard_why"), reason), [
    [t("cancel"), () => {}],
    [t("cases.discard"), async () => {
      if (!reason.value.trim()) return false;
      await post(`/api/deliveries/${each.id}/discard`, { reason: reason.value });
      await again();
      return true;
    }, "main"],
  ]);
}

function step(one, states, again) {
  const state = select(states.map((name) => [name, word(name)]), states[0], () => {});
  const note = h("input", { maxLength: 1000 });
  dialog(t("cases.step"), h("div", {}, field(t("cases.state"), state), field(t("cases.note"), note)), [
    [t("cancel"), () => {}],
    [t("save"), async () => {
      try {
        await call("POST", `/api/cases/${one.id}/state`, { state: state.value, note: note.value, expected_version: one.version });
      } catch (error) {
        toast(error.message, "bad");
      }
      await again();
      return true;
    }, "main"],
  ]);
}
