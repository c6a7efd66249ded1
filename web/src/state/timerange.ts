/** The global time range and the moment that counts as now. Both are the same for everything on the page. */
import { computed, signal } from "@preact/signals";
import {
  DEFAULT_RANGE, type TimeRange, fixed, formatPoint, isLive, parseRange, resolve, sameRange, shift, zoom,
} from "../base/range";
import { params, setParams } from "./router";

export type Refresh = "live" | "off" | number;
export const REFRESH_CHOICES: Refresh[] = ["live", "off", 5, 15, 30, 60, 300];

/** The latest moment for which data was asked. */
export const now = signal(Date.now());
/** Counts explicit wishes to load again: they also reload a fixed range, which time alone does not. */
export const reloads = signal(0);

export const range = computed<TimeRange>(() => {
  const from = params.value.get("from");
  if (from === null) return DEFAULT_RANGE;
  return parseRange(from, params.value.get("to") ?? "now", Date.now()) ?? DEFAULT_RANGE;
});

export const span = computed(() => resolve(range.value, now.value));

export const refresh = computed<Refresh>(() => {
  const raw = params.value.get("refresh");
  if (raw === null || raw === "live") return "live";
  if (raw === "off") return "off";
  const seconds = Number(raw.replace(/s$/, ""));
  return seconds >= 1 && seconds <= 86400 ? seconds : "live";
});

const MAX_BACK = 30;
const back = signal<TimeRange[]>([]);
export const canZoomBack = computed(() => back.value.length > 0);

function write(next: TimeRange): void {
  const out = new URLSearchParams(params.peek());
  out.delete("from");
  out.delete("to");
  if (!sameRange(next, DEFAULT_RANGE)) {
    out.set("from", formatPoint(next.from));
    out.set("to", formatPoint(next.to));
  }
  now.value = Date.now();
  setParams(out);
}

export function setRange(next: TimeRange): void {
  const current = range.peek();
  if (sameRange(next, current)) return;
  back.value = [...back.value.slice(1 - MAX_BACK), current];
  write(next);
}

export function zoomBack(): void {
  const previous = back.value.at(-1);
  if (!previous) return;
  back.value = back.value.slice(0, -1);
  write(previous);
}

export function zoomTo(fromMs: number, toMs: number): void {
  if (toMs - fromMs >= 1000) setRange(fixed(fromMs, toMs));
}

export function zoomBy(factor: number): void {
  setRange(zoom(range.peek(), factor, Date.now()));
}

export function shiftBy(share: number): void {
  setRange(shift(range.peek(), share, Date.now()));
}

export function setRefresh(next: Refresh): void {
  const out = new URLSearchParams(params.peek());
  if (next === "live") out.delete("refresh");
  else out.set("refresh", next === "off" ? "off" : `${next}s`);
  setParams(out);
}

export function refreshNow(): void {
  now.value = Date.now();
  reloads.value++;
}

/** Moves now forward, unless nobody is looking. */
export function advance(): void {
  if (!document.hidden) now.value = Date.now();
}

/** True while the data of the range can still change. */
export const follows = computed(() => isLive(range.value));
