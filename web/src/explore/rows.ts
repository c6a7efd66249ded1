/** Instant results as a table: a column per label that differs, the labels all rows share said once. */
import type { InstantResult } from "../api/prom";
import { type Labels, formatSeries, varyingLabels } from "../base/labels";

export interface Row {
  query: string;
  metric: Labels;
  /** As the server wrote it; several lines for a range vector. */
  text: string;
  value: number;
}

export interface Table {
  columns: string[];
  shared: Labels;
  rows: Row[];
}

const MAX_SAMPLES = 30;

export function toRows(query: string, result: InstantResult): Row[] {
  switch (result.resultType) {
    case "vector":
      return result.result.map((s) => ({
        query,
        metric: s.metric,
        text: s.value?.[1] ?? (s.histogram ? `histogram: count ${s.histogram[1].count}, sum ${s.histogram[1].sum}` : ""),
        value: Number(s.value?.[1] ?? s.histogram?.[1].count ?? NaN),
      }));
    case "matrix":
      return result.result.map((s) => {
        const values = s.values ?? [];
        const lines = values.slice(-MAX_SAMPLES).map(([t, v]) => `${v} @${t}`);
        if (values.length > MAX_SAMPLES) lines.unshift(`(${values.length - MAX_SAMPLES} earlier samples)`);
        return { query, metric: s.metric, text: lines.join("\n"), value: Number(values.at(-1)?.[1] ?? NaN) };
      });
    default:
      return [{ query, metric: {}, text: result.result[1], value: Number(result.result[1]) }];
  }
}

export function toTable(rows: Row[]): Table {
  const varying = varyingLabels(rows.map((r) => r.metric));
  const shared = Object.fromEntries(Object.entries(rows[0]?.metric ?? {}).filter(([k]) => !varying.has(k)));
  const columns = [...varying].sort((a, b) => Number(b === "__name__") - Number(a === "__name__") || a.localeCompare(b));
  if (rows.length === 1) return { columns: Object.keys(shared).sort(), shared: {}, rows };
  return { columns, shared, rows };
}

/** `column:asc|desc`; the columns `value` and `query` are ours, anything else is a label. NaN sorts last. */
export function sortRows(rows: readonly Row[], sort: string): Row[] {
  const at = sort.lastIndexOf(":");
  const column = sort.slice(0, at);
  const sign = sort.slice(at + 1) === "asc" ? 1 : -1;
  const text = (r: Row) => (column === "query" ? r.query : (r.metric[column] ?? ""));
  return rows.slice().sort((a, b) => {
    if (column !== "value") return sign * text(a).localeCompare(text(b), "en", { numeric: true });
    if (Number.isNaN(a.value) || Number.isNaN(b.value)) return Number(Number.isNaN(a.value)) - Number(Number.isNaN(b.value));
    return sign * (a.value - b.value) || formatSeries(a.metric).localeCompare(formatSeries(b.metric));
  });
}

export function tableToCells(table: Table): string[][] {
  const labels = [...new Set(table.rows.flatMap((r) => Object.keys(r.metric)))].sort();
  return [["query", ...labels, "value"], ...table.rows.map((r) => [r.query, ...labels.map((l) => r.metric[l] ?? ""), r.text])];
}
