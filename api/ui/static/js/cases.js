// Cases: a table with filters; one of them with its timeline, evidence, chain and deliveries.

import { call, download, get, may, picture, post, query } from "./api.js";
import { dialog, field, h, select, show, table, toast } from "./dom.js";
import { language, t, when, word } from "./i18n.js";
import { openOriginal } from "./original.js";
import { said } from "./told.js";

const STATES = ["reported", "registered", "filed", "dispatched", "handling", "verifying", "closed", "sent_back", "extended", "suspended", "refused", "void"];
const LETTERS = ["pending", "delivered", "quarantined", "discarded"];
const VIOLATIONS = ["vendor", "cover", "rooftop"];
const FILTERS = ["state", "violation", "urgent", "source_id", "opened_from", "opened_before", "destination", "delivery"];
const MISSING = "—";

export async function open(page) {
  const id = new URLSearchParams(location.search).get("case");
  return id ? openCase(page, id) : list(page);
}

async function list(page) {
  const asked = new URLSearchParams(location.search);
  const filter = { ...Object.fromEntries(FILTERS.map((name) => [name, asked.get(name) ?? ""])), limit: 50 };
  const body = h("div");
  const destinations = (await get("/api/destinations")).map((each) => each.destination);
  const load = async (cursor) => {
    const { items, fates, next_cursor } = await get(`/api/cases${query({ ...filter, cursor })}`);
    const rows = items.map((each, n) =>
      h("tr", { class: "open", tabindex: "0", onclick: () => go(page, each.id), onkeydown: (event) => event.key === "Enter" && go(page, each.id) },
        h("td", {}, h("a", { href: `/pages/cases?case=${each.id}`, onclick: (event) => event.preventDefault() }, each.number)),
        h("td", {}, each.urgent && h("span", { class: "badge urgent" }, `▲ ${t("urgent")}`), word(each.subtype)),
        h("td", {}, h("span", { class: "badge" }, word(each.state))),
        h("td", {}, each.source_id),
        h("td", {}, when(each.opened_at)),
        h("td", {}, each.code ?? MISSING),
        h("td", {}, each.worker ?? MISSING),
        h("td", {}, fates[n].letters.map(letterOf), fates[n].letters.length ? null : MISSING),
        h("td", { class: "number" }, fates[n].letters.reduce((sum, letter) => sum + Math.max(0, letter.attempts - 1), 0)),
        h("td", {}, fates[n].outcome ? `${word(fates[n].outcome.kind)} · ${fates[n].outcome.destination}` : MISSING),
      ),
    );
    const heads = ["number", "what", "state", "camera", "opened", "code", "worker", "delivered", "retries", "outcome"].map((name) => t(`cases.${name}`));
    show(body, items.length ? table(heads, rows) : h("p", { class: "quiet" }, t("none")), h("p", { class: "row end" }, cursor && h("button", { type: "button", onclick: () => load() }, t("newest")), next_cursor && h("button", { type: "button", onclick: () => load(next_cursor) }, t("more"))));
  };
  const resend = h("div", { class: "row" });
  const offer = async () => {
    const waiting = may("deliver") && filter.delivery === "quarantined" ? await get("/api/destinations") : [];
    const wanted = waiting.filter((each) => each.quarantined > 0 && (!filter.destination || filter.destination === each.destination));
    show(resend, wanted.map((each) => h("button", { type: "button", "data-act": "redeliver-all", onclick: () => again(each) }, t("cases.redeliver_all", { destination: each.destination, n: each.quarantined }))));
  };
  const again = async ({ destination }) => {
    const { deliveries } = await post(`/api/destinations/${encodeURIComponent(destination)}/redeliver`);
    toast(t("cases.redelivered", { n: deliveries }));
    await Promise.all([load(), offer()]);
  };
  const change = (name) => (value) => {
    filter[name] = value;
    load();
    offer();
  };
  const day = (name) => h("input", { type: "date", value: localDay(filter[name]), onchange: (event) => change(name)(event.target.value && new Date(`${event.target.value}T00:00:00`).toISOString()) });
  const exported = () => {
    const { limit, ...rest } = filter;
    return query(rest);
  };
  show(
    page,
    h("h1", {}, t("page.cases")),
    h("div", { class: "filters" },
      field(t("cases.state"), select([["", t("all")], ...STATES.map((name) => [name, word(name)])], filter.state, change("state"))),
      field(t("cases.violation"), select([["", t("all")], ...VIOLATIONS.map((name) => [name, word(name)])], filter.violation, change("violation"))),
      field(t("cases.urgent"), select([["", t("all")], ["true", t("yes")]], filter.urgent, change("urgent"))),
      field(t("cases.delivery"), select([["", t("all")], ...LETTERS.map((name) => [name, word(name)])], filter.delivery, change("delivery"))),
      destinations.length > 1 && field(t("cases.destination"), select([["", t("all")], ...destinations.map((name) => [name, name])], filter.destination, change("destination"))),
      field(t("cases.camera"), h("input", { value: filter.source_id, onchange: (event) => change("source_id")(event.target.value.trim()) })),
      field(t("cases.from"), day("opened_from")),
      field(t("cases.to"), day("opened_before")),
      may("export") && h("div", { class: "row" },
        h("button", { type: "button", onclick: () => download(`/api/export/cases.csv${exported()}`, "cases.csv") }, t("cases.csv")),
        h("button", { type: "button", onclick: () => download(`/api/export/cases.geojson${exported()}`, "cases.geojson") }, t("cases.geojson")),
      ),
    ),
    resend,
    body,
  );
  await Promise.all([load(), offer()]);
}

