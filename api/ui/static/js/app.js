// The shell: who is signed in, which page is shown, in which language.

import { call, loadSession, may, session } from "./api.js";
import { h, show, toast } from "./dom.js";
import { language, loadTexts, t, useLanguage } from "./i18n.js";

const PAGES = [
  ["review", "review"],
  ["cases", "view"],
  ["cameras", "view"],
  ["map", "view"],
  ["flights", "view"],
  ["figures", "view"],
  ["models", "view"],
  ["audit", "audit"],
  ["users", "users"],
];

const bar = document.getElementById("bar");
const page = document.getElementById("page");
let leave = () => {};

async function open(name) {
  leave();
  leave = () => {};
  document.title = `${t(`page.${name}`)} · Xunjie 巡街`;
  document.body.dataset.page = name;
  drawBar(name);
  show(page, h("p", { class: "quiet" }, t("loading")));
  const module = await import(`./${name}.js`);
  leave = (await module.open(page)) ?? (() => {});
  document.body.dataset.ready = name;
}

function drawBar(current) {
  const links = PAGES.filter(([, permission]) => may(permission) && !session.must_change).map(([name]) =>
    h("a", { href: `/pages/${name}`, "aria-current": name === current ? "page" : null, onclick: (event) => follow(event, name) }, t(`page.${name}`)),
  );
  const other = language === "zh" ? "en" : "zh";
  const speak = h("button", { type: "button", class: "plain", lang: other, onclick: () => speakOther(other) }, other === "zh" ? "中文" : "English");
  const person = session && [
    h("span", { class: "person" }, `${session.name} · ${t(`role.${session.role}`)}`),
    h("button", { type: "button", class: "plain", onclick: signOut }, t("sign_out")),
  ];
  show(bar, h("a", { class: "brand", href: "/pages/review" }, h("img", { src: "/assets/icon.svg", alt: "" }), t("brand")), h("nav", { "aria-label": t("pages") }, links), h("span", { class: "grow" }), speak, person);
}

async function follow(event, name) {
  if (event.ctrlKey || event.metaKey || event.button) return;
  event.preventDefault();
  history.pushState({}, "", `/pages/${name}`);
  await route();
}

async function speakOther(name) {
  await useLanguage(name);
  await route();
}

async function signOut() {
  await call("DELETE", "/api/session");
  location.assign("/pages/login");
}

async function route() {
  delete document.body.dataset.ready;
  let name = location.pathname.split("/")[2] ?? "review";
  if (!session || session.must_change) name = "login";
  const needed = PAGES.find(([known]) => known === name);
  if (needed && !may(needed[1])) name = "cases";
  try {
    await open(name);
  } catch (error) {
    toast(error.message, "bad");
    show(page, h("p", { class: "bad" }, error.message));
    throw error;
  }
}

addEventListener("popstate", route);
addEventListener("unhandledrejection", (event) => toast(event.reason?.message ?? String(event.reason), "bad"));
await Promise.all([loadTexts(), loadSession()]);
await route();
