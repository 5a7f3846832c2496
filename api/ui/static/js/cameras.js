// The wall of cameras with their health, and the editor of zones, permits and privacy masks.

import { get, may } from "./api.js";
import { h, show } from "./dom.js";
import { ago, language, t, word } from "./i18n.js";
import { addCamera, changeCamera, importCameras } from "./camera_form.js";
import { showNodes } from "./nodes.js";
import { edit } from "./zones.js";

const EVERY_MS = 5000;

export async function open(page) {
  const id = new URLSearchParams(location.search).get("camera");
  if (id) return edit(page, id);
  const wall = h("div", { class: "wall" });
  const nodes = h("section", {});
  const tools = may("cameras") && [
    h("button", { type: "button", "data-act": "import", onclick: () => importCameras(refresh) }, t("cameras.import")),
    h("button", { type: "button", class: "main", "data-act": "add", onclick: () => addCamera(refresh) }, t("cameras.add")),
  ];
  show(page, h("div", { class: "row" }, h("h1", {}, t("page.cameras")), h("span", { class: "grow" }), tools), nodes, wall);
  const cards = new Map();
  const refresh = async () => {
    await showNodes(nodes);
    const sources = await get("/api/sources");
    const known = new Set(sources.map((source) => source.id));
    for (const [id, card] of cards) {
      if (known.has(id)) continue;
      card.element.remove();
      cards.delete(id);
    }
    for (const source of sources) {
      if (!cards.has(source.id)) {
        cards.set(source.id, new Card(source.id, page, refresh));
        wall.append(cards.get(source.id).element);
      }
      cards.get(source.id).update(source);
    }
  };
  await refresh();
  const timer = setInterval(() => refresh().catch(() => {}), EVERY_MS);
  return () => clearInterval(timer);
}

class Card {
  constructor(id, page, refresh) {
    this.id = id;
    this.frame = h("div", {}, h("div", { class: "blank" }, t("cameras.no_picture")));
    this.text = h("div", { class: "text" });
    this.element = h("article", { class: "camera", "aria-label": id }, this.frame, this.text);
    this.page = page;
    this.refresh = refresh;
  }

  update({ name, interval_s, tasks, health, looks, node, zh }) {
    const told = language === "zh" ? zh : { ...looks, reason: health.reason };
    const blind = looks.blind_now && `${word(looks.blind_now)} ${told.blind_detail}`;
    const open = (event) => {
      event.preventDefault();
      history.pushState({}, "", `/pages/cameras?camera=${encodeURIComponent(this.id)}`);
      return edit(this.page, this.id);
    };
    show(
      this.text,
      h("div", { class: "row" }, h("span", { class: `badge ${health.state}` }, word(health.state)), h("strong", {}, name || this.id), node && h("small", {}, t("nodes.by", { name: node }))),
      h("div", {}, h("small", {}, `${t("cameras.looks")}: ${looks.looks} · ${t("cameras.every", { n: interval_s })} · ${tasks.map(word).join(", ")}`)),
      h("div", {}, h("small", {}, t("cameras.stale", { span: ago(looks.stale_s) }))),
      (blind || told.reason || told.last_error) && h("div", { class: "bad" }, `${blind ? `${t("cameras.blind")}: ${blind}` : told.reason} ${told.last_error}`),
      h("div", { class: "row" },
        h("a", { href: `/pages/cameras?camera=${encodeURIComponent(this.id)}`, onclick: open }, may("cameras") ? t("cameras.edit") : t("cameras.zones")),
        may("cameras") && h("button", { type: "button", class: "link", "data-act": "change", onclick: () => changeCamera(this.id, this.refresh) }, t("cameras.settings"))),
    );
    if (looks.looks > 0 && looks.looks !== this.seen) {
      this.seen = looks.looks;
      const image = h("img", { src: `/api/sources/${encodeURIComponent(this.id)}/picture?${this.seen}`, alt: t("review.alt", { camera: this.id, kind: "", subtype: "" }) });
      image.alt = this.id;
      image.decode().then(() => show(this.frame, image), () => {});
    }
  }
}
