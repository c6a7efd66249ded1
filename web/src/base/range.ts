/**
 * A time range is two points; each is either fixed (epoch ms) or relative to now (offset ms, zero or negative).
 * Text grammar of a point: `now`, `now-1h`, `now-1d12h`, epoch milliseconds, or an ISO 8601 date and time.
 */
import { DAY, HOUR, MINUTE, SECOND, formatDuration, parseDuration } from "./duration";
import { formatStamp, pad2 } from "./clock";

export type TimePoint = { now: number } | { at: number };
export interface TimeRange {
  from: TimePoint;
  to: TimePoint;
}
/** A range with both ends resolved to epoch ms. */
export interface Span {
  from: number;
  to: number;
}

export const MIN_SPAN_MS = SECOND;
export const DEFAULT_RANGE: TimeRange = lastOf(30 * MINUTE);
export const PRESETS_MS = [
  5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY,
];

export function lastOf(ms: number): TimeRange {
  return { from: { now: -ms }, to: { now: 0 } };
}

export function fixed(from: number, to: number): TimeRange {
  return { from: { at: Math.round(from) }, to: { at: Math.round(to) } };
}

export function parsePoint(text: string): TimePoint | null {
  const trimmed = text.trim();
  if (trimmed === "now") return { now: 0 };
  if (trimmed.startsWith("now-")) {
    const back = parseDuration(trimmed.slice(4));
    return back === null ? null : { now: -back };
  }
  if (/^\d{10,}$/.test(trimmed)) return { at: Number(trimmed) };
  if (!/^\d{4}-\d{2}-\d{2}/.test(trimmed)) return null;
  const at = Date.parse(trimmed.includes("T") || trimmed.length === 10 ? trimmed : trimmed.replace(" ", "T"));
  return Number.isNaN(at) ? null : { at };
}

export function formatPoint(point: TimePoint): string {
  if ("at" in point) return new Date(point.at).toISOString();
  return point.now === 0 ? "now" : `now-${formatDuration(-point.now)}`;
}

/** Returns null when either end does not parse or the range is not at least a second long. */
export function parseRange(from: string, to: string, nowMs: number): TimeRange | null {
  const start = parsePoint(from);
  const end = parsePoint(to);
  if (!start || !end) return null;
  const range = { from: start, to: end };
  const span = resolve(range, nowMs);
  return span.to - span.from >= MIN_SPAN_MS ? range : null;
}

export function resolve(range: TimeRange, nowMs: number): Span {
  const point = (p: TimePoint) => ("at" in p ? p.at : nowMs + p.now);
  return { from: point(range.from), to: point(range.to) };
}

/** A live range ends at now: it moves with time and can be refreshed. */
export function isLive(range: TimeRange): boolean {
  return "now" in range.to && range.to.now === 0;
}

export function sameRange(a: TimeRange, b: TimeRange): boolean {
  return formatPoint(a.from) === formatPoint(b.from) && formatPoint(a.to) === formatPoint(b.to);
}

const LONG_UNIT = [["day", DAY], ["hour", HOUR], ["minute", MINUTE], ["second", SECOND]] as const;

export function describeRange(range: TimeRange): string {
  if (isLive(range) && "now" in range.from) {
    const ms = -range.from.now;
    const unit = LONG_UNIT.find(([, size]) => ms >= size && ms % size === 0);
    if (!unit) return `Last ${formatDuration(ms)}`;
    const count = ms / unit[1];
    return count === 1 ? `Last ${unit[0]}` : `Last ${count} ${unit[0]}s`;
  }
  const name = (p: TimePoint) => ("at" in p ? formatStamp(p.at) : formatPoint(p));
  if ("at" in range.from && "at" in range.to) {
    const from = formatStamp(range.from.at);
    const to = formatStamp(range.to.at);
    return from.slice(0, 10) === to.slice(0, 10) ? `${from} to ${to.slice(11)}` : `${from} to ${to}`;
  }
  return `${name(range.from)} to ${name(range.to)}`;
}

/** For narrow screens: `30m`, or the day and time of the start. */
export function shortRange(range: TimeRange): string {
  if (isLive(range) && "now" in range.from) return formatDuration(-range.from.now);
  return "at" in range.from ? formatStamp(range.from.at).slice(5, 16) : formatPoint(range.from);
}

/** factor 2 shows twice as much; a live range keeps its end at now. */
export function zoom(range: TimeRange, factor: number, nowMs: number): TimeRange {
  const span = resolve(range, nowMs);
  const length = Math.max(MIN_SPAN_MS, (span.to - span.from) * factor);
  if (isLive(range) && "now" in range.from) return lastOf(Math.round(length / SECOND) * SECOND);
  const middle = (span.from + span.to) / 2;
  return fixed(middle - length / 2, middle + length / 2);
}

/** Moves by a share of the length: -0.5 is half a window back. Going forward past now becomes live again. */
export function shift(range: TimeRange, share: number, nowMs: number): TimeRange {
  const span = resolve(range, nowMs);
  const length = span.to - span.from;
  const to = span.to + length * share;
  if (to >= nowMs) return lastOf(length);
  return fixed(to - length, to);
}

/** Value of an <input type="datetime-local">, in the zone of the browser. */
export function toLocalInput(ms: number): string {
  const d = new Date(ms);
  return `${d.getFullYear()}-${pad2(d.getMonth() + 1)}-${pad2(d.getDate())}T${pad2(d.getHours())}:${pad2(d.getMinutes())}:${pad2(d.getSeconds())}`;
}
