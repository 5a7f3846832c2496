// Flights: comparisons of two flights, their findings on a map, a divider between both days.

import { get, may, post } from "./api.js";
import { dialog, field, h, select, show, table, toast } from "./dom.js";
import { language, t, when, word } from "./i18n.js";
import { leaflet } from "./leaflet.js";

const KINDS = ["new", "grown", "removed", "unchanged", "not_visible"];
const COLOURS = { new: "#d55e00", grown: "#e69f00", removed: "#0072b2", unchanged: "#7a7f87", not_visible: "#b9c0c8" };

export async function open(page) {
  const name = new URLSearchParams(location.search).get("flight");
  return name === null ? list(page) : one(page, name);
}

async function list(page) {
  const found = await get("/api/flights");
  const rows = found.map((each) =>
    h(
      "tr",
      { class: "open", "data-flight": each.name, onclick: () => location.assign(address(each.name)) },
      h("td", {}, h("a", { href: address(each.name) }, each.current)),
      h("td", {}, when(each.current_at)),
      h("td", {}, `${each.baseline}, ${when(each.baseline_at)}`),
      h("td", { class: "number" }, `${each.pictures}${refusedOf(each) ? ` (${refusedOf(each)} ${t("flights.refused")})` : ""}`),
      h("td", { class: "number" }, `${each.seen_ha.toFixed(2)} ha`),
      KINDS.slice(0, 3).map((kind) => h("td", { class: "number" }, each.counts[kind] ?? 0)),
    ),
  );
  const heads = [t("page.flights"), t("flights.current"), t("flights.baseline"), t("flights.pictures"), t("flights.seen"), ...KINDS.slice(0, 3).map((kind) => t(`flights.${kind}`))];
  show(page, h("h1", {}, t("page.flights")), h("p", { class: "quiet" }, t("flights.suspected")), rows.length ? table(heads, rows) : h("p", { class: "quiet" }, t("flights.none")));
}

const address = (name) => `/pages/flights?flight=${encodeURIComponent(name)}`;
const refusedOf = (comparison) => Object.keys(comparison.refused).length;

async function one(page, name) {
  const path = `/api/flights/${encodeURIComponent(name)}`;
  const detail = await get(path);
  const { comparison } = detail;
  let { findings } = detail;
  let kind = "";
  let chosen = null;
  const rows = h("div", {});
  const side = h("section", { class: "card", "aria-live": "polite" });
  const map = await mapOf((number) => choose(number));
  const choose = (number) => {
    chosen = findings.find((each) => each.number === number);
    draw();
    show(side, findingOf(path, comparison, chosen, changed));
    map.mark(number);
  };
  const changed = (fresh) => {
    findings = findings.map((each) => (each.number === fresh.number ? fresh : each));
    choose(fresh.number);
  };
  const draw = () => {
    const shown = findings.filter((each) => !kind || each.properties.verdict === kind);
    show(rows, table([t("flights.verdict"), t("flights.area"), t("flights.building"), t("flights.state")], shown.map((each) => rowOf(each, each === chosen, choose)), { class: "scroll flightlist" }));
    map.draw(shown);
  };
  const kinds = [["", t("all")], ...KINDS.map((each) => [each, `${t(`flights.${each}`)} (${comparison.counts[each] ?? 0})`])];
  show(
    page,
    h("p", {}, h("a", { href: "/pages/flights" }, `← ${t("flights.back")}`)),
    h("h1", {}, comparison.current),
    h("p", { class: "quiet" }, `${t("flights.baseline")} ${when(comparison.baseline_at)} · ${t("flights.current")} ${when(comparison.current_at)} · ${t("flights.seen")} ${comparison.seen_ha.toFixed(2)} ha. ${t("flights.suspected")}`),
    h("div", { class: "filters" }, field(t("flights.only"), select(kinds, "", (value) => { kind = value; draw(); }))),
    h("div", { class: "flight" }, h("div", {}, map.box, rows), side),
    refusedOf(comparison) > 0 && h("details", {}, h("summary", {}, `${t("flights.not_judged")}: ${refusedOf(comparison)}`), h("ul", {}, Object.entries(language === "zh" ? detail.refused_zh : comparison.refused).map(([picture, why]) => h("li", {}, `${picture}: ${why}`)))),
  );
  map.start(findings);
  draw();
  if (findings.length) choose(findings[0].number);
  return () => map.end();
}

function rowOf(finding, current, choose) {
  const told = finding.properties;
  return h(
    "tr",
    { class: "open", "data-number": finding.number, "aria-current": current ? "true" : null, onclick: () => choose(finding.number) },
    h("td", {}, h("button", { type: "button", class: "flightkind", onclick: (event) => { event.stopPropagation(); choose(finding.number); } }, dot(told.verdict), `${finding.number} ${t(`flights.${told.verdict}`)}`)),
    h("td", { class: "number" }, area(told)),
    h("td", {}, told.building_id || "—"),
    h("td", {}, stateOf(finding)),
  );
}

function dot(verdict) {
  const mark = h("span", { class: "flightdot", "aria-hidden": "true" });
  mark.style.background = COLOURS[verdict];
  return mark;
}

const area = (told) => `${told.area_m2.toFixed(0)} ± ${told.area_error_m2.toFixed(0)} m²`;

