// The map: cameras and incidents, grouped where they lie close; works without tiles.

import { get, query } from "./api.js";
import { field, h, select, show } from "./dom.js";
import { t, when, word } from "./i18n.js";
import { leaflet } from "./leaflet.js";

const SPANS = [24, 24 * 7, 24 * 30, 24 * 366];
const LAYERS = ["grids", "flights", "covers"];
const KEPT = "xunjie.layers";
const CELL_PX = 46;
const COLOURS = { pending: "#e69f00", confirmed: "#009e73", corrected: "#009e73", rejected: "#7a7f87" };

export async function open(page) {
  const L = await leaflet();
  const note = h("span", { class: "quiet", "aria-live": "polite" });
  const slider = h("input", { type: "range", min: "0", max: "100", value: "100", "aria-label": t("map.until") });
  const until = h("span", {});
  const covered = h("span", { class: "quiet" });
  let hours = SPANS[2];
  const box = h("div", { id: "map", role: "application", "aria-label": t("page.map") });
  const span = select(SPANS.map((n) => [String(n), n > 24 ? t("map.last_days", { n: n / 24 }) : t("map.last", { n })]), String(hours), (value) => {
    hours = Number(value);
    load();
  });
  show(page, h("div", { class: "filters maptools" }, h("h1", { class: "hidden" }, t("page.map")), field(t("map.hours"), span), field(t("map.until"), slider), until, note), box);
  const map = L.map(box, { preferCanvas: true, worldCopyJump: true, attributionControl: false }).setView([34.6, 119.2], 12);
  L.control.scale({ imperial: false }).addTo(map);
  const layer = L.layerGroup().addTo(map);
  const under = Object.fromEntries(LAYERS.map((name) => [name, L.layerGroup().addTo(map)]));
  const chosen = new Set(JSON.parse(localStorage.getItem(KEPT) ?? "null") ?? ["cameras", "incidents", "cases", "flights"]);
  let found = { cameras: [], incidents: [], unplaced: 0, total: 0 };
  let ground = { grids: [], flights: [], covers: false };
  const end = () => Date.now() - ((100 - Number(slider.value)) / 100) * hours * 3600e3;
  const draw = () => {
    until.textContent = when(new Date(end()).toISOString());
    const wanted = (each) => chosen.has(each.case_number ? "cases" : "incidents");
    const seen = found.incidents.filter((each) => Date.parse(each.opened_at) <= end() + 60e3 && wanted(each));
    layer.clearLayers();
    if (chosen.has("cameras")) for (const camera of found.cameras) cameraOf(L, camera).addTo(layer);
    for (const group of groups(map, seen)) groupOf(L, map, group).addTo(layer);
    note.textContent = `${found.cameras.length} ${t("map.cameras")} · ${seen.length} ${t("map.incidents")} · ${t("map.unplaced", { n: found.unplaced })}${found.total > found.incidents.length ? ` · ${t("map.newest", { n: found.incidents.length, total: found.total })}` : ""}${found.cameras.length + seen.length ? "" : ` · ${t("map.empty")}`}`;
  };
  const load = async () => {
    found = await get(`/api/map${query({ opened_from: new Date(Date.now() - hours * 3600e3).toISOString() })}`);
    if (found.tile_url && !map.tiled) map.tiled = L.tileLayer(found.tile_url).addTo(map);
    draw();
  };
  const drawCovers = async () => {
    covered.textContent = "";
    if (!chosen.has("covers") || !ground.covers) return under.covers.clearLayers();
    const bounds = map.getBounds();
    const { covers, total } = await get(`/api/map/covers${query({ west: Math.max(-180, bounds.getWest()), south: bounds.getSouth(), east: Math.min(180, bounds.getEast()), north: bounds.getNorth() })}`);
    under.covers.clearLayers();
    for (const each of covers) L.circleMarker([each.lat_deg, each.lon_deg], { radius: 4, color: "#0b5c8f", weight: 1, fillColor: "#56b4e9", fillOpacity: 0.8 }).bindTooltip(`${each.code} · ${each.owner || t("map.no_owner")}`).addTo(under.covers);
    covered.textContent = total > covers.length ? t("map.covers_shown", { n: covers.length, total }) : "";
    return undefined;
  };
  const drawUnder = async () => {
    under.grids.clearLayers();
    under.flights.clearLayers();
    if (chosen.has("grids")) for (const cell of ground.grids) shapeOf(L, cell.geometry, { color: "#5b6b7c", weight: 1, fillOpacity: 0.04 }, `${cell.code} ${cell.name}`).addTo(under.grids);
    if (chosen.has("flights")) {
      const flown = ground.flights.filter((each) => Date.parse(each.dated_at) <= end() + 60e3);
      for (const each of flown) shapeOf(L, each.geometry, { color: "#cc79a7", weight: 2, fillOpacity: 0.12, dashArray: "6 4" }, `${each.name} · ${when(each.dated_at)} · ${t("map.pictures", { n: each.pictures })}`).addTo(under.flights);
    }
    await drawCovers();
  };
  const toggle = (name, tick) => {
    if (tick.checked) chosen.add(name);
    else chosen.delete(name);
    localStorage.setItem(KEPT, JSON.stringify([...chosen]));
    draw();
    drawUnder();
  };
  const toggles = ["cameras", "incidents", "cases", ...LAYERS].map((name) => {
    const tick = h("input", { type: "checkbox", name, checked: chosen.has(name), onchange: () => toggle(name, tick) });
    return h("label", {}, tick, ` ${t(`map.layer.${name}`)}`);
  });
  const tools = page.querySelector(".maptools");
  tools.append(h("fieldset", { class: "layers" }, h("legend", { class: "hidden" }, t("map.layers")), toggles), covered);
  slider.addEventListener("input", () => {
    draw();
    drawUnder();
  });
  map.on("zoomend", draw);
  map.on("moveend", drawCovers);
  await load();
  ground = await get("/api/map/layers");
  for (const [name, has] of [["grids", ground.grids.length], ["flights", ground.flights.length], ["covers", ground.covers]]) {
    const tick = tools.querySelector(`[name=${name}]`);
    tick.disabled = !has;
    if (!has) tick.parentElement.title = t("map.not_configured");
  }
  const asked = new URLSearchParams(location.search);
  const flown = ground.flights.flatMap((each) => shapeOf(L, each.geometry, {}, "").getLatLngs().flat(2));
  const points = [...[...found.cameras, ...found.incidents].map((each) => [each.lat_deg, each.lon_deg]), ...flown];
  if (asked.get("lat")) map.setView([Number(asked.get("lat")), Number(asked.get("lon"))], 17);
  else if (points.length) map.fitBounds(L.latLngBounds(points).pad(0.2), { maxZoom: 17 });
  await drawUnder();
  return () => map.remove();
}

