/** The search grammar of lists: words and label matchers. */
import type { Labels } from "./labels";

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
