// The review page: one incident after another, by keyboard. The next ones are leased and their
// pictures decoded beforehand, so that a key press shows the next one without waiting.

import { call, may, picture, post, session } from "./api.js";
import { dialog, field, h, select, show, toast } from "./dom.js";
import { ago, language, t, when, word } from "./i18n.js";
import { openOriginal } from "./original.js";
import { bulk } from "./bulk.js";
import { MiniMap } from "./minimap.js";
import { Player } from "./player.js";
import { Viewer } from "./viewer.js";

const AHEAD = 6;
const BEAT_MS = 1000;
const REASONS = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const CLASSES = ["stall", "cart", "ground_goods", "parasol", "cover_damaged", "cover_missing", "cover_ok", "storm_grate", "pothole"];
const KEYS = [
  ["Enter / C", "confirm"],
  ["1–9", "reject"],
  ["K", "class"],
  ["B", "box"],
  ["N / →", "skip"],
  ["Z / U", "undo"],
  ["[ ]", "strip"],
  ["S", "slider"],
  ["P", "clip"],
  [", .", "frames"],
  ["V", "boxes"],
  ["+ − 0", "zoom"],
  ["G", "bulk"],
  ["?", "help"],
];

class Review {
  constructor(page) {
    this.page = page;
    this.queue = []; // items that are leased to us; the first is shown
    this.done = []; // what can be undone, newest last
    this.skipped = [];
    this.since = new Date().toISOString();
    this.viewer = new Viewer();
    this.player = new Player(this.viewer, () => this.item && this.look(this.looking));
    this.map = new MiniMap();
    this.parts = this.build();
    this.onKey = (event) => this.key(event);
  }

  async start() {
    addEventListener("keydown", this.onKey);
    await this.fill();
    this.display();
    this.map.start().catch(() => (this.map.element.hidden = true));
    this.timer = setInterval(() => this.beat(), BEAT_MS);
    await this.beat();
  }

  stop() {
    removeEventListener("keydown", this.onKey);
    clearInterval(this.timer);
    this.player.close();
    this.map.stop();
    for (const item of this.queue) post(`/api/review/${item.incident.id}/release`).catch(() => {});
  }

  build() {
    const p = {
      counts: h("p", { class: "counts", "aria-live": "polite" }),
      strip: h("div", { class: "strip", role: "group", "aria-label": t("review.strip") }),
      what: h("section", { class: "what", "aria-live": "polite" }),
      similar: h("section", { class: "similar" }),
      news: h("ol", { class: "news" }),
      actions: h("section", { class: "actions" }),
      stage: h("section", { class: "stage", "aria-label": t("review.picture") }),
      next: h("div", { class: "ahead", "aria-hidden": "true" }),
    };
    show(p.stage, this.viewer.element, this.player.element, p.strip);
    const side = h("aside", { class: "side" }, p.what, p.actions, this.map.element, p.similar, h("section", {}, h("h2", {}, t("review.news")), p.news));
    show(this.page, h("h1", { class: "hidden" }, t("page.review")), h("div", { class: "review" }, h("div", { class: "left" }, p.counts, p.stage), side), p.next);
    this.drawActions(p.actions);
    return p;
  }

  drawActions(box) {
    const button = (key, name, act, kind = "") => h("button", { type: "button", class: kind, "data-act": name, title: `${key}`, "aria-keyshortcuts": key, onclick: act }, t(`review.${name}`), " ", h("kbd", {}, key));
    show(
      box,
      h("div", { class: "row" }, button("C", "confirm", () => this.answer({ answer: "confirmed" }), "main"), button("K", "class", () => this.chooseClass()), button("B", "box", () => this.redraw())),
      h("div", { class: "reasons", role: "group", "aria-label": t("review.reject") }, REASONS.map((n) => h("button", { type: "button", class: "no", "data-reason": n, "aria-keyshortcuts": n, onclick: () => this.reject(n) }, h("kbd", {}, n), " ", t(`reason.${n}`)))),
      h("div", { class: "row" }, button("N", "skip", () => this.skip()), button("Z", "undo", () => this.undo()), button("S", "compare", () => this.slide()), button("P", "clip", () => this.clip()), button("G", "bulk", () => this.openBulk()), button("?", "help", () => this.help())),
      may("sealed") && h("div", { class: "row" }, h("button", { type: "button", "data-act": "original", onclick: () => this.item && openOriginal(this.item.incident.id) }, t("original.open"))),
    );
  }

