// The wall of cameras with their health, and the editor of zones, permits and privacy masks.

import { get, may } from "./api.js";
import { h, show } from "./dom.js";
import { ago, t, word } from "./i18n.js";
import { edit } from "./zones.js";

const EVERY_MS = 5000;

export async function open(page) {
  const id = new URLSearchParams(location.search).get("camera");
  if (id) return edit(page, id);
  const wall = h("div", { class: "wall" });
  show(page, h("h1", {}, t("page.cameras")), wall);
  const cards = new Map();
  const refresh = async () => {
    for (const source of await get("/api/sources")) {
      if (!cards.has(source.id)) {
        cards.set(source.id, new Card(source.id, page));
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
  constructor(id, page) {
    this.id = id;
    this.frame = h("div", {}, h("div", { class: "blank" }, t("cameras.no_picture")));
    this.text = h("div", { class: "text" });
    this.element = h("article", { class: "camera", "aria-label": id }, this.frame, this.text);
    this.page = page;
  }

  update({ name, interval_s, tasks, health, looks }) {
    const blind = looks.blind_now && `${word(looks.blind_now)} ${looks.blind_detail}`;
    const open = (event) => {
      event.preventDefault();
      history.pushState({}, "", `/pages/cameras?camera=${encodeURIComponent(this.id)}`);
      return edit(this.page, this.id);
    };
    show(
      this.text,
      h("div", { class: "row" }, h("span", { class: `badge ${health.state}` }, word(health.state)), h("strong", {}, name || this.id)),
      h("div", {}, h("small", {}, `${looks.looks} ${t("cameras.looks")} · ${t("cameras.every", { n: interval_s })} · ${tasks.map(word).join(", ")}`)),
      h("div", {}, h("small", {}, t("cameras.stale", { span: ago(looks.stale_s) }))),
      (blind || health.reason || looks.last_error) && h("div", { class: "bad" }, `${blind ? `${t("cameras.blind")}: ${blind}` : health.reason} ${looks.last_error}`),
      h("a", { href: `/pages/cameras?camera=${encodeURIComponent(this.id)}`, onclick: open }, may("cameras") ? t("cameras.edit") : t("cameras.zones")),
    );
    if (looks.looks > 0 && looks.looks !== this.seen) {
      this.seen = looks.looks;
      const image = h("img", { src: `/api/sources/${encodeURIComponent(this.id)}/picture?${this.seen}`, alt: t("review.alt", { camera: this.id, kind: "", subtype: "" }) });
      image.alt = this.id;
      image.decode().then(() => show(this.frame, image), () => {});
    }
  }
}
