/**
 * A young server has less data than the range asks for. Finding where data begins lets Home draw what there is over
 * the whole width instead of a sliver at the right edge.
 */
import { queryRange } from "../api/prom";
import { chooseGrid } from "../base/grid";
import type { Span } from "../base/range";

const MIN_SPAN_MS = 8_000;
/** Narrow only when more than this share of the range would be empty. */
const EMPTY_SHARE = 0.25;

/** Epoch ms of the first sample of `expr` in the span, refined until the step is fine enough, or null without data. */
export async function findDataStart(expr: string, span: Span, signal: AbortSignal): Promise<number | null> {
  let from = span.from;
  for (;;) {
    const grid = chooseGrid({ from, to: span.to }, 120);
    const { data } = await queryRange(expr, grid, signal);
    const first = Math.min(...data.result.map((s) => s.values?.[0]?.[0] ?? Infinity));
    if (!Number.isFinite(first)) {
      if (grid.stepS === 1) return null;
      // The newest samples may lie after the last point of a coarse grid.
      from = (grid.endS - grid.stepS) * 1000;
      continue;
    }
    const empty = first * 1000 - from;
    if (grid.stepS === 1 || empty < (span.to - from) / 2) return first * 1000;
    from = (first - grid.stepS) * 1000;
  }
}

export function narrow(span: Span, dataStartMs: number | null): Span {
  if (dataStartMs === null) return span;
  const length = span.to - span.from;
  if (dataStartMs - span.from < length * EMPTY_SHARE) return span;
  return { from: Math.min(dataStartMs, span.to - MIN_SPAN_MS), to: span.to };
}