  get item() {
    return this.queue[0];
  }

  // Leases more, and loads their pictures, without holding up anything.
  fill() {
    if (this.queue.length >= AHEAD) return Promise.resolve();
    this.filling ??= this.claim().finally(() => (this.filling = null));
    return this.filling;
  }

  async claim() {
    const answered = this.done.map((item) => item.incident.id);
    const exclude = [...this.skipped.slice(-400), ...answered.slice(-90)];
    const items = await post("/api/review/claim", { count: AHEAD, exclude });
    const known = new Set([...this.queue.map((item) => item.incident.id), ...this.done.map((item) => item.incident.id), ...this.skipped]);
    for (const item of items) {
      if (known.has(item.incident.id)) continue;
      this.queue.push(item);
      this.load(item);
    }
    if (this.shown !== this.item) this.display();
  }

  load(item) {
    item.images = this.sources(item).map((source) => {
      const image = new Image();
      image.alt = "";
      image.src = source;
      image.decode().catch(() => {});
      return image;
    });
    show(this.parts.next, this.queue.slice(1, AHEAD).flatMap((other) => other.images?.slice(0, 1) ?? []));
  }

  sources(item) {
    const main = this.main(item);
    const others = item.pictures.filter((each) => each !== main);
    return [main, ...others].filter(Boolean).map((each) => picture(item.incident.id, each.clean_id ?? each.shown_id));
  }

  main(item) {
    return ["threshold", "last", "first", "after"].map((kind) => item.pictures.find((each) => each.kind === kind)).find(Boolean);
  }

  display() {
    const { item } = this;
    if (this.shown !== item) {
      this.looking = null; // else the player would go back to it
      this.player.close();
    }
    this.shown = item;
    document.body.dataset.incident = item?.incident.id ?? "";
    if (!item) return this.empty();
    this.parts.stage.classList.remove("none");
    this.look(this.main(item));
    this.drawStrip();
    this.drawWhat();
    this.drawSimilar();
    this.map.show(item);
  }

  empty() {
    this.map.show(null);
    this.parts.stage.classList.add("none");
    this.viewer.set("/assets/icon.svg", "", null, "");
    show(this.parts.strip);
    show(this.parts.similar);
    show(this.parts.what, h("h2", {}, t("review.empty")), h("p", {}, t("review.empty_why")));
  }

  look(which) {
    this.player.close();
    const { incident } = this.item;
    this.looking = which;
    if (!which) return;
    const fixed = incident.place.fixed || which.kind === "threshold";
    const source = picture(incident.id, which.clean_id ?? which.shown_id);
    const alt = t("review.alt", { subtype: word(incident.subtype), camera: incident.source_id, kind: t(`kind.${which.kind}`) });
    const box = incident.place.box_unit;
    this.viewer.set(source, alt, which.clean_id && fixed && which.kind !== "after" ? [box.x1, box.y1, box.x2, box.y2] : null, word(incident.class_name));
    for (const button of this.parts.strip.children) button.setAttribute("aria-pressed", String(button.dataset.kind === which.kind));
  }

  drawStrip() {
    const { item } = this;
    show(
      this.parts.strip,
      item.pictures.map((each) =>
        h("button", { type: "button", "data-kind": each.kind, "aria-pressed": String(each === this.looking), onclick: () => this.look(each) }, h("img", { src: picture(item.incident.id, each.clean_id ?? each.shown_id), alt: "" }), h("span", {}, t(`kind.${each.kind}`), h("br"), h("small", {}, when(each.captured_at)))),
      ),
    );
  }

  drawWhat() {
    const { incident, reason_zh, lon_deg, lat_deg } = this.item;
    const fact = (name, value) => value && [h("dt", {}, t(`fact.${name}`)), h("dd", {}, value)];
    const stood = (new Date(incident.last_seen_at) - new Date(incident.first_seen_at)) / 1000;
    show(
      this.parts.what,
      h("h2", {}, incident.urgent && h("span", { class: "badge urgent" }, `▲ ${t("urgent")}`), `${t("suspected")} ${word(incident.subtype)}`),
      h("p", { class: "reason" }, language === "zh" ? reason_zh : incident.reason),
      h(
        "dl",
        {},
        fact("camera", incident.source_id),
        fact("opened", when(incident.opened_at)),
        fact("stood", ago(stood)),
        fact("status", word(incident.status)),
        fact("class", `${word(incident.class_name)} · ${Math.round(incident.score * 100)} %`),
        fact("case", incident.case_id && t("review.has_case")),
        fact("place", lon_deg !== null && h("a", { href: `/pages/map?lon=${lon_deg}&lat=${lat_deg}` }, `${lat_deg.toFixed(5)}, ${lon_deg.toFixed(5)}`)),
      ),
    );
  }

