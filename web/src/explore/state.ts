/** What an Explore link says. */
import { UNITS, type Unit } from "../base/units";
import { choice, flag, text, texts, words } from "../base/urlstate";
import { parseDuration } from "../base/duration";

export const TABS = ["graph", "table", "plan"] as const;
export const SIDES = ["", "metrics", "history"] as const;
export const STEPS = ["auto", "1s", "5s", "15s", "30s", "1m", "5m", "15m", "1h", "6h", "1d"];

export interface ExploreState {
  /** One expression per query, in order. */
  q: string[];
  /** Positions of queries that are kept but not run. */
  off: string[];
  tab: (typeof TABS)[number];
  stack: boolean;
  unit: "auto" | Unit;
  step: string;
  /** Keys of hidden series. */
  hide: string[];
  /** Draw more than the first hundred series. */
  all: boolean;
  /** `column:asc` or `column:desc` of the table. */
  sort: string;
  side: (typeof SIDES)[number];
}

export const SCHEMA = {
  q: texts(),
  off: words(null),
  tab: choice(TABS, "graph" as const),
  stack: flag(),
  unit: choice<"auto" | Unit>(["auto", ...UNITS], "auto"),
  step: text("auto"),
  hide: words(null),
  all: flag(),
  sort: text("value:desc"),
  side: choice(SIDES, "" as const),
};

export function letterOf(index: number): string {
  return String.fromCharCode(65 + (index % 26));
}

/** Expressions to run with their positions; empty and switched-off ones are left out. */
export function activeQueries(state: Pick<ExploreState, "q" | "off">): { index: number; expr: string }[] {
  return state.q.map((expr, index) => ({ index, expr: expr.trim() })).filter(({ index, expr }) => expr && !state.off.includes(String(index)));
}

/** Seconds, or null for automatic. */
export function stepSeconds(step: string): number | null {
  const ms = step === "auto" ? null : parseDuration(step);
  return ms && ms >= 1000 ? ms / 1000 : null;
}
