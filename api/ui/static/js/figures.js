// Figures: tiles and charts; a click on a bar narrows the others to it.

import { download, get, may } from "./api.js";
import { field, h, select, show, table } from "./dom.js";
import { ago, t, word } from "./i18n.js";

const VERDICTS = ["confirmed", "corrected", "pending", "rejected"];
const COLOURS = { confirmed: "#009e73", corrected: "#56b4e9", pending: "#e69f00", rejected: "#8a9099" };
const DAYS = [7, 30, 90, 366];

export async function open(page) {
  const { echarts } = await import("/assets/echart/index.js");
  let days = 30;
  const only = { violation: null, source_id: null };
  const tiles = h("div", { class: "tiles" });
  const boxes = ["by_day", "by_violation", "by_camera"].map((name) => [name, h("div", { class: "chart", role: "img", "aria-label": t(`figures.${name}`) })]);
  const text = h("details", {}, h("summary", {}, t("figures.by_camera")));
  show(
    page,
    h("h1", {}, t("page.figures")),
    h("div", { class: "filters" }, field(t("map.hours"), select(DAYS.map((n) => [String(n), t("figures.days", { n })]), "30", (value) => { days = Number(value); load(); })), may("export") && h("button", { type: "button", onclick: () => download(`/api/figures.csv?days=${days}`, "figures.csv") }, t("figures.csv")), h("button", { type: "button", onclick: () => { only.violation = only.source_id = null; draw(); } }, t("all"))),
    tiles,
    h("div", { class: "charts" }, boxes.map(([name, box]) => h("div", { class: "card" }, h("h2", {}, t(`figures.${name}`)), box))),
    h("p", {}),
    text,
  );
  const charts = Object.fromEntries(boxes.map(([name, box]) => [name, echarts.init(box, null, { renderer: "svg" })]));
  let found;
  const draw = () => {
    const counts = found.counts.filter((each) => (!only.violation || each.violation === only.violation) && (!only.source_id || each.source_id === only.source_id));
    bars(charts.by_day, group(counts, "day"), false);
    bars(charts.by_violation, group(counts, "violation"), true);
    bars(charts.by_camera, top(group(counts, "source_id"), 12), true);
    show(text, h("summary", {}, t("figures.by_camera")), numbers(group(counts, "source_id")));
  };
  const load = async () => {
    found = await get(`/api/figures?days=${days}`);
    show(tiles, tilesOf(found));
    draw();
  };
  charts.by_violation.on("click", ({ name }) => { only.violation = found.counts.find((each) => word(each.violation) === name)?.violation ?? null; draw(); });
  charts.by_camera.on("click", ({ name }) => { only.source_id = name; draw(); });
  const resize = new ResizeObserver(() => Object.values(charts).forEach((chart) => chart.resize()));
  resize.observe(page);
  await load();
  return () => {
    resize.disconnect();
    for (const chart of Object.values(charts)) chart.dispose();
  };
}

function tilesOf(found) {
  const percent = (share) => (share === null ? "—" : `${(share * 100).toFixed(share > 0.99 ? 2 : 1)} %`);
  const span = (seconds) => (seconds === null ? "—" : ago(seconds));
  const tiles = [
    ["incidents", found.incidents],
    ["pending", found.pending],
    ["share", percent(found.confirmed_share)],
    ["false", found.false_alarms_per_camera_day === null ? "—" : found.false_alarms_per_camera_day.toFixed(3)],
    ["to_case", span(found.first_sight_to_case_s)],
    ["clear", span(found.clearance_s)],
    ["closing", percent(found.closing_rate)],
    ["delivery", span(found.oldest_undelivered_s)],
    ["stale", span(found.greatest_staleness_s)],
  ];
  return tiles.map(([name, value]) => h("div", { class: "card", "data-figure": name }, h("strong", {}, value), t(`figures.${name}`)));
}

function group(counts, by) {
  const rows = new Map();
  for (const each of counts) {
    const row = rows.get(each[by]) ?? {};
    row[each.verdict] = (row[each.verdict] ?? 0) + each.count;
    rows.set(each[by], row);
  }
  return [...rows].map(([name, row]) => ({ name, row, sum: Object.values(row).reduce((a, b) => a + b, 0) })).sort((a, b) => (by === "day" ? a.name.localeCompare(b.name) : a.sum - b.sum));
}

const top = (rows, n) => rows.slice(-n);

function bars(chart, rows, lying) {
  const names = { type: "category", data: rows.map((each) => word(each.name)), axisLabel: { width: 130, overflow: "truncate" } };
  const values = { type: "value", minInterval: 1 };
  chart.setOption(
    {
      animation: false,
      grid: { left: 10, right: 20, top: 34, bottom: 10, containLabel: true },
      legend: { top: 0, data: VERDICTS.map(word) },
      tooltip: { trigger: "axis", axisPointer: { type: "shadow" }, renderMode: "richText" },
      xAxis: lying ? values : names,
      yAxis: lying ? names : values,
      series: VERDICTS.map((verdict) => ({ name: word(verdict), type: "bar", stack: "all", barMaxWidth: 34, itemStyle: { color: COLOURS[verdict], decal: verdict === "rejected" ? { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: 0.8 } : undefined }, data: rows.map((each) => each.row[verdict] ?? 0) })),
    },
    true,
  );
}

function numbers(rows) {
  return table([t("cases.camera"), ...VERDICTS.map(word), t("figures.share")], [...rows].reverse().map(({ name, row }) => {
    const good = (row.confirmed ?? 0) + (row.corrected ?? 0);
    const decided = good + (row.rejected ?? 0);
    return h("tr", {}, h("td", {}, name), VERDICTS.map((verdict) => h("td", { class: "number" }, row[verdict] ?? 0)), h("td", { class: "number" }, decided ? `${Math.round((100 * good) / decided)} %` : "—"));
  }));
}
