// The machines that share the cameras; nothing where one works alone.

import { get } from "./api.js";
import { h, show, table } from "./dom.js";
import { ago, t } from "./i18n.js";

export async function showNodes(place) {
  const nodes = await get("/api/nodes");
  if (nodes.length === 0) return show(place);
  const heads = ["name", "host", "state", "cameras", "rate", "capacity", "seen"].map((name) => t(`nodes.${name}`));
  return show(place, h("h2", {}, t("nodes.title")), table(heads, nodes.map(row), { id: "nodes" }), h("p", {}, h("small", {}, t("nodes.hint"))));
}

function row(node) {
  const state = !node.alive ? "nodes.gone" : node.same_cameras ? "nodes.alive" : "nodes.differs";
  return h(
    "tr",
    { "data-node": node.name },
    h("td", {}, node.address && !node.this ? h("a", { href: `${node.address}/pages/cameras` }, node.name) : node.name, node.this && ` (${t("nodes.this")})`),
    h("td", {}, node.host),
    h("td", {}, h("span", { class: `badge ${node.alive ? (node.same_cameras ? "live" : "stalled") : "down"}` }, t(state))),
    h("td", {}, node.cameras),
    h("td", {}, node.looks_per_s.toFixed(1)),
    h("td", {}, node.capacity),
    h("td", {}, ago((Date.now() - Date.parse(node.seen_at)) / 1000)),
  );
}
