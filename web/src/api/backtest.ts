/** When a rule would have fired, and how many people it would have reached. */
import type { Labels } from "../base/labels";
import type { Span } from "../base/range";
import { type Answer, call } from "./http";

export interface BacktestFiring {
  labels: Labels;
  activeAt: string;
  firedAt: string;
  /** Null: it fires still at the end. */
  resolvedAt: string | null;
  value: string;
}

export interface BacktestRule {
  name: string;
  query: string;
  type: "alerting" | "recording";
  evaluations: number;
  failures: number;
  lastError?: string;
  fired?: number;
  firingSeconds?: number;
  firings?: BacktestFiring[];
}

export interface Backtest {
  start: string;
  end: string;
  rules: BacktestRule[];
  /** Null: no routes are in force, so nobody would have been told. */
  notifications: { total: number; pages: number; receivers: { receiver: string; notifications: number; pages: number }[] } | null;
}

/** `settings`: NAME=VALUE, as `pharos rules backtest --set` takes them. */
export function backtestRule(of: { file: string; group: string; rule: string }, span: Span, settings: readonly string[], signal?: AbortSignal): Promise<Answer<Backtest>> {
  const query = new URLSearchParams({ ...of, start: String(span.from / 1000), end: String(span.to / 1000) });
  for (const setting of settings) query.append("set", setting);
  return call(`api/pharos/v1/rules/backtest?${query}`, {}, signal);
}
