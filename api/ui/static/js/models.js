// Candidates beside the running models, trainings that go on, released models with their cards.

import { get, may, post } from "./api.js";
import { dialog, h, s, show, table, toast } from "./dom.js";
import { ago, t, when, word } from "./i18n.js";
import { classNames, figureName, said, sideName } from "./told.js";

const EVERY_MS = 5000;

export async function open(page) {
  const waiting = h("div");
  const runs = h("div");
  const released = h("div", { class: "models" });
  const load = async () => {
    const [models, candidates] = await Promise.all([get("/api/models"), get("/api/models/candidates")]);
    show(waiting, candidates.length ? candidates.map((each) => candidateOf(each, load)) : h("p", { class: "quiet" }, t("models.no_candidates")));
    show(released, models.map((each) => modelOf(each, load)));
  };
  const follow = async () => {
    const found = await get("/api/models/runs");
    show(runs, found.length ? h("div", { class: "charts" }, found.map(runOf)) : h("p", { class: "quiet" }, t("models.no_runs")));
  };
  const reload = may("models") && h("button", { type: "button", "data-act": "reload", title: t("models.reload_why"), onclick: () => takeUp(load) }, t("models.reload"));
  show(page, h("h1", {}, t("models.candidates")), waiting, h("h1", {}, t("models.runs")), runs, h("div", { class: "row" }, h("h1", {}, t("models.released")), h("span", { class: "grow" }), reload), released);
  await Promise.all([load(), follow()]);
  const timer = setInterval(() => follow().catch(() => {}), EVERY_MS);
  return () => clearInterval(timer);
}

// What was exchanged on disk, by `xunjie promote` for one.
async function takeUp(load) {
  try {
    const used = await post("/api/models/reload");
    toast(t("models.reloaded", { n: used.length }));
  } catch (error) {
    toast(error.message, "bad");
  }
  await load();
}

async function attempt(act) {
  try {
    const done = await act();
    toast(done.in_use ? t("models.taken_up", { name: `${done.model.name} ${done.model.version}` }) : [t("models.on_disk"), done.fault && said(done.fault)].filter(Boolean).join(" "), done.fault ? "bad" : "");
  } catch (error) {
    toast(error.message, "bad");
  }
}

function candidateOf(found, load) {
  const { model, running, gate, obstacle } = found;
  const sure = () =>
    dialog(t("models.promote_title", { name: model.name }), h("div", {}, h("p", {}, t("models.promote_why", { from: running?.version ?? "—", to: model.version }))), [
      [t("cancel"), () => {}],
      [t("models.promote"), async () => {
        await attempt(() => post(`/api/models/candidates/${encodeURIComponent(found.id)}/promote`, { sha256: model.sha256 }));
        await load();
      }, "main"],
    ]);
  return h("article", { class: "card candidate", "data-candidate": found.id },
    h("div", { class: "row" },
      h("h2", {}, `${model.name} ${model.version}`),
      h("span", { class: `badge ${obstacle === "" ? "live" : obstacle === "refused" ? "down" : "pending"}` }, gateWord(gate, obstacle)),
      h("span", { class: "quiet" }, running ? t("models.against", { name: `${running.name} ${running.version}` }) : t("models.obstacle.not_running")),
      h("span", { class: "grow" }),
      may("models") && h("button", { type: "button", class: "main", "data-act": "promote", disabled: obstacle !== "", onclick: sure }, t("models.promote")),
    ),
    found.reasons.map((reason) => h("p", { class: "bad" }, `▼ ${said(reason)}`)),
    gate && [
      figures([...gate.comparisons, ...gate.false_alarms, ...gate.recalls], gate),
      gate.incidents.length > 0 && [h("h3", {}, t("models.incidents")), figures(gate.incidents, gate)],
      h("p", { class: "quiet" }, t("models.judged", { when: when(gate.made_at), set: gate.dataset_sha256.slice(0, 12) })),
    ],
    found.card && h("details", {}, h("summary", {}, t("models.card")), h("pre", { class: "card-text" }, found.card)),
  );
}

const gateWord = (gate, obstacle) => (obstacle ? t(`models.obstacle.${obstacle}`) : `✓ ${t("models.passed")}`);

// Both models side by side: the bars' ends are the 95 % intervals, the tick is the value.
function figures(rows, gate) {
  const heads = [t("models.what"), t("models.figure"), t("models.measured_on"), `${t("models.running")} ${gate.running.version}`, `${t("models.candidate")} ${gate.candidate.version}`, "", t("models.difference"), ""];
  return table(heads, rows.map(figureRow));
}

function figureRow(row) {
  const most = Math.max(row.running_high ?? 0, row.candidate_high ?? 0, row.running ?? 0, row.candidate ?? 0, row.figure === "AP50" ? 1 : 0.001);
  const counted = row.hours !== null ? t("models.hours", { n: row.hours }) : t("models.labels", { n: row.labels, pictures: row.pictures ?? 0 });
  const sign = row.worse && row.decides ? h("strong", { class: "bad" }, `▼ ${t("models.worse")}`) : row.decides ? h("span", { class: "good" }, "✓") : h("span", { class: "quiet" }, t("models.few"));
  return h("tr", {},
    h("td", {}, classNames(row.name)),
    h("td", {}, figureName(row.figure), " ", h("small", {}, t(row.better === "lower" ? "models.lower" : "models.higher"))),
    h("td", {}, `${sideName(row.side)} · ${counted}`),
    h("td", { class: "digits" }, number(row.running)),
    h("td", { class: "digits" }, number(row.candidate)),
    h("td", {}, bars(row, most)),
    h("td", { class: "digits" }, row.low === null ? "" : `${signed(row.low)} … ${signed(row.high)}`),
    h("td", {}, sign),
  );
}

