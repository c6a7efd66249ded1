/** The list of metrics: histogram and summary parts folded into one entry, each with a query that suits its type. */
import type { MetricMeta } from "../api/prom";

export interface Metric {
  name: string;
  type: string;
  help: string;
}

const PARTS = /_(bucket|sum|count|created)$/;

export function toMetrics(names: readonly string[], metadata: Record<string, MetricMeta[]>): Metric[] {
  const out = new Map<string, Metric>();
  for (const name of names) {
    const base = name.replace(PARTS, "");
    const parent = base !== name ? metadata[base]?.[0] : undefined;
    const own = metadata[name]?.[0] ?? metadata[name.replace(/_total$/, "")]?.[0];
    if (!own && parent && (parent.type === "histogram" || parent.type === "summary")) {
      out.set(base, { name: base, type: parent.type, help: parent.help });
    } else {
      const guess = /_total$/.test(name) ? "counter" : "unknown";
      out.set(name, { name, type: own?.type && own.type !== "unknown" ? own.type : guess, help: own?.help ?? "" });
    }
  }
  return [...out.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** Every word must occur in name or help; names that start with the text come first. */
export function findMetrics(all: readonly Metric[], text: string): Metric[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...all];
  const found = all.filter((m) => words.every((w) => m.name.toLowerCase().includes(w) || m.help.toLowerCase().includes(w)));
  const rank = (m: Metric) => (m.name.startsWith(words[0]!) ? 0 : m.name.includes(words[0]!) ? 1 : 2);
  return found.sort((a, b) => rank(a) - rank(b));
}

export function defaultQuery({ name, type }: Metric): string {
  switch (type) {
    case "counter":
      return `rate(${name}[5m])`;
    case "histogram":
      return `histogram_quantile(0.95, sum by (le) (rate(${name}_bucket[5m])))`;
    case "summary":
      return `rate(${name}_sum[5m]) / rate(${name}_count[5m])`;
    default:
      return name;
  }
}
