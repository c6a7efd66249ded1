/** The step grid of a range query. Starts are multiples of the step: a refresh then asks for the same points again. */
import type { Span } from "./range";

const NICE_S = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

/** The smallest round step that needs at most `maxPoints` points and is not below `minStepS`. */
export function chooseStep(spanMs: number, maxPoints: number, minStepS = 1): number {
  const need = Math.max(spanMs / 1000 / maxPoints, minStepS);
  return NICE_S.find((s) => s >= need) ?? Math.ceil(need / 86400) * 86400;
}

export function chooseGrid(span: Span, maxPoints: number, minStepS = 1): { startS: number; endS: number; stepS: number } {
  const stepS = chooseStep(span.to - span.from, maxPoints, minStepS);
  const startS = Math.ceil(span.from / 1000 / stepS) * stepS;
  const endS = Math.max(startS, Math.floor(span.to / 1000 / stepS) * stepS);
  return { startS, endS, stepS };
}

/** A rate() window that always holds several scrapes and leaves no gap between two steps. */
export function rateWindow(stepS: number, scrapeIntervalS: number): string {
  return `${Math.ceil(Math.max(4 * scrapeIntervalS, stepS))}s`;
}
