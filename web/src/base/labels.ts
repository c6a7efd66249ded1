/** Label sets: one text form, one key, one search grammar. */

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

export interface Search {
  words: string[];
  matchers: { name: string; op: "=" | "!=" | "=~" | "!~"; value: string; regex: RegExp | null }[];
}

const TERM = /([a-zA-Z_][a-zA-Z0-9_]*)(=~|!~|!=|=)("(?:[^"\\]|\\.)*"|\S*)|"([^"]*)"|(\S+)/g;

/** Free words and `label=value`, `!=`, `=~`, `!~` terms, separated by spaces or commas; braces are ignored. */
export function parseSearch(text: string): Search {
  const out: Search = { words: [], matchers: [] };
  const body = text.trim().replace(/^\{/, "").replace(/\}$/, "").replace(/"\s*,/g, '" ');
  for (const m of body.matchAll(TERM)) {
    if (m[1] === undefined) {
      out.words.push((m[4] ?? m[5] ?? "").toLowerCase());
      continue;
    }
    const op = m[2] as "=" | "!=" | "=~" | "!~";
    const raw = m[3]!;
    const value = raw.startsWith('"') ? raw.slice(1, -1).replace(/\\(.)/g, "$1") : raw;
    let regex: RegExp | null = null;
    if (op === "=~" || op === "!~") {
      try {
        regex = new RegExp(`^(?:${value})$`);
      } catch {
        regex = null;
      }
    }
    out.matchers.push({ name: m[1], op, value, regex });
  }
  return out;
}

/** Every term must hold. `text` is what free words are looked for in, beside the labels. */
export function matches(search: Search, labels: Labels, text: string): boolean {
  for (const { name, op, value, regex } of search.matchers) {
    const have = labels[name] ?? "";
    if (op === "=" && have !== value) return false;
    if (op === "!=" && have === value) return false;
    if (op === "=~" && !(regex ? regex.test(have) : have.includes(value))) return false;
    if (op === "!~" && (regex ? regex.test(have) : have.includes(value))) return false;
  }
  if (search.words.length === 0) return true;
  const hay = `${text} ${Object.entries(labels).map(([k, v]) => `${k}=${v}`).join(" ")}`.toLowerCase();
  return search.words.every((word) => hay.includes(word));
}
