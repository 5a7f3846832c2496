// Small helpers to build elements; text is always set as text, never as markup.

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function show(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function toast(text, kind = "") {
  const note = h("div", { class: `toast ${kind}` }, text);
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), kind === "bad" ? 8000 : 4000);
}

export function dialog(title, content, actions) {
  const box = h("dialog", { "aria-label": title });
  const close = () => {
    box.close();
    box.remove();
  };
  const buttons = actions.map(([label, act, kind]) =>
    h("button", { type: "button", class: kind ?? "", onclick: async () => (await act()) !== false && close() }, label),
  );
  box.append(h("h2", {}, title), content, h("div", { class: "row end" }, buttons));
  box.addEventListener("cancel", () => box.remove());
  document.body.append(box);
  box.showModal();
  return { box, close };
}

// A head stands over its column's numbers as they do: to the right.
export function table(heads, rows, attributes = {}) {
  const kind = (n) => (rows[0]?.children[n]?.classList.contains("number") ? "number" : "");
  return h(
    "div",
    { class: "scroll", ...attributes },
    h("table", {}, h("thead", {}, h("tr", {}, heads.map((head, n) => h("th", { scope: "col", class: kind(n) }, head)))), h("tbody", {}, rows)),
  );
}

export function field(label, control) {
  return h("label", { class: "field" }, h("span", {}, label), control);
}

export function select(options, value, onchange) {
  const box = h("select", { onchange: () => onchange(box.value) }, options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)));
  return box;
}