const number = (value) => (value === null ? "—" : value.toFixed(value >= 10 ? 1 : 3));
const signed = (value) => `${value > 0 ? "+" : ""}${value.toFixed(3)}`;

function bars(row, most) {
  const bar = (y, kind, value, low, high) => {
    if (value === null) return [];
    const x = (each) => Math.min(100, (each / most) * 100);
    return [
      s("rect", { x: x(low ?? value), y, width: Math.max(0.8, x(high ?? value) - x(low ?? value)), height: 6, class: kind }),
      s("rect", { x: x(value) - 0.8, y: y - 1, width: 1.6, height: 8, class: "value" }),
    ];
  };
  return s("svg", { viewBox: "0 0 102 20", class: "bars", role: "img", "aria-label": `${number(row.running)} → ${number(row.candidate)}` },
    ...bar(2, "running", row.running, row.running_low, row.running_high), ...bar(12, "candidate", row.candidate, row.candidate_low, row.candidate_high));
}

function runOf(run) {
  const done = run.done.length ? run.done.at(-1).number : 0;
  const badge = { running: "live", finished: "", waiting: "waking", quiet: "stalled" }[run.state] ?? "";
  return h("article", { class: "card", "data-run": run.name },
    h("div", { class: "row" }, h("h2", {}, run.name), h("span", { class: `badge ${badge}` }, t(`models.run.${run.state}`)), run.start && h("span", { class: "quiet" }, t("models.from", { name: run.start }))),
    h("progress", { max: run.epochs, value: done, "aria-label": t("models.epochs", { n: done, of: run.epochs }) }),
    h("p", {}, t("models.epochs", { n: done, of: run.epochs }), run.remaining_s !== null && run.state === "running" && ` · ${t("models.remaining", { span: ago(run.remaining_s) })}`, h("span", { class: "quiet" }, ` · ${t("models.written", { when: when(run.written_at) })}`)),
    run.done.length > 1 && losses(run.done),
  );
}

function losses(done) {
  const names = Object.keys(done[0].losses);
  const most = Math.max(...done.flatMap((epoch) => names.map((name) => epoch.losses[name] ?? 0)), 0.001);
  const x = (index) => (index / (done.length - 1)) * 300;
  const line = (name) => done.map((epoch, index) => `${x(index).toFixed(1)},${(88 - ((epoch.losses[name] ?? 0) / most) * 84).toFixed(1)}`).join(" ");
  return h("figure", { class: "losses" },
    s("svg", { viewBox: "0 0 300 90", preserveAspectRatio: "none", role: "img", "aria-label": t("models.losses") }, ...names.map((name, index) => s("polyline", { points: line(name), class: `loss-${index}` }))),
    h("figcaption", {}, t("models.losses"), ": ", names.map((name, index) => h("span", { class: `key loss-${index}` }, `${name.replace("_loss", "")} ${done.at(-1).losses[name]?.toFixed(2) ?? ""}`))),
  );
}

function modelOf(model, load) {
  const limits = Object.entries(model.thresholds).map(([name, value]) => `${word(name)} ${value}`);
  const back = () =>
    dialog(t("models.rollback_title", { name: model.name }), h("p", {}, t("models.rollback_why", { from: model.version, to: model.earlier })), [
      [t("cancel"), () => {}],
      [t("models.rollback"), async () => {
        await attempt(() => post(`/api/models/${encodeURIComponent(model.name)}/rollback`));
        await load();
      }, "main"],
    ]);
  return h("article", { class: "card", "data-model": model.name },
    h("div", { class: "row" }, h("h2", {}, `${model.name} ${model.version}`), h("span", { class: `badge ${model.in_use ? "live" : ""}` }, model.in_use ? t("models.in_use") : t("models.not_loaded")), h("span", { class: "grow" }),
      may("models") && model.earlier && h("button", { type: "button", class: "no", "data-act": "rollback", onclick: back }, `${t("models.rollback")} → ${model.earlier}`)),
    h("dl", {},
      h("dt", {}, t("models.thresholds")), h("dd", {}, limits.join(" · ")),
      h("dt", {}, t("models.data")), h("dd", {}, model.training_data.map((each) => `${each.name} (${each.pictures})`).join(", ")),
      h("dt", {}, t("models.weights")), h("dd", {}, h("code", {}, model.sha256)),
    ),
    model.figures.length > 0 && h("div", { class: "measured" }, h("p", { class: "quiet" }, model.split), table([t("models.what"), t("models.figure.ap50"), "", t("models.label_count")], model.figures.map(measured))),
    model.card && h("details", {}, h("summary", {}, t("models.card")), h("pre", { class: "card-text" }, model.card)),
  );
}

function measured(row) {
  const bar = { running: row.ap50, running_low: row.ap50_low, running_high: row.ap50_high, candidate: null };
  return h("tr", {}, h("td", {}, classNames(row.name)), h("td", { class: "digits" }, number(row.ap50)), h("td", {}, bars(bar, 1)), h("td", { class: "digits" }, row.labels));
}
