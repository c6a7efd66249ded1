/** Durations as people and Prometheus write them: `1h30m`, `15s`, `7d`. Everything is milliseconds inside. */

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: SECOND,
  m: MINUTE,
  h: HOUR,
  d: DAY,
  w: 7 * DAY,
  y: 365 * DAY,
};

const ONE = /(\d+(?:\.\d+)?)(ms|[smhdwy])/gy;

/** Returns milliseconds, or null when the text is not a duration. A bare number is seconds, as in Prometheus. */
export function parseDuration(text: string): number | null {
  const trimmed = text.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed) * SECOND;
  let total = 0;
  let at = 0;
  ONE.lastIndex = 0;
  for (let match = ONE.exec(trimmed); match; match = ONE.exec(trimmed)) {
    total += Number(match[1]) * UNIT_MS[match[2]!]!;
    at = ONE.lastIndex;
  }
  return at === trimmed.length && at > 0 ? total : null;
}

/** The shortest exact spelling, largest unit first: 5400000 -> `1h30m`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  let rest = Math.round(Math.abs(ms));
  let out = ms < 0 ? "-" : "";
  for (const [unit, size] of [["d", DAY], ["h", HOUR], ["m", MINUTE], ["s", SECOND], ["ms", 1]] as const) {
    const count = Math.floor(rest / size);
    if (count > 0) out += count + unit;
    rest -= count * size;
  }
  return out;
}

/** For reading, not for exactness: two units at most, `3d 4h`, `12m 5s`, `340ms`, `85µs`. */
export function describeDuration(ms: number): string {
  const abs = Math.abs(ms);
  const sign = ms < 0 ? "-" : "";
  if (abs > 0 && abs < 1) return `${sign}${Math.max(1, Math.round(abs * 1000))}µs`;
  if (abs < SECOND) return `${sign}${abs < 10 ? trimZeros(abs.toFixed(1)) : Math.round(abs)}ms`;
  if (abs < 10 * SECOND) return `${sign}${trimZeros((abs / SECOND).toFixed(1))}s`;
  const units = [["d", DAY], ["h", HOUR], ["m", MINUTE], ["s", SECOND]] as const;
  for (let i = 0; i < units.length; i++) {
    const [unit, size] = units[i]!;
    if (abs < size) continue;
    const whole = Math.floor(abs / size);
    const next = units[i + 1];
    const part = next ? Math.floor((abs - whole * size) / next[1]) : 0;
    return `${sign}${whole}${unit}${part > 0 && next ? ` ${part}${next[0]}` : ""}`;
  }
  return "0s";
}

function trimZeros(text: string): string {
  return text.replace(/\.0+$/, "");
}
