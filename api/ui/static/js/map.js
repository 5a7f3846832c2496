// The map: cameras and incidents, grouped where they lie close; works without tiles.

import { get, query } from "./api.js";
import { field, h, select, show } from "./dom.js";
import { t, when, word } from "./i18n.js";

const SPANS = [24, 24 * 7, 24 * 30, 24 * 366];
const CELL_PX = 46;
const COLOURS = { pending: "#e69f00", confirmed: "#009e73", corrected: "#009e73", rejected: "#7a7f87" };

export async function open(page) {
  if (!document.querySelector("link[data-leaflet]")) {
    document.head.append(h("link", { rel: "stylesheet", href: "/assets/leaflet/leaflet/leaflet.css", "data-leaflet": true }));
  }
  const { leaflet: L } = await import("/assets/leaflet/index.js");
  const note = h("span", { class: "quiet", "aria-live": "polite" });
  const slider = h("input", { type: "range", min: "0", max: "100", value: "100", "aria-label": t("map.until") });
  const until = h("span", {});
  let hours = SPANS[2];
  const box = h("div", { id: "map", role: "application", "aria-label": t("page.map") });
  const span = select(SPANS.map((n) => [String(n), t("map.last", { n })]), String(hours), (value) => {
    hours = Number(value);
    load();
  });
  show(page, h("div", { class: "filters maptools" }, h("h1", { class: "hidden" }, t("page.map")), field(t("map.hours"), span), field(t("map.until"), slider), until, note), box);
  const map = L.map(box, { preferCanvas: true, worldCopyJump: true, attributionControl: false }).setView([34.6, 119.2], 12);
  L.control.scale({ imperial: false }).addTo(map);
  const layer = L.layerGroup().addTo(map);
  let found = { cameras: [], incidents: [], unplaced: 0 };
  const end = () => Date.now() - ((100 - Number(slider.value)) / 100) * hours * 3600e3;
  const draw = () => {
    until.textContent = when(new Date(end()).toISOString());
    const seen = found.incidents.filter((each) => Date.parse(each.opened_at) <= end() + 60e3);
    layer.clearLayers();
    for (const camera of found.cameras) cameraOf(L, camera).addTo(layer);
    for (const group of groups(map, seen)) groupOf(L, map, group).addTo(layer);
    note.textContent = `${found.cameras.length} ${t("map.cameras")} · ${seen.length} ${t("map.incidents")} · ${t("map.unplaced", { n: found.unplaced })}${found.cameras.length + seen.length ? "" : ` · ${t("map.empty")}`}`;
  };
  const load = async () => {
    found = await get(`/api/map${query({ opened_from: new Date(Date.now() - hours * 3600e3).toISOString() })}`);
    if (found.tile_url && !map.tiled) map.tiled = L.tileLayer(found.tile_url).addTo(map);
    draw();
  };
  slider.addEventListener("input", draw);
  map.on("zoomend", draw);
  await load();
  const asked = new URLSearchParams(location.search);
  const points = [...found.cameras, ...found.incidents].map((each) => [each.lat_deg, each.lon_deg]);
  if (asked.get("lat")) map.setView([Number(asked.get("lat")), Number(asked.get("lon"))], 17);
  else if (points.length) map.fitBounds(L.latLngBounds(points).pad(0.2), { maxZoom: 17 });
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
    const apart = () => map.getZoom() >= map.getMaxZoom() || (map.getZoom() >= 18 ? marker.openPopup() : map.setView(place, map.getZoom() + 2));
    marker.on("click", apart);
    return marker.bindTooltip(() => h("div", {}, t("map.cluster", { n: group.length }), group.slice(0, 8).map((each) => h("div", {}, line(each)))));
  }
  const [one] = group;
  const dot = L.circleMarker(place, { radius: one.urgent ? 10 : 8, color: one.urgent ? "#c04a00" : "#12324f", weight: one.urgent ? 4 : 2, fillColor: COLOURS[one.verdict], fillOpacity: 0.9 });
  return dot.bindTooltip(() => h("div", {}, line(one), h("br"), one.case_number ?? "", h("br"), when(one.opened_at)));
}

const line = (each) => `${each.urgent ? "▲ " : ""}${word(each.subtype)} · ${word(each.verdict)} · ${each.source_id}`;

function cameraOf(L, camera) {
  const down = camera.state === "down";
  const square = L.marker([camera.lat_deg, camera.lon_deg], { icon: L.divIcon({ className: `mapcamera ${down ? "down" : ""}`, html: "", iconSize: [18, 18] }), title: camera.id });
  return square.bindTooltip(`${camera.id} · ${word(camera.state)}`);
}
