import type { Unit } from "./units";

/** A guess from the names in a query; the reader can always choose another unit. */
export function guessUnit(expr: string): Unit {
  const perSecond = /\b(rate|irate|deriv)\s*\(/.test(expr);
  const names = [...expr.matchAll(/[a-zA-Z_:][a-zA-Z0-9_:]*/g)].map((m) => m[0]);
  const has = (suffix: RegExp) => names.some((n) => suffix.test(n));
  if (/[^/]\/[^/]/.test(expr)) return /\*\s*100\b/.test(expr) ? "percent" : "none";
  if (/\bcount(_values)?\s*(by|without)?\s*\(/.test(expr)) return "none";
  if (has(/_bytes(_total|_sum)?$/)) return perSecond ? "bytes/s" : "bytes";
  if (has(/(_timestamp|_time)_seconds$/) && !/-/.test(expr)) return "date";
  if (has(/_seconds(_bucket)?$/) && (!perSecond || /histogram_quantile/.test(expr))) return "seconds";
  if (has(/_ratio$/)) return "ratio";
  if (has(/_percent$/)) return "percent";
  if (has(/_seconds(_total|_sum)$/)) return perSecond ? "none" : "seconds";
  if (perSecond) return "ops/s";
  return "none";
}
