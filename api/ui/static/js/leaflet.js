// Leaflet of NiceGUI's wheel, with its style sheet.

import { h } from "./dom.js";

export async function leaflet() {
  if (!document.querySelector("link[data-leaflet]")) {
    document.head.append(h("link", { rel: "stylesheet", href: "/assets/leaflet/leaflet/leaflet.css", "data-leaflet": true }));
  }
  return (await import("/assets/leaflet/index.js")).leaflet;
}
