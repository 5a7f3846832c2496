// The big picture: zoom, pan, boxes over it, a box to be drawn anew, and the slider to "after".

import { h, s, show } from "./dom.js";
import { t } from "./i18n.js";

const MOST = 12;

export class Viewer {
  constructor() {
    this.image = h("img", { alt: "" });
    this.after = h("img", { alt: "", class: "after", hidden: true });
    this.overlay = s("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" });
    this.plane = h("div", { class: "plane" }, this.image, this.after, this.overlay);
    this.slider = h("input", { type: "range", min: "0", max: "100", value: "50", class: "slider", hidden: true, "aria-label": t("review.slider"), oninput: () => this.cut() });
    this.element = h("div", { class: "viewer", tabindex: "-1" }, this.plane, this.slider);
    this.image.draggable = this.after.draggable = false;
    this.boxes = true;
    this.reset();
    this.listen();
    new ResizeObserver(() => this.fit()).observe(this.element);
    this.image.addEventListener("load", () => this.fit());
  }

  set(source, alt, box, label) {
    this.stopDrawing();
    this.hideAfter();
    if (this.image.getAttribute("src") !== source) this.image.src = source;
    this.image.alt = alt;
    this.box = box;
    this.label = label;
    this.reset();
    this.draw();
  }

  // Another picture of the same view: zoom and boxes stay.
  swap(source) {
    this.image.src = source;
  }

  // Resolves when the picture can be seen.
  shown() {
    return this.image.decode().catch(() => {});
  }

  // The plane has the picture's own shape, so that boxes in fractions lie where they belong.
  fit() {
    const { naturalWidth, naturalHeight } = this.image;
    const { clientWidth, clientHeight } = this.element;
    if (!naturalWidth || !clientWidth) return;
    const scale = Math.min(clientWidth / naturalWidth, clientHeight / naturalHeight);
    this.plane.style.width = `${naturalWidth * scale}px`;
    this.plane.style.height = `${naturalHeight * scale}px`;
  }

  draw() {
    const [box, parts] = [this.drawn ?? this.box, []];
    if (box && this.boxes) {
      const [x1, y1, x2, y2] = box;
      const place = { x: x1, y: y1, width: x2 - x1, height: y2 - y1 };
      parts.push(s("rect", { ...place, class: "halo" }), s("rect", { ...place, class: this.drawn ? "fresh" : "found" }));
    }
    show(this.overlay, parts);
  }

  toggleBoxes() {
    this.boxes = !this.boxes;
    this.draw();
  }

  reset() {
    this.scale = 1;
    this.x = this.y = 0;
    this.place();
  }

  zoom(factor, centreX, centreY) {
    const frame = this.element.getBoundingClientRect();
    const [cx, cy] = [(centreX ?? frame.left + frame.width / 2) - frame.left - frame.width / 2, (centreY ?? frame.top + frame.height / 2) - frame.top - frame.height / 2];
    const scale = Math.min(MOST, Math.max(1, this.scale * factor));
    this.x = cx - ((cx - this.x) * scale) / this.scale;
    this.y = cy - ((cy - this.y) * scale) / this.scale;
    this.scale = scale;
    if (scale === 1) this.x = this.y = 0;
    this.place();
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.place();
  }

  place() {
    this.plane.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.scale})`;
  }

  listen() {
    const element = this.element;
    element.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1.25 : 0.8, event.clientX, event.clientY);
    }, { passive: false });
    element.addEventListener("dblclick", () => this.reset());
    element.addEventListener("pointerdown", (event) => {
      if (event.target === this.slider) return;
      element.setPointerCapture(event.pointerId);
      this.from = { x: event.clientX, y: event.clientY, unit: this.unit(event) };
    });
    element.addEventListener("pointermove", (event) => {
      if (!this.from) return;
      if (this.drawing) return this.stretch(event);
      if (this.scale > 1) this.pan(event.clientX - this.from.x, event.clientY - this.from.y);
      Object.assign(this.from, { x: event.clientX, y: event.clientY });
    });
    element.addEventListener("pointerup", () => {
      this.from = null;
      if (this.drawing && this.drawn) this.drawing(this.drawn);
    });
  }

  unit(event) {
    const frame = this.overlay.getBoundingClientRect();
    const hold = (value) => Math.min(1, Math.max(0, value));
    return [hold((event.clientX - frame.left) / frame.width), hold((event.clientY - frame.top) / frame.height)];
  }

  stretch(event) {
    const [[ax, ay], [bx, by]] = [this.from.unit, this.unit(event)];
    if (Math.abs(ax - bx) < 0.005 || Math.abs(ay - by) < 0.005) return;
    this.drawn = [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)];
    this.draw();
  }

  startDrawing(done) {
    this.drawing = done;
    this.drawn = null;
    this.boxes = true;
    this.element.classList.add("drawing");
    this.draw();
  }

  // By keyboard: moves or stretches the box that stands there.
  nudge(dx, dy, grow) {
    const [x1, y1, x2, y2] = this.drawn ?? this.box;
    const hold = (value) => Math.min(1, Math.max(0, value));
    const next = grow ? [x1, y1, hold(x2 + dx), hold(y2 + dy)] : [hold(x1 + dx), hold(y1 + dy), hold(x2 + dx), hold(y2 + dy)];
    if (next[2] - next[0] < 0.005 || next[3] - next[1] < 0.005) return;
    this.drawn = next;
    this.draw();
    this.drawing?.(next);
  }

  stopDrawing() {
    this.drawing = this.drawn = null;
    this.element.classList.remove("drawing");
    this.draw();
  }

  compare(source) {
    this.after.src = source;
    this.after.hidden = this.slider.hidden = false;
    this.cut();
  }

  hideAfter() {
    this.after.hidden = this.slider.hidden = true;
  }

  get comparing() {
    return !this.after.hidden;
  }

  cut() {
    this.after.style.clipPath = `inset(0 0 0 ${this.slider.value}%)`;
  }
}
