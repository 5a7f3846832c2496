// Requests to the service; the session's token goes with every writing one.

import { said } from "./told.js";

export let session = null;

export class ApiError extends Error {
  constructor(status, problem) {
    super(said(problem));
    this.status = status;
  }
}

export async function call(method, path, body, { raw = false } = {}) {
  const headers = {};
  const form = body instanceof FormData;
  if (body !== undefined && !form) headers["Content-Type"] = "application/json";
  if (method !== "GET" && session) headers["X-CSRF-Token"] = session.csrf;
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined || form ? body : JSON.stringify(body) });
  } catch {
    throw new ApiError(0, { code: "offline" });
  }
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    if (answer.status === 401 && session) {
      session = null;
      location.assign(`/pages/login?to=${encodeURIComponent(location.pathname)}`);
    }
    throw new ApiError(answer.status, problem.detail ? problem : { code: "no_answer", values: { status: answer.status } });
  }
  if (raw) return answer;
  return answer.status === 204 ? null : answer.json();
}

// A file as a form's field; the browser writes the form's own heading.
export async function upload(path, name, file) {
  const body = new FormData();
  body.append(name, file);
  return call("POST", path, body);
}

export const get = (path) => call("GET", path);
export const post = (path, body) => call("POST", path, body ?? {});

export function query(values) {
  const pairs = Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return pairs.length ? `?${new URLSearchParams(pairs)}` : "";
}

export async function loadSession() {
  try {
    session = await call("GET", "/api/session");
  } catch (error) {
    if (error.status !== 401) throw error;
    session = null;
  }
  return session;
}

export const may = (permission) => session !== null && session.permissions.includes(permission);
export const picture = (incident, evidence) => `/api/incidents/${incident}/evidence/${evidence}`;

export async function download(path, name) {
  const answer = await call("GET", path, undefined, { raw: true });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
