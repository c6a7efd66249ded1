/** Numbers with units. A formatter is made once per axis or column so that neighbours share a scale. */
import { DAY, HOUR, MINUTE, SECOND } from "./duration";

export const UNITS = ["none", "percent", "ratio", "bytes", "bytes/s", "bits/s", "seconds", "ops/s", "date"] as const;
export type Unit = (typeof UNITS)[number];

const SI = ["", "k", "M", "G", "T", "P"];
const IEC = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];

/** About `digits` significant digits, never exponent form for everyday sizes, no trailing zeros. */
export function formatNumber(value: number, digits = 4): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const abs = Math.abs(value);
  if (abs === 0) return "0";
  if (abs < 1e-4 || abs >= 1e15) return value.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e");
  const decimals = Math.max(0, Math.min(12, digits - 1 - Math.floor(Math.log10(abs))));
  const text = value.toFixed(decimals);
  return decimals > 0 ? text.replace(/\.?0+$/, "") : text;
}

function scaled(value: number, base: number, prefixes: string[], suffix: string, digits: number): string {
  if (!Number.isFinite(value)) return formatNumber(value);
  let step = 0;
  let size = Math.abs(value);
  while (size >= base && step < prefixes.length - 1) {
    size /= base;
    step++;
  }
  // 1023.99 must not print as 1024 of the smaller prefix.
  if (Number(formatNumber(size, digits)) >= base && step < prefixes.length - 1) step++;
  const number = formatNumber(value / base ** step, digits);
  const unit = prefixes[step]! + suffix;
  return unit ? `${number} ${unit}` : number;
}

function seconds(value: number, digits: number): string {
  const abs = Math.abs(value);
  if (!Number.isFinite(value) || abs === 0) return Number.isFinite(value) ? "0 s" : formatNumber(value);
  if (abs < 1e-6) return `${formatNumber(value * 1e9, digits)} ns`;
  if (abs < 1e-3) return `${formatNumber(value * 1e6, digits)} µs`;
  if (abs < 1) return `${formatNumber(value * 1e3, digits)} ms`;
  const ms = abs * SECOND;
  if (ms < 2 * MINUTE) return `${formatNumber(value, digits)} s`;
  if (ms < 2 * HOUR) return `${formatNumber((value * SECOND) / MINUTE, digits)} min`;
  if (ms < 2 * DAY) return `${formatNumber((value * SECOND) / HOUR, digits)} h`;
  return `${formatNumber((value * SECOND) / DAY, digits)} d`;
}

export function formatUnit(value: number, unit: Unit, digits = 3): string {
  switch (unit) {
    case "percent":
      return Number.isFinite(value) ? `${formatNumber(value, digits)} %` : formatNumber(value);
    case "ratio":
      return Number.isFinite(value) ? `${formatNumber(value * 100, digits)} %` : formatNumber(value);
    case "bytes":
      return scaled(value, 1024, IEC, "B", digits);
    case "bytes/s":
      return scaled(value, 1024, IEC, "B/s", digits);
    case "bits/s":
      return scaled(value, 1000, SI, "bit/s", digits);
    case "seconds":
      return seconds(value, digits);
    case "ops/s":
      return scaled(value, 1000, SI, "/s", digits);
    case "date":
      return Number.isFinite(value) ? new Date(value * SECOND).toISOString().slice(0, 19).replace("T", " ") : formatNumber(value);
    case "none":
      return scaled(value, 1000, SI, "", Math.max(digits, 4)).replace(/ (?=[kMGTP]$)/, " ");
  }
}

/** Axis steps that give round numbers in the unit: powers of two for bytes, 1-2-5 else (null = chart default). */
export function axisIncrements(unit: Unit): number[] | null {
  if (unit !== "bytes" && unit !== "bytes/s") return null;
  const out: number[] = [];
  for (let power = 0; power <= 60; power++) out.push(2 ** power);
  return out;
}