  drawSimilar() {
    const { similar } = this.item;
    show(
      this.parts.similar,
      similar.length > 0 && [
        h("h2", {}, t("review.similar", { n: similar.length })),
        h(
          "div",
          { class: "cards" },
          similar.map((each) => h("figure", { class: each.verdict }, each.picture_id && h("img", { src: picture(each.id, each.picture_id), alt: "", loading: "lazy" }), h("figcaption", {}, `${mark(each.verdict)} ${word(each.verdict)}`, h("br"), when(each.opened_at)))),
        ),
      ],
    );
  }

  // The page goes on at once; the answer travels meanwhile.
  answer(body) {
    const { item } = this;
    if (!item || this.busy) return;
    this.advance();
    this.done.push(item);
    const sent = post(`/api/review/${item.incident.id}/verdict`, body);
    item.sent = sent.then(
      (held) => (item.commitAt = Date.now() + session.undo_s * 1000, held),
      (error) => {
        this.done = this.done.filter((each) => each !== item);
        toast(error.message, "bad");
        if (error.status === 0 || error.status >= 500 || error.status === 422) {
          this.queue.unshift(item); // not taken: it comes back
          this.display();
        }
      },
    );
    sent.then(() => this.fill()).catch(() => {});
    toast(`${t(`said.${body.answer}`)} ${body.reason ?? ""}`);
  }

  reject(n) {
    this.answer({ answer: "rejected", reason: t(`reason.${n}`) });
  }

  skip() {
    const { item } = this;
    if (!item) return;
    this.skipped.push(item.incident.id);
    this.advance();
    post(`/api/review/${item.incident.id}/release`).then(() => this.fill(), () => {});
  }

  advance() {
    const began = performance.now();
    this.queue.shift();
    this.display();
    const id = this.item?.incident.id;
    const filled = this.item ? Promise.resolve() : this.fill();
    filled.then(() => this.viewer.shown()).then(() => requestAnimationFrame(() => {
      (window.xunjieSwitches ??= []).push(performance.now() - (window.xunjieKeyAt ?? began));
      document.body.dataset.seen = this.item?.incident.id ?? "";
      window.xunjieKeyAt = undefined;
    }));
    return id;
  }

  async undo() {
    const item = this.done.at(-1);
    if (!item) return toast(t("review.nothing_to_undo"));
    try {
      await item.sent;
      await call("DELETE", `/api/review/${item.incident.id}/verdict`);
      this.done.pop();
      this.queue.unshift(item);
      this.display();
      toast(t("review.undone"));
    } catch (error) {
      this.done.pop();
      toast(error.message, "bad");
    }
  }

  redraw() {
    if (!this.item) return;
    this.player.pause();
    if (this.viewer.drawing) return this.viewer.stopDrawing();
    toast(t("review.draw"));
    this.viewer.startDrawing((box) => (this.box = box));
    this.viewer.element.focus();
  }

  sendBox() {
    const box = this.viewer.drawn;
    if (box) this.answer({ answer: "corrected", box_unit: box });
  }

  chooseClass() {
    const { item } = this;
    if (!item) return;
    const kind = select(CLASSES.map((name, n) => [name, `${n + 1} ${word(name)}`]), item.incident.class_name, () => {});
    const box = this.viewer.drawn;
    dialog(t("review.class"), field(t("fact.class"), kind), [
      [t("cancel"), () => {}],
      [t("review.correct"), () => this.answer({ answer: "corrected", class_name: kind.value, ...(box ? { box_unit: box } : {}) }), "main"],
    ]);
    kind.focus();
  }

  slide() {
    const after = this.item?.pictures.find((each) => each.kind === "after");
    if (!after) return toast(t("review.no_after"));
    if (this.viewer.comparing) return this.viewer.hideAfter();
    this.look(this.main(this.item));
    this.viewer.compare(picture(this.item.incident.id, after.clean_id ?? after.shown_id));
    this.viewer.slider.focus();
  }

