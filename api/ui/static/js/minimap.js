// Where the shown incident stands, beside the cameras and cells around it.

import { get } from "./api.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { leaflet } from "./leaflet.js";

const ZOOM = 15;

export class MiniMap {
  constructor() {
    this.box = h("div", { class: "minimap", role: "img", "aria-label": t("review.map") });
    this.link = h("a", { href: "/pages/map" }, t("review.open_map"));
    this.element = h("section", { hidden: true }, h("h2", {}, t("review.map")), this.box, this.link);
  }

  // Leaflet is loaded once, and never waited for: the verdict does not depend on it.
  async start() {
    const L = await leaflet();
    this.L = L;
    const quiet = { zoomControl: false, attributionControl: false, keyboard: false, scrollWheelZoom: false, preferCanvas: true, fadeAnimation: false, zoomAnimation: false };
    this.map = L.map(this.box, quiet).setView([0, 0], ZOOM);
    L.control.scale({ imperial: false }).addTo(this.map);
    this.spot = L.layerGroup().addTo(this.map);
    this.show(this.item);
    await this.around();
  }

  async around() {
    const { L, map } = this;
    const [{ cameras, tile_url }, { grids }] = await Promise.all([get("/api/map?limit=1"), get("/api/map/layers")]);
    if (!this.map) return;
    if (tile_url) L.tileLayer(tile_url).addTo(map);
    const turn = (value) => (typeof value[0] === "number" ? [value[1], value[0]] : value.map(turn));
    for (const cell of grids) L.polygon(turn(cell.geometry.coordinates), { color: "#5b6b7c", weight: 1, fillOpacity: 0.04, interactive: false }).addTo(map);
    for (const camera of cameras) L.marker([camera.lat_deg, camera.lon_deg], { icon: L.divIcon({ className: "mapcamera", html: "", iconSize: [14, 14] }), keyboard: false }).bindTooltip(camera.id).addTo(map);
  }

  show(item) {
    this.item = item;
    const placed = item?.lat_deg !== null && item?.lat_deg !== undefined;
    this.element.hidden = !placed;
    if (!placed || !this.map) return;
    const { L } = this;
    const place = [item.lat_deg, item.lon_deg];
    this.link.href = `/pages/map?lon=${item.lon_deg}&lat=${item.lat_deg}`;
    this.map.invalidateSize({ animate: false });
    this.map.setView(place, ZOOM, { animate: false });
    this.spot.clearLayers();
    const radius = item.incident.place.position?.error_radius_m ?? 0;
    if (radius > 0) L.circle(place, { radius, color: "#d55e00", weight: 1, fillOpacity: 0.08, interactive: false }).addTo(this.spot);
    L.circleMarker(place, { radius: 7, color: "#12324f", weight: 2, fillColor: "#e69f00", fillOpacity: 1, interactive: false }).addTo(this.spot);
  }

  stop() {
    this.map?.remove();
    this.map = null;
  }
}
