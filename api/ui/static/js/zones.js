// Drawing on a camera's picture: zones with their permits, shop fronts, privacy masks.

import { call, get, may, post } from "./api.js";
import { field, h, s, select, show, toast } from "./dom.js";
import { language, t, when, word } from "./i18n.js";

const KINDS = ["road", "pavement", "shop_front", "permitted", "ignore"];
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const NEAR = 0.015;

export async function edit(page, id) {
  const state = await get(`/api/sources/${encodeURIComponent(id)}/settings`);
  new Editor(page, id, state).draw();
}

class Editor {
  constructor(page, id, { settings, version }) {
    this.page = page;
    this.id = id;
    this.version = version;
    this.zones = settings.zones.map((zone) => ({ ...zone, polygon_unit: zone.polygon_unit.map((corner) => [...corner]) }));
    this.masks = settings.privacy_polygons_unit.map((polygon) => polygon.map((corner) => [...corner]));
    this.chosen = null;
    this.fresh = null; // corners of what is being drawn
    this.may = may("cameras");
    this.build();
  }

  build() {
    this.image = h("img", { src: `/api/sources/${encodeURIComponent(this.id)}/picture`, alt: this.id });
    this.image.addEventListener("error", () => (this.canvas.style.aspectRatio = "16 / 9"));
    this.svg = s("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none" });
    this.canvas = h("div", { class: "canvas", tabindex: "0" }, this.image, this.svg);
    this.list = h("ul", { class: "zones" });
    this.trial = h("div", { class: "trial", "aria-live": "polite" });
    this.tried = []; // boxes of what the rules would have opened
    this.hint = h("p", { class: "quiet", "aria-live": "polite" });
    if (this.may) this.listen();
    const tools = this.may && h("div", { class: "row" },
      h("button", { type: "button", class: "main", "data-act": "draw", onclick: () => this.begin(false) }, t("cameras.draw")),
      h("button", { type: "button", "data-act": "mask", onclick: () => this.begin(true) }, t("cameras.draw_privacy")),
      h("button", { type: "button", "data-act": "try", onclick: () => this.tryOut() }, t("cameras.try")),
      h("button", { type: "button", "data-act": "save", onclick: () => this.save() }, t("save")),
    );
    show(
      this.page,
      h("p", {}, h("a", { href: "/pages/cameras" }, `← ${t("page.cameras")}`)),
      h("h1", {}, this.id),
      h("div", { class: "editor" }, h("div", {}, this.canvas, this.hint), h("div", {}, tools || h("p", { class: "quiet" }, t("cameras.readonly")), this.trial, h("h2", {}, t("cameras.zones")), this.list)),
    );
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", () => (this.held = null));
    canvas.addEventListener("dblclick", () => this.finish());
    canvas.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.finish();
      if (event.key === "Escape") {
        this.fresh = null;
        this.draw();
      }
    });
  }

  at(event) {
    const frame = this.canvas.getBoundingClientRect();
    const hold = (value) => Math.min(1, Math.max(0, Math.round(value * 1e4) / 1e4));
    return [hold((event.clientX - frame.left) / frame.width), hold((event.clientY - frame.top) / frame.height)];
  }

  press(event) {
    const point = this.at(event);
    if (this.fresh) {
      const last = this.fresh.at(-1);
      if (!last || distance(last, point) > 0.004) this.fresh.push(point);
      return this.draw();
    }
    const corner = this.polygons().flatMap(({ polygon }) => polygon).find((each) => distance(each, point) < NEAR);
    if (corner) this.held = corner;
    return undefined;
  }

  move(event) {
    if (!this.held) return;
    [this.held[0], this.held[1]] = this.at(event);
    this.draw(false);
  }

  begin(mask) {
    this.fresh = [];
    this.mask = mask;
    this.hint.textContent = t("cameras.drawing");
    this.canvas.focus();
  }

  finish() {
    const polygon = this.fresh;
    if (!polygon || polygon.length < 3) return;
    this.fresh = null;
    this.hint.textContent = "";
    if (this.mask) this.masks.push(polygon);
    else {
      let number = this.zones.length + 1;
      while (this.zones.some((zone) => zone.name === `zone ${number}`)) number += 1;
      this.zones.push({ name: `zone ${number}`, kind: "pavement", polygon_unit: polygon, permits: [] });
      this.chosen = this.zones.at(-1);
    }
    this.draw();
  }

  polygons() {
    return [...this.zones.map((zone) => ({ kind: zone.kind, polygon: zone.polygon_unit, chosen: zone === this.chosen })), ...this.masks.map((polygon) => ({ kind: "privacy", polygon }))];
  }

  // What the zones as drawn would have opened lately; nothing is saved.
  async tryOut() {
    try {
      const settings = { zones: this.zones, privacy_polygons_unit: this.masks };
      const told = await post(`/api/sources/${encodeURIComponent(this.id)}/settings/try`, { settings });
      this.tried = told.incidents.map((each) => each.box_unit);
      show(this.trial, trialOf(told));
    } catch (error) {
      toast(error.message, "bad");
    }
    this.draw(false);
  }

  draw(withList = true) {
    const points = (polygon) => polygon.map(([x, y]) => `${x},${y}`).join(" ");
    const shapes = this.polygons().map(({ kind, polygon, chosen }) => s("polygon", { points: points(polygon), class: `zone-${kind}${chosen ? " chosen" : ""}` }));
    if (this.fresh?.length) shapes.push(s("polyline", { points: points(this.fresh), class: this.mask ? "zone-privacy" : "zone-pavement" }));
    for (const [x1, y1, x2, y2] of this.tried) shapes.push(s("rect", { x: x1, y: y1, width: x2 - x1, height: y2 - y1, class: "tried" }));
    show(this.svg, shapes);
    if (withList) this.drawList();
  }

  drawList() {
    const masks = this.masks.map((polygon) => h("li", {}, h("span", { class: "swatch zone-privacy" }), t("cameras.privacy"), " ", this.may && this.remove(() => (this.masks = this.masks.filter((each) => each !== polygon)))));
    show(this.list, this.zones.map((zone) => this.zoneOf(zone)), masks);
  }

  zoneOf(zone) {
    const disabled = !this.may;
    const name = h("input", { value: zone.name, disabled, maxLength: 100, onchange: () => (zone.name = name.value.trim()) });
    const kind = select(KINDS.map((each) => [each, t(`zone.${each}`)]), zone.kind, (value) => {
      zone.kind = value;
      if (value !== "permitted") zone.permits = [];
      this.draw();
    });
    kind.disabled = disabled;
    const addPermit = () => {
      zone.permits.push({ weekdays: [...DAYS], from_date: null, to_date: null, from_time: "16:00:00", to_time: "22:00:00", stalls: 1 });
      this.draw();
    };
    return h("li", { class: zone === this.chosen ? "chosen" : "", onfocusin: () => this.choose(zone) },
      h("span", { class: `swatch zone-${zone.kind}` }), field(t("cameras.name"), name), field(t("cameras.kind"), kind),
      zone.kind === "permitted" && [h("strong", {}, t("cameras.permits")), zone.permits.map((permit) => this.permitOf(zone, permit)), this.may && h("button", { type: "button", onclick: addPermit }, t("cameras.permit"))],
      " ", this.may && this.remove(() => (this.zones = this.zones.filter((each) => each !== zone))),
    );
  }

  choose(zone) {
    if (this.chosen === zone) return;
    this.chosen = zone;
    this.draw(false);
  }

  permitOf(zone, permit) {
    const disabled = !this.may;
    const input = (type, name) => {
      const box = h("input", { type, value: permit[name] === null ? "" : String(permit[name]).slice(0, type === "time" ? 5 : 10), disabled, "aria-label": t(`cameras.${type === "time" ? "hours" : type === "date" ? "dates" : "stalls"}`), min: type === "number" ? "1" : null, onchange: () => (permit[name] = type === "number" ? Number(box.value) : box.value || null) });
      return box;
    };
    const day = (name) => {
      const box = h("input", { type: "checkbox", checked: permit.weekdays.includes(name), disabled, onchange: () => (permit.weekdays = DAYS.filter((each) => (each === name ? box.checked : permit.weekdays.includes(each)))) });
      return h("label", {}, box, t(`day.${name}`));
    };
    return h("div", { class: "permit" },
      h("div", { class: "days" }, DAYS.map(day)),
      h("div", {}, input("time", "from_time"), " – ", input("time", "to_time"), " · ", input("number", "stalls"), ` ${t("cameras.stalls")}`),
      h("div", {}, input("date", "from_date"), " – ", input("date", "to_date")),
      this.may && h("div", {}, this.remove(() => (zone.permits = zone.permits.filter((each) => each !== permit)))),
    );
  }

  remove(act) {
    return h("button", { type: "button", class: "no", onclick: () => { act(); this.draw(); } }, t("cameras.delete"));
  }

  async save() {
    const settings = { zones: this.zones, privacy_polygons_unit: this.masks };
    try {
      const saved = await call("PUT", `/api/sources/${encodeURIComponent(this.id)}/settings`, { settings, version: this.version });
      this.version = saved.version;
      toast(t("cameras.saved"));
      document.body.dataset.saved = saved.version;
    } catch (error) {
      toast(error.message, "bad");
    }
  }
}

function trialOf(told) {
  if (!told.looks) return h("p", { class: "quiet" }, t("cameras.try_none"));
  const line = (each) => h("li", {}, h("strong", {}, word(each.subtype)), ` ${when(each.at)}`, h("br"), language === "zh" ? each.reason_zh : each.reason, each.stood_before && h("small", {}, h("br"), t("cameras.stood_before")));
  return [
    h("h2", {}, t("cameras.tried", { n: told.incidents.length })),
    h("p", { class: "quiet" }, t("cameras.try_span", { looks: told.looks, from: when(told.from_at), to: when(told.to_at) })),
    told.incidents.length > 0 && h("ol", {}, told.incidents.map(line)),
  ];
}

const distance = ([ax, ay], [bx, by]) => Math.hypot(ax - bx, ay - by);
