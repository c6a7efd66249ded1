/** Addresses people already have in their bookmarks and alert notifications: those of Prometheus' own pages. */
import { parseDuration } from "../base/duration";

export interface Redirect {
  path: string;
  params: URLSearchParams;
}

const SAME_PAGE: Record<string, string> = {
  "/query": "/explore",
  "/graph": "/explore",
  "/rules": "/alerts",
  "/service-discovery": "/targets",
  "/index.html": "/",
};

function fromGraph(old: URLSearchParams): URLSearchParams {
  const out = new URLSearchParams();
  const panels = [...old.keys()].flatMap((key) => /^g(\d+)\.expr$/.exec(key)?.[1] ?? []).sort((a, b) => Number(a) - Number(b));
  for (const n of panels) out.append("q", old.get(`g${n}.expr`)!);
  const first = panels[0];
  if (first === undefined) return out;
  const get = (name: string) => old.get(`g${first}.${name}`);
  // tab: 0 or "graph" is the graph, 1 or "table" the table; the table is Prometheus' default.
  const tab = get("tab");
  out.set("tab", tab === "0" || tab === "graph" ? "graph" : "table");
  if (get("stacked") === "1") out.set("stack", "1");
  const length = get("range_input");
  const ms = length ? parseDuration(length) : null;
  const end = get("end_input") ?? get("moment_input");
  const endMs = end ? Date.parse(`${end.trim().replace(" ", "T")}${/[Zz]|[+-]\d\d:?\d\d$/.test(end) ? "" : "Z"}`) : NaN;
  if (!Number.isNaN(endMs)) {
    out.set("from", new Date(endMs - (ms ?? 3600_000)).toISOString());
    out.set("to", new Date(endMs).toISOString());
  } else if (length && ms) {
    out.set("from", `now-${length}`);
    out.set("to", "now");
  }
  return out;
}

/** Returns where an old address leads, or null when the address is one of ours. */
export function redirectOf(path: string, params: URLSearchParams): Redirect | null {
  const clean = path.length > 1 ? path.replace(/\/+$/, "") : path;
  const target = SAME_PAGE[clean];
  if (target === "/explore") return { path: target, params: fromGraph(params) };
  if (target) return { path: target, params };
  if (clean === "/alerts" && params.has("search")) {
    const next = new URLSearchParams(params);
    next.set("q", params.get("search")!);
    next.delete("search");
    return { path: clean, params: next };
  }
  return clean === path ? null : { path: clean, params };
}
