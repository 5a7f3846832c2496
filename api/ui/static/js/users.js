// Users and API keys.

import { call, get, post } from "./api.js";
import { dialog, field, h, select, show, table, toast } from "./dom.js";
import { t, when } from "./i18n.js";
import { permissionName } from "./told.js";

const ROLES = ["viewer", "operator", "supervisor", "engineer", "administrator"];
const SCOPES = ["view", "review", "deliver", "export", "cameras", "models", "operate", "frames", "exchange"];

export async function open(page) {
  const people = h("div");
  const keys = h("div");
  const load = async () => {
    const [users, machines] = await Promise.all([get("/api/users"), get("/api/keys")]);
    show(people, table(["name", "role", "state", "last"].map((name) => t(`users.${name}`)).concat(""), users.map((user) => userOf(user, load))));
    show(keys, table([t("users.name"), t("keys.scopes"), t("keys.by"), t("keys.used"), ""], machines.map((key) => keyOf(key, load))));
  };
  show(
    page,
    h("h1", {}, t("page.users")),
    h("p", { class: "row" }, h("button", { type: "button", class: "main", "data-act": "add", onclick: () => addUser(load) }, t("users.add"))),
    people,
    h("h1", {}, h("br"), t("keys.title")),
    h("p", { class: "row" }, h("button", { type: "button", onclick: () => addKey(load) }, t("keys.add"))),
    keys,
  );
  await load();
}

async function attempt(act) {
  try {
    return await act();
  } catch (error) {
    toast(error.message, "bad");
    return null;
  }
}

function tell(title, secret) {
  dialog(title, h("p", {}, h("code", { class: "secret" }, secret)), [[t("close"), () => {}, "main"]]);
}

function userOf(user, load) {
  const locked = user.locked_until && Date.parse(user.locked_until) > Date.now();
  const state = user.disabled ? "disabled" : locked ? "locked" : user.must_change ? "fresh" : "ok";
  const change = (body) => attempt(() => call("PATCH", `/api/users/${user.name}`, body)).then(load);
  const reset = () => attempt(async () => {
    const { one_time_password } = await post(`/api/users/${user.name}/password`);
    tell(t("users.password", { name: user.name }), one_time_password);
  }).then(load);
  const role = select(ROLES.map((name) => [name, t(`role.${name}`)]), user.role, (value) => change({ role: value }));
  role.setAttribute("aria-label", t("users.role"));
  return h("tr", { "data-user": user.name },
    h("td", {}, user.name), h("td", {}, role), h("td", {}, h("span", { class: `badge ${state === "ok" ? "" : "pending"}` }, t(`users.${state}`))), h("td", {}, when(user.last_login_at)),
    h("td", {}, h("button", { type: "button", onclick: reset }, t("users.reset")), " ", h("button", { type: "button", class: "no", onclick: () => change({ disabled: !user.disabled }) }, t(user.disabled ? "users.enable" : "users.disable"))),
  );
}

function keyOf(key, load) {
  return h("tr", {}, h("td", {}, key.name), h("td", {}, key.scopes.map(permissionName).join(t("comma"))), h("td", {}, key.created_by), h("td", {}, when(key.used_at)), h("td", {}, key.revoked_at ? t("keys.revoked") : h("button", { type: "button", class: "no", onclick: () => attempt(() => call("DELETE", `/api/keys/${key.id}`)).then(load) }, t("keys.revoke"))));
}

function addUser(load) {
  const name = h("input", { name: "name", required: true, maxLength: 64 });
  const role = select(ROLES.map((each) => [each, t(`role.${each}`)]), "operator", () => {});
  dialog(t("users.add"), h("div", {}, field(t("users.name"), name), field(t("users.role"), role)), [
    [t("cancel"), () => {}],
    [t("users.add"), async () => {
      const made = await attempt(() => post("/api/users", { name: name.value, role: role.value }));
      if (!made) return false;
      tell(t("users.password", { name: made.user.name }), made.one_time_password);
      await load();
      return true;
    }, "main"],
  ]);
}

function addKey(load) {
  const name = h("input", { required: true, maxLength: 64 });
  const scopes = SCOPES.map((scope) => [scope, h("input", { type: "checkbox" })]);
  dialog(t("keys.add"), h("div", {}, field(t("users.name"), name), h("p", {}, t("keys.scopes")), h("div", { class: "row" }, scopes.map(([scope, box]) => h("label", {}, box, permissionName(scope))))), [
    [t("cancel"), () => {}],
    [t("keys.add"), async () => {
      const chosen = scopes.filter(([, box]) => box.checked).map(([scope]) => scope);
      const made = await attempt(() => post("/api/keys", { name: name.value, scopes: chosen }));
      if (!made) return false;
      tell(t("keys.secret", { name: made.key.name }), made.secret);
      await load();
      return true;
    }, "main"],
  ]);
}
