/** Taking data out of a page: CSV text, a curl command. */
import type { Labels } from "./labels";

function cell(value: string): string {
  return /[",\n\r]/.test(value) ? `"${value.replace(/"/g, '""')}"` : value;
}

export function toCsv(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

/** One row per sample: time, value and a column per label name. */
export function samplesToCsv(series: { metric: Labels; values: [number, string][] }[]): string {
  const names = [...new Set(series.flatMap((s) => Object.keys(s.metric)))].sort();
  const rows: string[][] = [["time", "value", ...names]];
  for (const { metric, values } of series) {
    const labels = names.map((n) => metric[n] ?? "");
    for (const [t, v] of values) rows.push([new Date(t * 1000).toISOString(), v, ...labels]);
  }
  return toCsv(rows);
}

function shellQuote(value: string): string {
  return `'${value.replace(/'/g, `'\\''`)}'`;
}

export function toCurl(url: string, params: Record<string, string>): string {
  const parts = [`curl -fsSG ${shellQuote(url)}`];
  for (const [key, value] of Object.entries(params)) parts.push(`--data-urlencode ${shellQuote(`${key}=${value}`)}`);
  return parts.join(" \\\n  ");
}
