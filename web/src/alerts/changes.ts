/** What a person would change in a rule before it is asked when it would have fired. */
import type { Backtest, BacktestRule } from "../api/backtest";
import type { Rule } from "../api/prom";
import { formatDuration, parseDuration } from "../base/duration";
import { seriesKey } from "../base/labels";
import type { Span } from "../base/range";
import type { Stretch } from "../ui/Lane";
import { splitThreshold } from "./threshold";

export const FIELDS = ["threshold", "for", "keep_firing_for"] as const;
export type Field = (typeof FIELDS)[number];
/** As typed; empty: as it is. */
export type Draft = Record<Field, string>;
export const NOTHING: Draft = { threshold: "", for: "", keep_firing_for: "" };

export function currentOf(rule: Rule): Record<Field, string> {
  const limit = splitThreshold(rule.query)?.limit;
  return {
    threshold: limit === undefined ? "" : String(limit),
    for: formatDuration((rule.duration ?? 0) * 1000),
    keep_firing_for: formatDuration((rule.keepFiringFor ?? 0) * 1000),
  };
}

export function isWrong(field: Field, text: string): boolean {
  const typed = text.trim();
  if (typed === "") return false;
  return field === "threshold" ? !/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(typed) : parseDuration(typed) === null;
}

/** What the server is asked to set; what is typed but is not a change is left out. */
export function settingsOf(draft: Draft, current: Record<Field, string>): string[] {
  return FIELDS.flatMap((field) => {
    const typed = draft[field].trim();
    if (typed === "" || isWrong(field, typed)) return [];
    const same = field === "threshold" ? Number(typed) === Number(current[field] || NaN) : parseDuration(typed) === parseDuration(current[field]);
    return same ? [] : [`${field}=${/^\d+$/.test(typed) && field !== "threshold" ? `${typed}s` : typed}`];
  });
}

export interface Outcome {
  fired: number;
  firingMs: number;
  /** Null: nobody would have been told. */
  pages: number | null;
  receivers: string[];
  stretches: Stretch[];
  error: string | null;
}

/** Rules of one name in one group are one for the reader. */
export function outcomeOf(answer: Backtest, span: Span): Outcome {
  const rules: BacktestRule[] = answer.rules;
  const failed = rules.find((r) => r.failures > 0);
  return {
    fired: rules.reduce((n, r) => n + (r.fired ?? 0), 0),
    firingMs: rules.reduce((ms, r) => ms + (r.firingSeconds ?? 0) * 1000, 0),
    pages: answer.notifications && answer.notifications.pages,
    receivers: answer.notifications?.receivers.map((r) => r.receiver) ?? [],
    stretches: rules.flatMap((r) => (r.firings ?? []).map((f): Stretch => ({
      key: `${seriesKey(f.labels)} ${f.firedAt}`,
      from: Date.parse(f.firedAt),
      to: f.resolvedAt === null ? span.to : Date.parse(f.resolvedAt),
      open: f.resolvedAt === null,
    }))),
    error: failed ? `${failed.failures} of ${failed.evaluations} evaluations failed: ${failed.lastError ?? "no reason is known"}` : null,
  };
}
