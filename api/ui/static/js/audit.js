// The audit log, and the check of its chain.

import { get, query } from "./api.js";
import { h, show, table } from "./dom.js";
import { t, when } from "./i18n.js";
import { said } from "./told.js";

const COLUMNS = ["seq", "at", "actor", "via", "action", "subject", "detail", "address"];

export async function open(page) {
  const filter = { actor: "", action: "" };
  const body = h("div");
  const state = h("p", { "aria-live": "polite" });
  const load = async (before) => {
    const { items, next_before } = await get(`/api/audit${query({ ...filter, before, limit: 100 })}`);
    const rows = items.map((each) => h("tr", {}, h("td", { class: "number" }, each.seq), h("td", {}, when(each.at)), h("td", {}, each.actor), h("td", {}, t(`audit.by.${each.via}`)), h("td", {}, t(`audit.does.${each.action.replaceAll(" ", "_")}`), " ", h("small", { class: "quiet" }, each.action)), h("td", {}, each.subject), h("td", {}, each.detail === "{}" ? "" : h("code", {}, each.detail)), h("td", {}, each.address)));
    show(body, table(COLUMNS.map((name) => t(`audit.${name}`)), rows), next_before && h("p", { class: "row end" }, h("button", { type: "button", onclick: () => load(next_before) }, t("more"))));
  };
  const verify = async () => {
    const report = await get("/api/audit/verify");
    state.className = report.intact ? "good" : "bad";
    state.textContent = report.intact ? t("audit.intact", { n: report.entries, head: report.head.slice(0, 16) }) : report.faults.map(said).join(" ");
  };
  const box = (name) => h("input", { placeholder: t(`audit.${name}`), "aria-label": t(`audit.${name}`), onchange: (event) => { filter[name] = event.target.value.trim(); load(); } });
  show(page, h("h1", {}, t("page.audit")), h("div", { class: "row" }, box("actor"), box("action"), h("button", { type: "button", "data-act": "verify", onclick: verify }, t("audit.verify")), state), body);
  await load();
}
