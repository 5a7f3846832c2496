// Plays masked pictures one after another in the viewer: an incident's clip, or, where the camera
// hands over no video, the moments that are kept of it.

import { get, picture } from "./api.js";
import { h, show } from "./dom.js";
import { t } from "./i18n.js";

const MOMENT_S = 1.2; // how long one of the kept moments stays
const ASK_MS = 700;

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

  // The service masks the pictures one by one: the first ones are played while others follow.
  async start(item) {
    this.item = item;
    this.frames = [];
    this.element.hidden = false;
    this.at = 0;
    this.playing = false;
    this.note.textContent = t("clip.preparing");
    this.draw();
    if (item.clip) this.add(item, await get(`/api/incidents/${item.incident.id}/clip`));
    else this.take(item, momentsOf(item), t("clip.moments", { n: item.pictures.length }), true);
    if (this.item !== item) return;
    this.slider.focus();
    this.seek(0);
    this.play();
    await this.follow(item);
  }

  // Asks for more until everything is there; not asking is what ends the masking.
  async follow(item) {
    while (this.item === item && !this.complete) {
      await new Promise((done) => setTimeout(done, ASK_MS));
      if (this.item === item) this.add(item, await get(`/api/incidents/${item.incident.id}/clip`));
    }
  }

  add(item, { offsets_s, complete }) {
    const frames = offsets_s.map((offset_s, n) => ({ offset_s, source: `/api/incidents/${item.incident.id}/clip/${n}` }));
    this.take(item, frames, t(complete ? "clip.masked" : "clip.preparing"), complete);
  }

  take(item, frames, note, complete) {
    if (this.item !== item) return;
    for (const frame of frames.slice(this.frames.length)) this.frames.push({ ...frame, image: loaded(frame.source) });
    this.complete = complete;
    this.note.textContent = note;
    this.slider.max = String(Math.max(0, this.frames.length - 1));
    this.draw();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (!this.frames.length) return;
    if (this.complete && this.at === this.frames.length - 1) this.seek(0);
    this.playing = true;
    this.draw();
    this.wait();
  }

  wait() {
    clearTimeout(this.timer);
    const [now, next] = [this.frames[this.at], this.frames[this.at + 1]];
    if (!next && this.complete) return this.pause();
    if (!next) {
      this.timer = setTimeout(() => this.playing && this.wait(), 100);
      return;
    }
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

function loaded(source) {
  const image = new Image();
  image.src = source;
  image.decode().catch(() => {});
  return image;
}

function momentsOf({ incident, pictures }) {
  return pictures.map((each, n) => ({ offset_s: n * MOMENT_S, source: picture(incident.id, each.clean_id ?? each.shown_id) }));
}
