/**
 * Where we are: the path below <base href> and the query string. The History API is the only store of page state, so
 * back, forward, reload and a shared link all lead to the same view.
 */
import { computed, signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { type Schema, decodeState, encodeState, toQuery } from "../base/urlstate";
import { redirectOf } from "./redirect";

/** Parameters that belong to the frame and travel from page to page. */
export const FRAME_PARAMS = ["from", "to", "refresh"] as const;

const basePath = new URL(document.baseURI).pathname;

function readPath(): string {
  const path = location.pathname;
  return path.startsWith(basePath) ? `/${path.slice(basePath.length)}` : path;
}

export const path = signal(readPath());
const search = signal(location.search);
export const params = computed(() => new URLSearchParams(search.value));

function apply(target: string, query: string, replace: boolean): void {
  const url = basePath + target.replace(/^\//, "") + query;
  if (replace) history.replaceState(null, "", url);
  else if (url !== location.pathname + location.search) history.pushState(null, "", url);
  path.value = target;
  search.value = query;
}

export function startRouter(): void {
  const sync = () => {
    const redirect = redirectOf(readPath(), new URLSearchParams(location.search));
    if (redirect) return apply(redirect.path, toQuery(redirect.params), true);
    path.value = readPath();
    search.value = location.search;
  };
  addEventListener("popstate", sync);
  sync();
}

/** Address of another page with the frame's parameters kept. */
export function href(target: string, extra: Record<string, string | string[]> = {}): string {
  const out = new URLSearchParams();
  for (const [key, value] of Object.entries(extra)) for (const v of [value].flat()) out.append(key, v);
  for (const key of FRAME_PARAMS) {
    const value = params.value.get(key);
    if (value !== null && !out.has(key)) out.set(key, value);
  }
  return target.replace(/^\//, "") + toQuery(out);
}

export function navigate(relative: string): void {
  const url = new URL(relative, document.baseURI);
  apply(`/${url.pathname.slice(basePath.length)}`, url.search, false);
  document.querySelector("main")?.scrollTo?.(0, 0);
  scrollTo(0, 0);
}

export function setParams(next: URLSearchParams, replace = false): void {
  apply(path.value, toQuery(next), replace);
}

/** Turns plain left clicks on links of this application into navigation without a reload. */
export function onLinkClick(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element).closest?.("a[href]") as HTMLAnchorElement | null;
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  const raw = link.getAttribute("href")!;
  if (link.dataset.external !== undefined || raw.startsWith("#")) return;
  if (!link.pathname.startsWith(basePath)) return;
  event.preventDefault();
  navigate(link.href);
}

/** State of a page, read from and written to the query string. */
export function usePageState<S extends object>(schema: Schema<S>): [S, (patch: Partial<S>, replace?: boolean) => void] {
  const current = params.value;
  const state = useMemo(() => decodeState(schema, current), [current]);
  const set = (patch: Partial<S>, replace = false) => {
    const latest = decodeState(schema, params.peek());
    setParams(encodeState(schema, { ...latest, ...patch }, params.peek()), replace);
  };
  return [state, set];
}
