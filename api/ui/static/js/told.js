// What the service tells by a code and values, in the operator's language; by its English sentence
// where it has no code.

import { ago, has, t, when, word } from "./i18n.js";

const FIGURES = { AP50: "ap50", "false alarms a picture": "false_alarms", "recall at the threshold": "recall", "false incidents a camera-hour": "false_incidents", "share of incidents found": "found", "seconds to incident": "time" };
export const figureName = (name) => (FIGURES[name] ? t(`models.figure.${FIGURES[name]}`) : name);
export const sideName = (name) => (["frozen", "newest", "learned", "clips"].includes(name) ? t(`models.side.${name}`) : name);
export const classNames = (names) => names.split("+").map(word).join(" + ");
export const permissionName = (name) => t(`permission.${name}`);

// The last name of a field's path, such as the name of body.settings.zones.0.name.
function fieldName(path) {
  const name = path.split(".").filter((part) => !/^\d+$/.test(part)).at(-1) ?? "";
  return has(`field.${name}`) ? t(`field.${name}`) : name;
}

const many = (one) => (names) => names.split(", ").map(one).join(t("comma"));

// Values that are not shown as they are, by their names.
const SHOWN = {
  answer: word,
  at: when,
  classes: many(word),
  field: fieldName,
  figure: figureName,
  obstacle: (name) => t(`models.obstacle.${name}`),
  permission: permissionName,
  scopes: many(permissionName),
  side: sideName,
  state: word,
  things: classNames,
  to: word,
  wait_s: ago,
};

export function said({ code, values = {}, detail = "", faults = [] }) {
  if (!code || !has(`problem.${code}`)) return detail;
  const shown = { detail };
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined) shown[name] = "";
    else if (typeof value === "object") shown[name] = said(value); // the cause
    else shown[name] = SHOWN[name] ? SHOWN[name](value) : value;
  }
  const lines = faults.map((fault) => t("told.field", { field: fieldName(fault.field), what: said(fault) }));
  return [t(`problem.${code}`, shown), ...lines].join(" ");
}
