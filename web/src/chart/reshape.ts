/** From the wire's series to columns over one shared time grid, and the sums a stacked chart draws. */
import type { Grid, Series } from "../api/prom";
import { type Labels, formatDistinct, seriesKey, varyingLabels } from "../base/labels";

export type Column = (number | null)[];

export interface Line {
  /** Stable over refreshes, short. */
  key: string;
  name: string;
  labels: Labels;
  values: Column;
}

/** Timestamps of the grid in seconds. */
export function gridTimes(grid: Grid): number[] {
  const count = Math.floor((grid.endS - grid.startS) / grid.stepS) + 1;
  return Array.from({ length: count }, (_, i) => grid.startS + i * grid.stepS);
}

/** Missing samples and NaN become null: gaps are drawn as gaps. */
export function toColumn(series: Series, grid: Grid): Column {
  const count = Math.floor((grid.endS - grid.startS) / grid.stepS) + 1;
  const out = new Array<number | null>(count).fill(null);
  for (const [t, text] of series.values ?? []) {
    const value = text === "+Inf" || text === "-Inf" ? NaN : Number(text);
    const index = Math.round((t - grid.startS) / grid.stepS);
    if (index >= 0 && index < count) out[index] = Number.isNaN(value) ? null : value;
  }
  return out;
}

/** Names the lines of one query: `legend` may hold {{label}}; without it only the labels that differ. */
export function toLines(result: Series[], grid: Grid, options: { legend?: string; prefix?: string; lead?: string } = {}): Line[] {
  const varying = varyingLabels(result.map((s) => s.metric));
  return result.map((s) => ({
    key: (options.prefix ?? "") + seriesKey(s.metric),
    name: (options.lead ?? "") + (options.legend !== undefined ? fillLegend(options.legend, s.metric) : formatDistinct(s.metric, varying)),
    labels: s.metric,
    values: toColumn(s, grid),
  }));
}

export function fillLegend(template: string, labels: Labels): string {
  return template.replace(/\{\{\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*\}\}/g, (_, name: string) => labels[name] ?? "");
}

/** Running sums from the first column up; a gap adds nothing and stays a gap. */
export function stack(columns: Column[]): Column[] {
  const count = columns[0]?.length ?? 0;
  const sum = new Array<number>(count).fill(0);
  return columns.map((column) =>
    column.map((value, i) => {
      if (value === null) return null;
      sum[i]! += value;
      return sum[i]!;
    }),
  );
}

export interface Summary {
  min: number | null;
  mean: number | null;
  max: number | null;
  last: number | null;
}

export function summarize(column: Column): Summary {
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  let count = 0;
  let last: number | null = null;
  for (const value of column) {
    if (value === null) continue;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    count++;
    last = value;
  }
  return count === 0 ? { min: null, mean: null, max: null, last: null } : { min, mean: sum / count, max, last };
}

/** Seconds of the first point that has data in any line, or null. */
export function firstTime(xs: number[], lines: Line[]): number | null {
  let first = xs.length;
  for (const { values } of lines) {
    const at = values.findIndex((v) => v !== null);
    if (at >= 0 && at < first) first = at;
  }
  return xs[first] ?? null;
}

/** Points with no neighbour on either side: a line cannot show them, so they get a dot. */
export function lonelyPoints(column: Column): number[] {
  const out: number[] = [];
  column.forEach((value, i) => {
    if (value !== null && (column[i - 1] ?? null) === null && (column[i + 1] ?? null) === null) out.push(i);
  });
  return out;
}
