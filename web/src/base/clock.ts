/** Points in time for people: local zone, 24 hours, ISO order. The same moment in UTC goes to tooltips. */
import { DAY, HOUR, MINUTE, SECOND, describeDuration } from "./duration";

export function pad2(n: number): string {
  return n < 10 ? `0${n}` : String(n);
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `2026-11-21 14:05:09` */
export function formatStamp(ms: number): string {
  const d = new Date(ms);
  return `${d.getFullYear()}-${pad2(d.getMonth() + 1)}-${pad2(d.getDate())} ${formatTime(ms)}`;
}

/** `14:05:09` */
export function formatTime(ms: number): string {
  const d = new Date(ms);
  return `${pad2(d.getHours())}:${pad2(d.getMinutes())}:${pad2(d.getSeconds())}`;
}

export function formatUtc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** `12s ago`, `in 3m`, `now` */
export function formatAgo(ms: number, nowMs: number): string {
  const diff = nowMs - ms;
  if (Math.abs(diff) < SECOND) return "now";
  return diff > 0 ? `${describeDuration(coarse(diff))} ago` : `in ${describeDuration(coarse(-diff))}`;
}

function coarse(ms: number): number {
  return ms < MINUTE ? Math.round(ms / SECOND) * SECOND : ms;
}

/** Name and offset of the browser's zone: `Europe/Berlin, UTC+01:00`. */
export function zoneName(nowMs: number): string {
  const minutes = -new Date(nowMs).getTimezoneOffset();
  const sign = minutes < 0 ? "-" : "+";
  const offset = `UTC${sign}${pad2(Math.floor(Math.abs(minutes) / 60))}:${pad2(Math.abs(minutes) % 60)}`;
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return name === "UTC" ? "UTC" : `${name}, ${offset}`;
}

/** Labels of a time axis: only what changes, and the date where a day begins. */
export function axisLabels(splitsS: number[], stepS: number): string[] {
  let lastDay = "";
  return splitsS.map((s) => {
    const d = new Date(s * SECOND);
    const day = `${MONTHS[d.getMonth()]} ${d.getDate()}`;
    const clock = `${pad2(d.getHours())}:${pad2(d.getMinutes())}`;
    const midnight = d.getHours() === 0 && d.getMinutes() === 0 && d.getSeconds() === 0;
    const changed = lastDay !== "" && lastDay !== day;
    lastDay = day;
    if (stepS * SECOND >= DAY) return day;
    if (midnight || (changed && stepS * SECOND >= HOUR)) return midnight ? day : `${day} ${clock}`;
    return stepS * SECOND < MINUTE ? `${clock}:${pad2(d.getSeconds())}` : clock;
  });
}
