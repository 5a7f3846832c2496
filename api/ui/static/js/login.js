// Signing in, and the new password that a one-time password asks for.

import { call, get, loadSession, session } from "./api.js";
import { field, h, show } from "./dom.js";
import { t } from "./i18n.js";

export function open(page) {
  if (session?.must_change) return changePassword(page);
  const name = h("input", { name: "name", autocomplete: "username", required: true, autofocus: true });
  const password = h("input", { name: "password", type: "password", autocomplete: "current-password", required: true });
  const fault = new URLSearchParams(location.search).get("fault");
  const told = ["denied", "expired", "no_role", "away", "refused"].includes(fault) ? fault : "failed";
  const card = form(page, t("login.title"), [field(t("login.name"), name), field(t("login.password"), password)], t("login.enter"), async () => {
    await call("POST", "/api/session", { name: name.value, password: password.value });
    await loadSession();
    if (session.must_change) changePassword(page);
    else location.assign(new URLSearchParams(location.search).get("to")?.startsWith("/pages/") ? new URLSearchParams(location.search).get("to") : "/pages/review");
  });
  if (fault) card.querySelector("[role=alert]").textContent = t(`login.fault.${told}`);
  get("/api/session/ways").then(({ oidc }) => {
    if (oidc) card.append(h("p", { class: "or" }, t("login.or")), h("a", { class: "button", href: "/oidc/start", "data-act": "oidc" }, t("login.oidc", { name: oidc })));
  });
}

function changePassword(page) {
  const old = h("input", { name: "old", type: "password", autocomplete: "current-password", required: true });
  const fresh = h("input", { name: "new", type: "password", autocomplete: "new-password", required: true, minLength: 8 });
  const again = h("input", { name: "again", type: "password", autocomplete: "new-password", required: true });
  form(page, t("login.change"), [h("p", {}, t("login.why")), field(t("login.old"), old), field(t("login.new"), fresh), field(t("login.again"), again)], t("login.save"), async () => {
    if (fresh.value !== again.value) throw new Error(t("login.differ"));
    await call("POST", "/api/session/password", { old: old.value, new: fresh.value });
    location.assign("/pages/review");
  });
}

function form(page, title, fields, label, act) {
  const fault = h("p", { class: "bad", role: "alert" });
  const element = h(
    "form",
    {
      class: "card login",
      onsubmit: async (event) => {
        event.preventDefault();
        fault.textContent = "";
        try {
          await act();
        } catch (error) {
          fault.textContent = error.message;
        }
      },
    },
    h("h1", {}, title),
    fields,
    fault,
    h("button", { class: "main" }, label),
  );
  show(page, element);
  element.querySelector("input")?.focus();
  return element;
}