const two = (n) => String(n).padStart(2, "0");

// The day of a moment as a date field wants it, on this browser's clock.
function localDay(moment) {
  const at = new Date(moment);
  return moment ? `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}` : "";
}

function go(page, id) {
  history.pushState({}, "", `/pages/cases?case=${id}`);
  return openCase(page, id);
}

async function openCase(page, id) {
  const { case: one, may_become, events, deliveries, outcomes, received } = await get(`/api/cases/${id}`);
  const [detail, chain] = await Promise.all([get(`/api/incidents/${one.incident_id}`), get(`/api/incidents/${one.incident_id}/chain`)]);
  const pictures = detail.evidence.filter((row) => row.variant === "shown" && row.deleted_at === null);
  const again = () => openCase(page, id);
  show(
    page,
    h("p", {}, h("a", { href: "/pages/cases" }, `← ${t("page.cases")}`)),
    h("h1", {}, `${one.number} · ${t("suspected")} ${word(one.subtype)} `, h("span", { class: "badge" }, word(one.state)), one.urgent && h("span", { class: "badge urgent" }, `▲ ${t("urgent")}`)),
    h("div", { class: "case" },
      h("div", {},
        h("p", { class: "reason" }, language === "zh" ? detail.reason_zh : detail.incident.reason),
        h("p", { class: "quiet" }, `${t("cases.as_sent")}: ${one.description}`),
        origin(one, received),
        one.component && componentOf(one.component),
        h("h2", {}, t("cases.evidence")),
        h("div", { class: "pictures" }, pictures.map((row) => h("figure", {}, h("img", { src: picture(one.incident_id, row.id), alt: t(`kind.${row.kind}`) }), h("figcaption", {}, h("small", {}, `${t(`kind.${row.kind}`)} · ${when(row.captured_at)}`))))),
      ),
      h("div", {},
        h("div", { class: "row" },
          may("export") && h("button", { type: "button", onclick: () => download(`/api/export/cases/${id}.pdf`, `${one.number}.pdf`) }, t("cases.pdf")),
          may("sealed") && h("button", { type: "button", onclick: () => openOriginal(one.incident_id) }, t("original.open")),
          may("review") && may_become.length > 0 && h("button", { type: "button", onclick: () => step(one, may_become, again) }, t("cases.step")),
        ),
        h("p", {}, `${t("cases.chain")}: `, h("span", { class: chain.intact ? "good" : "bad" }, chain.intact ? t("cases.intact", { n: chain.files }) : t("cases.broken")), chain.faults.map((fault) => h("p", { class: "bad" }, said(fault)))),
        h("h2", {}, t("cases.timeline")),
        h("ol", { class: "timeline" }, timeline(detail, events).map((each) => h("li", {}, h("small", {}, when(each.at)), h("br"), `${word(each.kind)}${each.to_state ? ` → ${word(each.to_state)}` : ""} · ${each.actor}`, each.text && h("div", {}, h("small", {}, each.text))))),
        outcomes.length > 0 && [h("h2", {}, t("cases.outcomes")), h("ol", { class: "timeline outcomes" }, outcomes.map((each) => h("li", {}, h("small", {}, when(each.at)), h("br"), `${each.destination}: ${word(each.kind)} → ${word(each.to_state)}`, each.reason && h("div", {}, h("small", {}, each.reason)))))],
        h("h2", {}, t("cases.deliveries")),
        deliveries.length ? deliveries.map((each) => deliveryOf(each, again)) : h("p", { class: "quiet" }, t("cases.no_destination")),
      ),
    ),
  );
}