function stateOf(finding) {
  if (finding.struck_off_at) return t("flights.struck", { at: when(finding.struck_off_at) });
  if (finding.awaits_strike_off) return t("flights.open");
  if (finding.answer === null) return "—";
  return t(`flights.${finding.answer === "pending" ? "open" : finding.answer}`);
}

function findingOf(path, comparison, finding, changed) {
  const told = finding.properties;
  const facts = [
    [t("flights.state"), stateOf(finding)],
    [t("flights.area"), area(told)],
    [t("flights.place"), `${told.x.toFixed(6)}, ${told.y.toFixed(6)} (${told.crs}) ± ${told.error_radius_m.toFixed(1)} m`],
    [t("flights.building"), told.building_id || "—"],
    [t("flights.ledger"), `${t(`flights.ledger.${told.ledger}`)}${told.ledger_id ? ` (${told.ledger_id})` : ""}`],
    [t("flights.seen_in"), `${told.seen_in} / ${told.shown_in}`],
    [t("flights.registration"), `${told.registration_error_m.toFixed(2)} m`],
    [t("flights.case"), finding.incident_id ? h("code", {}, finding.incident_id) : "—"],
    [t("flights.why"), language === "zh" ? finding.reason_zh : told.reason],
  ];
  return [
    h("h2", {}, dot(told.verdict), ` ${finding.number} ${t(`flights.${told.verdict}`)} · ${word(told.class)}`),
    finding.has_pictures ? swipe(`${path}/findings/${finding.number}`, comparison) : h("p", { class: "quiet" }, t("flights.no_picture")),
    h("div", { class: "row" }, actionsOf(path, finding, changed)),
    h("dl", { class: "flightfacts" }, facts.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
  ];
}

function swipe(path, comparison) {
  const after = h("img", { src: `${path}/after`, alt: `${t("flights.current")}, ${when(comparison.current_at)}` });
  const before = h("img", { class: "over", src: `${path}/before`, alt: `${t("flights.baseline")}, ${when(comparison.baseline_at)}` });
  const line = h("span", { class: "line", "aria-hidden": "true" });
  const cut = () => {
    before.style.clipPath = `inset(0 ${100 - slider.value}% 0 0)`;
    line.style.left = `${slider.value}%`;
  };
  const slider = h("input", { type: "range", min: "0", max: "100", value: "50", "aria-label": t("flights.swipe"), oninput: () => cut() });
  cut();
  const days = h("div", { class: "swipedays" }, h("span", {}, `${t("flights.baseline")} ${when(comparison.baseline_at)}`), h("span", {}, `${t("flights.current")} ${when(comparison.current_at)}`));
  return h("div", { class: "swipe" }, days, h("div", { class: "swipeplane" }, after, before, line), slider);
}

function actionsOf(path, finding, changed) {
  if (!may("review")) return [];
  const url = `${path}/findings/${finding.number}`;
  const act = async (end, body) => {
    try {
      changed(await post(`${url}/${end}`, body));
    } catch (error) {
      toast(error.message, "bad");
    }
  };
  const buttons = [];
  if (finding.answer === "pending") {
    buttons.push(h("button", { type: "button", class: "main", "data-act": "accept", onclick: () => act("answer", { accepted: true }) }, t("flights.accept")));
    buttons.push(h("button", { type: "button", class: "no", "data-act": "reject", onclick: () => reject(act) }, t("flights.reject")));
  }
  if (finding.ledger_standing) {
    buttons.push(h("button", { type: "button", class: "no", "data-act": "strike", onclick: () => act("strike-off") }, t("flights.strike_off")));
  }
  return buttons;
}

function reject(act) {
  const reason = h("input", { type: "text", required: true, maxlength: "300" });
  dialog(t("flights.reject"), field(t("flights.reason"), reason), [
    [t("cancel"), () => true],
    [t("flights.reject"), async () => (reason.value.trim() ? act("answer", { accepted: false, reason: reason.value.trim() }) : false), "no"],
  ]);
}

async function mapOf(choose) {
  const L = await leaflet();
  const box = h("div", { class: "flightmap", role: "application", "aria-label": t("page.map") });
  let map, layer;
  const shapes = new Map();
  return {
    box,
    start(findings) {
      map = L.map(box, { attributionControl: false }).setView([34.6, 119.2], 12);
      L.control.scale({ imperial: false }).addTo(map);
      layer = L.featureGroup().addTo(map);
      const corners = findings.flatMap((each) => each.geometry.coordinates[0].map(([x, y]) => [y, x]));
      if (corners.length) map.fitBounds(L.latLngBounds(corners).pad(0.15), { maxZoom: 21 });
    },
    draw(findings) {
      layer.clearLayers();
      shapes.clear();
      for (const each of findings) {
        const ring = each.geometry.coordinates[0].map(([x, y]) => [y, x]);
        const shape = L.polygon(ring, { color: COLOURS[each.properties.verdict], weight: 2 });
        shape.bindTooltip(String(each.number), { permanent: true, direction: "center", className: "flightnumber" });
        shape.on("click", () => choose(each.number));
        shape.addTo(layer);
        shapes.set(each.number, shape);
      }
    },
    mark(number) {
      for (const [key, shape] of shapes) shape.setStyle({ weight: key === number ? 5 : 2 });
    },
    end: () => map?.remove(),
  };
}
