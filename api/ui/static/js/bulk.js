// Many answers at once: the head of the queue as cards.

import { get, picture, post } from "./api.js";
import { dialog, h, select, show, toast } from "./dom.js";
import { language, t, when, word } from "./i18n.js";

const REASONS = [1, 2, 3, 4, 5, 6, 7, 8, 9];

export async function bulk(done) {
  const cards = await get("/api/review/list?limit=60");
  const chosen = new Set();
  const count = h("span", { "aria-live": "polite" });
  const grid = h("div", { class: "cards bulk" }, cards.map((card) => cardOf(card, chosen, () => show(count, t("bulk.chosen", { n: chosen.size })))));
  const reason = select(REASONS.map((n) => [String(n), t(`reason.${n}`)]), "1", () => {});
  const send = async (answer) => {
    if (!chosen.size) return false;
    const body = { incident_ids: [...chosen], answer, reason: answer === "rejected" ? t(`reason.${reason.value}`) : "" };
    const { held, refused } = await post("/api/review/bulk", body);
    toast(t("bulk.done", { held: held.length, refused: Object.keys(refused).length }));
    done();
    return true;
  };
  const all = h("button", { type: "button", onclick: () => grid.querySelectorAll("input:not(:disabled)").forEach((box) => box.checked || box.click()) }, t("bulk.all"));
  dialog(t("bulk.title"), h("div", {}, h("p", { class: "row" }, all, count), grid, h("p", { class: "row" }, t("bulk.reason"), reason)), [
    [t("cancel"), () => {}],
    [t("review.reject"), () => send("rejected"), "no"],
    [t("review.confirm"), () => send("confirmed"), "main"],
  ]);
}

function cardOf(card, chosen, changed) {
  const box = h("input", {
    type: "checkbox",
    disabled: card.holder !== null,
    onchange: () => {
      if (box.checked) chosen.add(card.id);
      else chosen.delete(card.id);
      changed();
    },
  });
  return h(
    "label",
    { class: card.urgent ? "urgent" : "" },
    card.picture_id && h("img", { src: picture(card.id, card.picture_id), alt: "", loading: "lazy" }),
    h("span", {}, box, ` ${word(card.subtype)} · ${card.source_id}`, h("br"), h("small", {}, when(card.opened_at), card.holder && ` · ${t("bulk.with", { name: card.holder })}`), h("br"), h("small", {}, language === "zh" ? card.reason_zh : card.reason)),
  );
}
