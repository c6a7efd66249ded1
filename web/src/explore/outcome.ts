/** What became of a query, whichever view ran it. */
import type { QueryOutcome } from "../chart/useGraph";

export type Outcome = Pick<QueryOutcome, "error" | "notes" | "elapsedMs" | "bytes" | "stats"> & { expr: string; series: number; points: number };

/** Of a query that was refused; one that was called off is nobody's outcome. */
export function failedOutcome(expr: string, reason: unknown): Outcome {
  const error = reason as Error;
  if (error.name === "AbortError") throw error;
  return { expr, error, notes: [], elapsedMs: 0, bytes: 0, stats: undefined, series: 0, points: 0 };
}
