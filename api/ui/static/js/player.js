// Plays masked pictures one after another in the viewer: an incident's clip, or, where the camera
// hands over no video, the moments that are kept of it.

import { get, picture } from "./api.js";
import { h, show } from "./dom.js";
import { t } from "./i18n.js";

const MOMENT_S = 1.2; // how long one of the kept moments stays

export class Player {
  constructor(viewer, closed) {
    this.viewer = viewer;
    this.closed = closed;
    this.frames = [];
    this.at = 0;
    this.playing = false;
    this.button = h("button", { type: "button", "data-act": "pause", "aria-keyshortcuts": "P", onclick: () => this.toggle() });
    this.slider = h("input", { type: "range", min: "0", value: "0", "aria-label": t("clip.position"), oninput: () => this.seek(Number(this.slider.value)) });
    this.time = h("output", {});
    this.note = h("span", { class: "quiet", role: "status" });
    const close = h("button", { type: "button", "data-act": "close-clip", onclick: () => this.close() }, t("close"), " ", h("kbd", {}, "Esc"));
    this.element = h("div", { class: "player", role: "group", "aria-label": t("clip.player"), hidden: true }, this.button, this.slider, this.time, this.note, close);
    this.draw();
  }

  get open() {
    return !this.element.hidden;
  }

  // Waits for the pictures, which the service may have to mask first.
  async start(item) {
    this.item = item;
    this.frames = [];
    this.element.hidden = false;
    this.at = 0;
    this.playing = false;
    this.note.textContent = t("clip.preparing");
    this.draw();
    const found = await framesOf(item);
    const images = found.frames.map(({ source }) => {
      const image = new Image();
      image.src = source;
      return image;
    });
    await Promise.all(images.slice(0, 8).map((image) => image.decode().catch(() => {})));
    if (this.item !== item) return;
    Object.assign(this, { frames: found.frames, images });
    this.note.textContent = found.note;
    this.slider.max = String(Math.max(0, found.frames.length - 1));
    this.slider.focus();
    this.seek(0);
    this.play();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (!this.frames.length) return;
    if (this.at === this.frames.length - 1) this.seek(0);
    this.playing = true;
    this.draw();
    this.wait();
  }

  wait() {
    clearTimeout(this.timer);
    const [now, next] = [this.frames[this.at], this.frames[this.at + 1]];
    if (!next) return this.pause();
    this.timer = setTimeout(() => {
      this.seek(this.at + 1);
      if (this.playing) this.wait();
    }, (next.offset_s - now.offset_s) * 1000);
  }

  pause() {
    clearTimeout(this.timer);
    this.playing = false;
    this.draw();
  }

  step(by) {
    this.pause();
    this.seek(this.at + by);
  }

  seek(at) {
    if (!this.frames.length) return;
    this.at = Math.min(this.frames.length - 1, Math.max(0, at));
    this.viewer.swap(this.frames[this.at].source);
    this.draw();
  }

  draw() {
    const [now, last] = [this.frames[this.at]?.offset_s ?? 0, this.frames.at(-1)?.offset_s ?? 0];
    const text = `${now.toFixed(1)} / ${last.toFixed(1)} s`;
    this.slider.value = String(this.at);
    this.slider.setAttribute("aria-valuetext", text);
    this.time.textContent = text;
    const label = t(this.playing ? "clip.pause" : "clip.play");
    show(this.button, this.playing ? "❚❚ " : "▶ ", label, " ", h("kbd", {}, "P"));
    this.element.dataset.at = String(this.at);
    this.element.dataset.frames = String(this.frames.length);
  }

  close() {
    clearTimeout(this.timer);
    if (!this.open) return;
    this.playing = false;
    this.item = null;
    this.element.hidden = true;
    this.closed();
  }
}

async function framesOf(item) {
  const { id } = item.incident;
  if (item.clip) {
    const { offsets_s } = await get(`/api/incidents/${id}/clip`);
    return { frames: offsets_s.map((offset_s, n) => ({ offset_s, source: `/api/incidents/${id}/clip/${n}` })), note: t("clip.masked") };
  }
  const frames = item.pictures.map((each, n) => ({ offset_s: n * MOMENT_S, source: picture(id, each.clean_id ?? each.shown_id) }));
  return { frames, note: t("clip.moments", { n: frames.length }) };
}