const letterOf = (letter) => h("div", {}, h("span", { class: `badge ${letter.state}` }, word(letter.state)), ` ${letter.destination} · ${word(letter.kind)}`);

// Which instances had it before this one, and who sent it here.
function origin(one, received) {
  if (!received) return null;
  const way = one.path.length > 1 ? t("cases.path", { path: one.path.join(" → ") }) : "";
  return h("p", { class: "origin" }, h("span", { class: "badge" }, t("cases.received", { peer: received.peer })), ` ${when(received.received_at)} ${way}`);
}

// What the city's ledger of covers says of the place.
function componentOf(part) {
  const fact = (name, value) => value !== null && value !== "" && [h("dt", {}, t(`component.${name}`)), h("dd", {}, value)];
  return h("section", { class: "card component" },
    h("h2", {}, t("component.title")),
    h("dl", {},
      fact("code", part.code ?? t("component.unknown")),
      fact("kind", part.kind),
      fact("owner", part.owner || (part.code ? t("map.no_owner") : "")),
      fact("distance", part.distance_m === null ? null : `${part.distance_m.toFixed(1)} m`),
      fact("others", part.others || null),
      fact("note", part.note),
    ),
  );
}

// What the log says in English, where the page can say it in its own language.
function noteOf(detail, text) {
  const number = /^case (\S+)$/.exec(text ?? "")?.[1];
  if (number) return t("cases.case_note", { number });
  return language === "zh" && text === detail.incident.reason ? detail.reason_zh : text;
}

function timeline(detail, ofCase) {
  const lines = [...detail.events.map((each) => ({ ...each, text: noteOf(detail, each.detail) })), ...ofCase.map((each) => ({ ...each, text: each.note }))];
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
      each.state === "pending" && h("button", { type: "button", "data-act": "quarantine", onclick: () => withReason(each, "quarantine", again) }, t("cases.quarantine")),
      each.state !== "delivered" && each.state !== "discarded" && h("button", { type: "button", class: "no", onclick: () => withReason(each, "discard", again) }, t("cases.discard")),
    ),
    h("h2", {}, t("cases.record")),
    h("pre", {}, JSON.stringify(each.record, null, 1)),
  );
}

// Sets a delivery aside or gives it up; either takes a reason.
function withReason(each, act, again) {
  const reason = h("input", { required: true, maxLength: 500 });
  dialog(t(`cases.${act}`), field(t(`cases.${act}_why`), reason), [
    [t("cancel"), () => {}],
    [t(`cases.${act}`), async () => {
      if (!reason.value.trim()) return false;
      try {
        await post(`/api/deliveries/${each.id}/${act}`, { reason: reason.value });
      } catch (error) {
        toast(error.message, "bad");
      }
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
