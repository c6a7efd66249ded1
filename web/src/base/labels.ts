/** Label sets: one text form, one key. */

export type Labels = Record<string, string>;

const PLAIN_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

export function quote(value: string): string {
  return `"${value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n")}"`;
}

/** `name{a="b",c="d"}`, a valid PromQL selector. */
export function formatSeries(labels: Labels): string {
  const { __name__: name = "", ...rest } = labels;
  const plain = PLAIN_NAME.test(name);
  const pairs = Object.keys(rest).sort().map((k) => `${k}=${quote(rest[k]!)}`);
  if (name && !plain) pairs.unshift(quote(name));
  if (pairs.length === 0) return plain ? name : "{}";
  return `${plain ? name : ""}{${pairs.join(",")}}`;
}

/** Short name of a series among others: only the labels that differ, or the full form when none does. */
export function formatDistinct(labels: Labels, varying: ReadonlySet<string>): string {
  const keys = Object.keys(labels).filter((k) => varying.has(k)).sort();
  if (keys.length === 0) return formatSeries(labels);
  if (keys.length === 1) return labels[keys[0]!] || '""';
  return keys.map((k) => (k === "__name__" ? labels[k]! : `${k}=${labels[k]}`)).join(" ");
}

export function varyingLabels(all: readonly Labels[]): Set<string> {
  const out = new Set<string>();
  const first = all[0];
  if (!first) return out;
  for (const labels of all) {
    for (const key of new Set([...Object.keys(first), ...Object.keys(labels)])) {
      if (labels[key] !== first[key]) out.add(key);
    }
  }
  return out;
}

/** Stable identity of a label set, short enough for a URL. */
export function seriesKey(labels: Labels): string {
  let h = 0x811c9dc5;
  for (const char of formatSeries(labels)) h = Math.imul(h ^ char.codePointAt(0)!, 0x01000193);
  return (h >>> 0).toString(36);
}

/** The matchers that only these labels fit: `a="b", c="d"`. */
export function matchersOf(labels: Labels): string {
  return Object.keys(labels).sort().map((name) => `${name}=${quote(labels[name]!)}`).join(", ");
}
