/** Matchers as people write them, and the order of silences, apart from how they are drawn. */
import { type Matcher, type Silence, type SilenceState, formatMatcher } from "../api/alertmanager";
import type { Search } from "../base/search";
import { matches } from "../base/search";

export const STATES = ["active", "pending", "expired"] as const;
export const DEFAULT_STATES: SilenceState[] = ["active", "pending"];

const ONE = /^\s*([a-zA-Z_][a-zA-Z0-9_]*|"(?:[^"\\]|\\.)+")\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^\s,{}"]*)\s*(?:,|$|(?=\s))/;

function unquote(text: string): string {
  if (!text.startsWith('"')) return text;
  return text.slice(1, -1).replace(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c));
}

/** `a="b", c=~"d.*"`, with or without braces; commas may be left out. Says what is wrong and where. */
export function parseMatchers(text: string): { matchers: Matcher[]; error: string } {
  const matchers: Matcher[] = [];
  let rest = text.trim().replace(/^\{/, "").replace(/\}$/, "").trim();
  while (rest) {
    const found = ONE.exec(rest);
    if (!found) return { matchers, error: `Not a matcher: ${rest.slice(0, 40)} . Write label="value", label!="value", label=~"regex" or label!~"regex".` };
    const op = found[2]!;
    const matcher = { name: unquote(found[1]!), value: unquote(found[3]!), isRegex: op.endsWith("~"), isEqual: op.startsWith("=") };
    if (matcher.isRegex) {
      try {
        new RegExp(matcher.value);
      } catch (error) {
        return { matchers, error: `${matcher.name}: ${(error as Error).message}` };
      }
    }
    matchers.push(matcher);
    rest = rest.slice(found[0].length).trim();
  }
  return { matchers, error: "" };
}

export function formatMatchers(matchers: readonly Matcher[]): string {
  return matchers.map(formatMatcher).join(", ");
}

export function countStates(silences: readonly Silence[]): Record<SilenceState, number> {
  const out = { active: 0, pending: 0, expired: 0 };
  for (const s of silences) out[s.status.state]++;
  return out;
}

const ORDER: Record<SilenceState, number> = { active: 0, pending: 1, expired: 2 };

/** Active ones first, those that end soonest on top; expired ones newest first. */
export function selectSilences(silences: readonly Silence[], states: readonly SilenceState[], search: Search): Silence[] {
  const labelsOf = (s: Silence) => Object.fromEntries(s.matchers.map((m) => [m.name, m.value]));
  const ends = (s: Silence) => Date.parse(s.endsAt);
  return silences
    .filter((s) => states.includes(s.status.state) && matches(search, labelsOf(s), `${s.id} ${s.comment} ${s.createdBy}`))
    .sort((a, b) => ORDER[a.status.state] - ORDER[b.status.state] || (a.status.state === "expired" ? ends(b) - ends(a) : ends(a) - ends(b)));
}