  // The clip where there is one, else the kept moments, masked like every picture.
  async clip() {
    const { item } = this;
    if (!item) return;
    if (this.player.open) return this.player.toggle();
    this.viewer.hideAfter();
    try {
      await this.player.start(item);
    } catch (error) {
      if (this.item !== item) return;
      this.player.close();
      toast(error.message, "bad");
    }
  }

  escape() {
    if (this.viewer.drawing) this.viewer.stopDrawing();
    else this.player.close();
  }

  frame(by) {
    if (this.player.open) this.player.step(by);
  }

  step(by) {
    const all = this.item?.pictures ?? [];
    const at = all.indexOf(this.looking);
    if (all.length) this.look(all[(at + by + all.length) % all.length]);
  }

  help() {
    dialog(t("review.help"), h("dl", { class: "keys" }, KEYS.map(([key, name]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, t(`key.${name}`))])), [[t("close"), () => {}, "main"]]);
  }

  async openBulk() {
    await bulk(() => this.fill());
  }

  async beat() {
    try {
      const told = await post(`/api/review/beat?since=${encodeURIComponent(this.since)}`);
      this.since = told.now;
      this.tell(told);
      if (!this.item && told.waiting.pending - told.waiting.with_others > 0) {
        await this.fill();
      }
      document.body.classList.remove("offline");
    } catch {
      document.body.classList.add("offline");
    }
  }

  tell({ waiting, news }) {
    const { pending, urgent, with_others } = waiting;
    show(this.parts.counts, h("strong", {}, pending), ` ${t("review.pending")} · `, h("span", { class: urgent ? "urgent" : "" }, `▲ ${urgent}`), ` ${t("urgent")} · ${with_others} ${t("review.with_others")}`);
    const theirs = new Set(news.filter((each) => each.operator !== session.name).map((each) => each.incident_id));
    for (const each of [...news].reverse()) {
      this.parts.news.prepend(h("li", {}, `${mark(each.answer)} ${each.operator} ${word(each.answer)} · ${when(each.at).slice(-8)}`));
    }
    while (this.parts.news.children.length > 8) this.parts.news.lastChild.remove();
    const first = this.item;
    this.queue = this.queue.filter((item) => !theirs.has(item.incident.id));
    if (first && this.item !== first) {
      toast(t("review.taken"));
      this.display();
      this.fill();
    }
  }

  get sliders() {
    return [this.viewer.slider, this.player.slider];
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && !this.sliders.includes(event.target)) return;
    const act = this.binding(event);
    if (!act) return;
    window.xunjieKeyAt = performance.now();
    event.preventDefault();
    act();
  }

  binding(event) {
    const { key, shiftKey } = event;
    const { viewer } = this;
    if (viewer.drawing && key.startsWith("Arrow")) {
      const step = 0.01;
      const [dx, dy] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[key];
      return () => viewer.nudge(dx, dy, shiftKey);
    }
    if (/^[1-9]$/.test(key)) return () => this.reject(Number(key));
    if (key === "Enter" && event.target.tagName === "BUTTON") return null;
    if (this.sliders.includes(event.target) && key.startsWith("Arrow")) return null;
    if (key === " " && event.target === this.player.slider) return () => this.player.toggle();
    return {
      Enter: () => (viewer.drawing && viewer.drawn ? this.sendBox() : this.answer({ answer: "confirmed" })),
      c: () => this.answer({ answer: "confirmed" }),
      k: () => this.chooseClass(),
      b: () => this.redraw(),
      n: () => this.skip(),
      ArrowRight: () => this.skip(),
      z: () => this.undo(),
      u: () => this.undo(),
      s: () => this.slide(),
      v: () => viewer.toggleBoxes(),
      g: () => this.openBulk(),
      "[": () => this.step(-1),
      "]": () => this.step(1),
      "+": () => viewer.zoom(1.4),
      "=": () => viewer.zoom(1.4),
      "-": () => viewer.zoom(1 / 1.4),
      0: () => viewer.reset(),
      p: () => this.clip(),
      ",": () => this.frame(-1),
      ".": () => this.frame(1),
      Escape: () => this.escape(),
      "?": () => this.help(),
    }[key.length === 1 ? key.toLowerCase() : key];
  }
}

export const mark = (answer) => ({ confirmed: "✓", corrected: "✎", rejected: "✗", pending: "…" })[answer] ?? "";

export async function open(page) {
  const review = new Review(page);
  await review.start();
  return () => review.stop();
}
