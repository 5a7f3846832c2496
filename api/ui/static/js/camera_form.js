// Adding and changing one camera, and taking over a table of them.

import { call, get, upload } from "./api.js";
import { dialog, field, h, select, show, toast } from "./dom.js";
import { t, word } from "./i18n.js";
import { said } from "./told.js";

const KINDS = ["stream", "snapshot", "gateway", "push"];
const TASKS = ["vendor", "cover"];
const EMPTY = { id: "", name: "", kind: "stream", address: "", interval_s: 10, tasks: TASKS, x: null, y: null, crs: "EPSG:4326", department: "", county: "", grid: "", version: "" };

export async function changeCamera(id, changed) {
  const camera = (await get("/api/cameras")).find((each) => each.id === id);
  if (!camera.version) return dialog(id, h("p", {}, t("cameras.in_file")), [[t("close"), () => {}, "main"]]);
  return form(camera, t("cameras.change", { id }), changed);
}

export const addCamera = (changed) => form(EMPTY, t("cameras.add"), changed);

function form(camera, title, changed) {
  const fresh = camera.version === "";
  const box = (name, attributes = {}) => h("input", { name, value: camera[name] ?? "", maxLength: 200, ...attributes });
  const boxes = {
    id: box("id", { maxLength: 128, required: true, disabled: !fresh, pattern: "[^\\/\\\\\\s.][^\\/\\\\\\s]*" }),
    name: box("name"),
    url: h("input", { name: "url", maxLength: 2000, placeholder: fresh ? "rtsp://" : camera.address, autocomplete: "off" }),
    interval_s: box("interval_s", { type: "number", min: "0.2", step: "any", required: true }),
    x: box("x", { type: "number", step: "any" }),
    y: box("y", { type: "number", step: "any" }),
    crs: box("crs", { value: camera.crs || "EPSG:4326" }),
    department: box("department"),
    county: box("county"),
    grid: box("grid"),
  };
  const where = field(fresh ? t("cameras.url") : t("cameras.url_kept"), boxes.url);
  const hint = h("small", {});
  const told = (kind) => {
    where.hidden = kind === "push";
    hint.textContent = t(`cameras.hint.${kind}`);
  };
  const kind = select(KINDS.map((name) => [name, t(`cameras.source.${name}`)]), camera.kind, told);
  kind.name = "kind";
  const tasks = TASKS.map((name) => h("input", { type: "checkbox", value: name, checked: camera.tasks.includes(name) }));
  const fault = h("p", { class: "bad", role: "alert" });
  const body = () => ({
    version: camera.version,
    kind: kind.value,
    url: boxes.url.value.trim(),
    tasks: tasks.filter((each) => each.checked).map((each) => each.value),
    interval_s: Number(boxes.interval_s.value),
    x: boxes.x.value === "" ? null : Number(boxes.x.value),
    y: boxes.y.value === "" ? null : Number(boxes.y.value),
    ...Object.fromEntries(["name", "crs", "department", "county", "grid"].map((name) => [name, boxes[name].value.trim()])),
  });
  const save = async () => {
    fault.textContent = "";
    const bad = Object.values(boxes).find((each) => !each.reportValidity());
    if (bad) return false;
    try {
      if (kind.value !== camera.kind && kind.value !== "push" && !body().url) throw new Error(t("cameras.url_needed"));
      await call("PUT", `/api/cameras/${encodeURIComponent(boxes.id.value.trim())}`, body());
    } catch (error) {
      fault.textContent = error.message;
      return false;
    }
    toast(t("cameras.saved_camera"));
    await changed();
    return true;
  };
  const remove = async () => {
    try {
      await call("DELETE", `/api/cameras/${encodeURIComponent(camera.id)}`);
      toast(t("cameras.removed", { id: camera.id }));
      await changed();
    } catch (error) {
      toast(error.message, "bad");
    }
  };
  const row = (...names) => h("div", { class: "pair" }, names.map((name) => field(t(`cameras.field.${name}`), boxes[name])));
  told(camera.kind);
  dialog(title, h("div", { class: "cameraform" },
    row("id", "name"),
    h("div", { class: "pair" }, field(t("cameras.field.kind"), kind), row("interval_s").firstChild),
    where, hint,
    h("fieldset", {}, h("legend", {}, t("cameras.field.tasks")), tasks.map((each) => h("label", {}, each, ` ${word(each.value)} `))),
    h("div", { class: "pair three" }, field(t("cameras.field.x"), boxes.x), field(t("cameras.field.y"), boxes.y), field(t("cameras.field.crs"), boxes.crs)),
    h("div", { class: "pair three" }, field(t("cameras.field.department"), boxes.department), field(t("cameras.field.county"), boxes.county), field(t("cameras.field.grid"), boxes.grid)),
    fault,
  ), [
    ...(fresh ? [] : [[t("cameras.remove"), remove, "no"]]),
    [t("cancel"), () => {}],
    [t("save"), save, "main"],
  ]);
}

export function importCameras(changed) {
  const file = h("input", { type: "file", accept: ".csv,text/csv", name: "table", onchange: () => look() });
  const found = h("div", { "aria-live": "polite" });
  const fault = h("p", { class: "bad", role: "alert" });
  let state = null;
  const ask = (take) => upload(`/api/cameras/import?take=${take}`, "table", file.files[0]);
  const look = async () => {
    fault.textContent = "";
    state = null;
    show(found);
    if (!file.files.length) return draw();
    try {
      state = await ask("nothing");
      show(found, lookedOf(state));
    } catch (error) {
      fault.textContent = error.message;
    }
    return draw();
  };
  const take = async () => {
    if (!state) return false;
    try {
      const done = await ask(state.fault_count ? "good" : "all");
      toast(t("cameras.taken", { added: done.added, changed: done.changed }));
      await changed();
      if (!done.not_started.length) return true;
      show(found, done.not_started.map((each) => h("p", { class: "bad" }, `${each.id}: ${said(each)}`)));
    } catch (error) {
      fault.textContent = error.message;
    }
    return false;
  };
  const { box } = dialog(t("cameras.import"), h("div", {}, h("p", {}, t("cameras.columns")), h("p", {}, h("code", {}, "id,name,url,lon,lat,crs,department,county,grid,interval,tasks")), file, fault, found), [
    [t("cancel"), () => {}],
    [t("cameras.take"), take, "main"],
  ]);
  const button = box.querySelector("button.main");
  button.dataset.act = "take";
  const draw = () => {
    const count = state ? state.added + state.changed : 0;
    button.disabled = count === 0;
    button.textContent = state?.fault_count ? t("cameras.take_good", { n: count }) : t("cameras.take_all", { n: count });
  };
  draw();
}

function lookedOf(state) {
  const faults = state.faults.map((each) => h("li", {}, h("strong", {}, t("cameras.line", { n: each.line })), ` ${each.column}: ${said(each)}`));
  const more = state.fault_count - state.faults.length;
  return [
    h("p", {}, t("cameras.looked", { added: state.added, changed: state.changed, unchanged: state.unchanged })),
    state.changed_ids.length > 0 && h("p", { class: "quiet" }, `~ ${state.changed_ids.slice(0, 12).join(", ")}`),
    state.added_ids.length > 0 && h("p", { class: "quiet" }, `+ ${state.added_ids.slice(0, 12).join(", ")}${state.added > 12 ? " …" : ""}`),
    state.fault_count > 0 && h("p", { class: "bad" }, `▼ ${t("cameras.faults", { n: state.fault_count })}`),
    state.fault_count > 0 && h("ul", { class: "faults" }, faults, more > 0 && h("li", {}, `… ${more}`)),
  ];
}