function groups(map, incidents) {
  const cells = new Map();
  for (const each of incidents) {
    const point = map.project([each.lat_deg, each.lon_deg]);
    const key = `${Math.floor(point.x / CELL_PX)},${Math.floor(point.y / CELL_PX)}`;
    cells.set(key, [...(cells.get(key) ?? []), each]);
  }
  return [...cells.values()];
}

function groupOf(L, map, group) {
  const mean = (name) => group.reduce((sum, each) => sum + each[name], 0) / group.length;
  const place = [mean("lat_deg"), mean("lon_deg")];
  if (group.length > 1) {
    const icon = L.divIcon({ className: "cluster", html: "", iconSize: [34, 34] });
    const marker = L.marker(place, { icon, title: t("map.cluster", { n: group.length }) });
    marker.on("add", () => (marker.getElement().textContent = group.length));
    const lines = (some) => some.map((each) => h("div", {}, line(each)));
    // From here on nearer does not mean further apart: what lies on one spot is told as a list.
    const list = () => L.popup({ maxHeight: 240 }).setLatLng(place).setContent(h("div", {}, lines(group))).openOn(map);
    marker.on("click", () => (map.getZoom() >= 18 ? list() : map.setView(place, map.getZoom() + 2)));
    return marker.bindTooltip(() => h("div", {}, t("map.cluster", { n: group.length }), lines(group.slice(0, 8))));
  }
  const [one] = group;
  const dot = L.circleMarker(place, { radius: one.urgent ? 10 : 8, color: one.urgent ? "#c04a00" : "#12324f", weight: one.urgent ? 4 : 2, fillColor: COLOURS[one.verdict], fillOpacity: 0.9 });
  return dot.bindTooltip(() => h("div", {}, line(one), h("br"), [one.case_number, word(one.case_state)].filter(Boolean).join(" · "), h("br"), when(one.opened_at)));
}

// GeoJSON writes longitude first, Leaflet latitude.
function shapeOf(L, geometry, style, text) {
  const turn = (value) => (typeof value[0] === "number" ? [value[1], value[0]] : value.map(turn));
  return L.polygon(turn(geometry.coordinates), style).bindTooltip(text, { sticky: true });
}

const line = (each) => `${each.urgent ? "▲ " : ""}${word(each.subtype)} · ${word(each.verdict)} · ${each.source_id}`;

function cameraOf(L, camera) {
  const down = camera.state === "down";
  const square = L.marker([camera.lat_deg, camera.lon_deg], { icon: L.divIcon({ className: `mapcamera ${down ? "down" : ""}`, html: "", iconSize: [18, 18] }), title: camera.id });
  return square.bindTooltip(`${camera.id} · ${word(camera.state)}`);
}
