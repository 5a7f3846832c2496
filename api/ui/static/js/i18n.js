// Texts in two languages. A key that is missing shows itself, and fails a test.

const KEPT = "xunjie.language";
let texts = {};
export let language = localStorage.getItem(KEPT) ?? (navigator.language.startsWith("zh") ? "zh" : "en");

export async function loadTexts() {
  const answer = await fetch(`/assets/texts/${language}.json`);
  texts = await answer.json();
  document.documentElement.lang = language;
}

export async function useLanguage(name) {
  language = name;
  localStorage.setItem(KEPT, name);
  await loadTexts();
}

export const has = (key) => key in texts;

export function t(key, values = {}) {
  const text = texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

// Words of the records, such as a subtype or a state: "word.mobile_vendor".
export function word(value) {
  if (value === null || value === undefined || value === "") return "";
  return texts[`word.${value}`] ?? String(value).replaceAll("_", " ");
}

export function when(iso) {
  if (!iso) return "";
  const locale = language === "zh" ? "zh-CN" : "en-GB";
  return new Date(iso).toLocaleString(locale, { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
}

export function ago(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 90) return t("span.s", { n: Math.round(seconds) });
  if (seconds < 5400) return t("span.min", { n: Math.round(seconds / 60) });
  if (seconds < 129600) return t("span.h", { n: (seconds / 3600).toFixed(1) });
  return t("span.d", { n: (seconds / 86400).toFixed(1) });
}
