/** Queries that were run in this browser, newest first, each once. */
import { signal } from "@preact/signals";
import { recall, remember } from "./memory";

export interface PastQuery {
  expr: string;
  atMs: number;
  runs: number;
}

export const MAX_HISTORY = 200;

export function addQuery(history: readonly PastQuery[], expr: string, atMs: number): PastQuery[] {
  const clean = expr.trim();
  if (!clean) return [...history];
  const old = history.find((q) => q.expr === clean);
  const rest = history.filter((q) => q.expr !== clean);
  return [{ expr: clean, atMs, runs: (old?.runs ?? 0) + 1 }, ...rest].slice(0, MAX_HISTORY);
}

export function findQueries(history: readonly PastQuery[], text: string): PastQuery[] {
  const needle = text.trim().toLowerCase();
  return history.filter((q) => q.expr.toLowerCase().includes(needle));
}

export const queryHistory = signal<PastQuery[]>(recall<PastQuery[]>("history", []));

export function recordQuery(expr: string): void {
  queryHistory.value = addQuery(queryHistory.value, expr, Date.now());
  remember("history", queryHistory.value);
}

export function forgetQueries(): void {
  queryHistory.value = [];
  remember("history", []);
}
