// Figures: tiles and charts; a click on a bar narrows the others to it.

import { download, get, may, query } from "./api.js";
import { field, h, select, show, table } from "./dom.js";
import { ago, t, word } from "./i18n.js";

const VERDICTS = ["confirmed", "corrected", "pending", "rejected"];
const COLOURS = { confirmed: "#009e73", corrected: "#56b4e9", pending: "#e69f00", rejected: "#8a9099" };
const DAYS = [7, 30, 90, 366];
const MOST = 12; // bars of one chart

export async function open(page) {
  const { echarts } = await import("/assets/echart/index.js");
  let days = 30;
  const only = { violation: null, source_id: null, grid: null };
  const tiles = h("div", { class: "tiles" });
  const names = ["by_day", "by_violation", "by_camera", "by_grid"];
  const boxes = names.map((name) => [name, h("div", { class: "chart", role: "img", "aria-label": t(`figures.${name}`) })]);
  const cards = Object.fromEntries(boxes.map(([name, box]) => [name, h("div", { class: "card" }, h("h2", {}, t(`figures.${name}`)), box)]));
  const chosen = h("div", { class: "row", "aria-live": "polite" });
  const text = h("details", {});
  const span = select(DAYS.map((n) => [String(n), t("figures.days", { n })]), "30", (value) => {
    days = Number(value);
    load();
  });
  show(
    page,
    h("h1", {}, t("page.figures")),
    h("div", { class: "filters" }, field(t("map.hours"), span), may("export") && h("button", { type: "button", onclick: () => download(`/api/figures.csv?days=${days}`, "figures.csv") }, t("figures.csv")), chosen),
    tiles,
    h("div", { class: "charts" }, Object.values(cards)),
    h("p", {}),
    text,
  );
  const charts = Object.fromEntries(boxes.map(([name, box]) => [name, echarts.init(box, null, { renderer: "svg" })]));
  const narrow = (name, value) => {
    only[name] = value;
    load();
  };
  const load = async () => {
    const found = await get(`/api/figures${query({ days, ...only })}`);
    cards.by_grid.hidden = found.by_grid.length === 0;
    show(tiles, tilesOf(found));
    show(chosen, Object.entries(only).filter(([, value]) => value).map(([name, value]) => h("button", { type: "button", class: "chip", onclick: () => narrow(name, null) }, `${t(`figures.only.${name}`)}: ${name === "violation" ? word(value) : value} ✕`)), casesOf(only, days));
    bars(charts.by_day, found.by_day, false);
    bars(charts.by_violation, lying(found.by_violation), true);
    bars(charts.by_camera, lying(found.by_camera), true);
    bars(charts.by_grid, lying(found.by_grid), true);
    for (const chart of Object.values(charts)) chart.resize();
    show(text, h("summary", {}, t("figures.table")), numbers(found.by_camera));
  };
  // A click on a bar narrows the others to it.
  const byShown = { by_violation: "violation", by_camera: "source_id", by_grid: "grid" };
  for (const [chart, name] of Object.entries(byShown)) charts[chart].on("click", ({ data }) => narrow(name, data.key));
  const resize = new ResizeObserver(() => Object.values(charts).forEach((chart) => chart.resize()));
  resize.observe(page);
  await load();
  return () => {
    resize.disconnect();
    for (const chart of Object.values(charts)) chart.dispose();
  };
}

// From the bars down to the cases behind them.
function casesOf({ violation, source_id, grid }, days) {
  if (grid || !(violation || source_id)) return null; // cases are not listed by cell
  const since = new Date();
  since.setHours(0, 0, 0, 0);
  since.setDate(since.getDate() - days + 1);
  return h("a", { href: `/pages/cases${query({ violation, source_id, opened_from: since.toISOString() })}` }, t("figures.cases_of"));
}

function tilesOf(found) {
  const percent = (share) => (share === null ? "—" : `${(share * 100).toFixed(share > 0.99 ? 2 : 1)} %`);
  const time = (seconds) => (seconds === null ? "—" : ago(seconds));
  const rate = found.false_alarms_per_camera_day;
  const { before } = found;
  const tiles = [
    ["incidents", found.incidents, trend(found.incidents, before?.incidents)],
    ["pending", found.pending],
    ["share", percent(found.confirmed_share), trend(found.confirmed_share, before?.confirmed_share)],
    ["false", rate === null ? "—" : rate.toFixed(3), trend(rate, before?.false_alarms_per_camera_day)],
    ["to_case", time(found.first_sight_to_case_s)],
    ["clear", time(found.clearance_s)],
    ["closing", percent(found.closing_rate)],
    ["delivery", time(found.oldest_undelivered_s)],
    ["stale", time(found.greatest_staleness_s)],
  ];
  return tiles.map(([name, value, change]) => h("div", { class: "card", "data-figure": name }, h("strong", {}, value), t(`figures.${name}`), change && h("small", { class: "trend" }, change)));
}

// Against the equally long span before, in percent of it.
function trend(now, before) {
  if (now === null || before === null || before === undefined || before === 0) return "";
  const percent = Math.round((100 * (now - before)) / before);
  const sign = percent > 0 ? "▲ +" : percent < 0 ? "▼ −" : "= ";
  return t("figures.trend", { change: `${sign}${Math.abs(percent)} %` });
}

// A lying chart draws its first row lowest.
const lying = (rows) => rows.slice(0, MOST).reverse();

function bars(chart, rows, isLying) {
  const names = { type: "category", data: rows.map((each) => word(each.name)), axisLabel: { width: 130, overflow: "truncate" } };
  const values = { type: "value", minInterval: 1 };
  chart.setOption(
    {
      animation: false,
      grid: { left: 10, right: 20, top: 34, bottom: 10, containLabel: true },
      legend: { top: 0, data: VERDICTS.map(word) },
      tooltip: { trigger: "axis", axisPointer: { type: "shadow" }, renderMode: "richText" },
      xAxis: isLying ? values : names,
      yAxis: isLying ? names : values,
      series: VERDICTS.map((verdict) => ({ name: word(verdict), type: "bar", stack: "all", barMaxWidth: 34, itemStyle: styleOf(verdict), data: rows.map((each) => ({ value: each.counts[verdict] ?? 0, key: each.name })) })),
    },
    true,
  );
}

const styleOf = (verdict) => ({ color: COLOURS[verdict], decal: verdict === "rejected" ? { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: 0.8 } : undefined });

function numbers(rows) {
  return table([t("cases.camera"), ...VERDICTS.map(word), t("figures.share")], rows.map(({ name, counts }) => {
    const good = (counts.confirmed ?? 0) + (counts.corrected ?? 0);
    const decided = good + (counts.rejected ?? 0);
    return h("tr", {}, h("td", {}, name), VERDICTS.map((verdict) => h("td", { class: "number" }, counts[verdict] ?? 0)), h("td", { class: "number" }, decided ? `${Math.round((100 * good) / decided)} %` : "—"));
  }));
}
