// Released models with their cards.

import { get } from "./api.js";
import { h, show } from "./dom.js";
import { t, word } from "./i18n.js";

export async function open(page) {
  const models = await get("/api/models");
  show(page, h("h1", {}, t("page.models")), models.map(modelOf));
}

function modelOf(model) {
  const limits = Object.entries(model.thresholds).map(([name, value]) => `${word(name)} ${value}`);
  return h("article", { class: "card", "data-model": model.name },
    h("h2", {}, `${model.name} ${model.version} `, h("span", { class: `badge ${model.in_use ? "live" : ""}` }, model.in_use ? t("models.in_use") : t("models.not_loaded"))),
    h("dl", {},
      h("dt", {}, t("models.classes")), h("dd", {}, model.classes.map(word).join(", ")),
      h("dt", {}, t("models.thresholds")), h("dd", {}, limits.join(" · ")),
      h("dt", {}, t("models.data")), h("dd", {}, model.training_data.map((each) => `${each.name} (${each.pictures})`).join(", ")),
      h("dt", {}, t("models.weights")), h("dd", {}, h("code", {}, model.sha256)),
    ),
    model.card && h("details", { open: true }, h("summary", {}, t("models.card")), h("pre", { class: "card-text" }, model.card)),
  );
}
