/** The plans of several queries, and where their time went. */
import type { Answer } from "../api/http";
import { type Plan, type PlanNode, explainQuery } from "../api/explain";
import type { Grid } from "../api/prom";
import { type Outcome, failedOutcome } from "./outcome";
import { letterOf } from "./state";

export interface Planned {
  letter: string;
  plan: Plan;
}
export interface PlanData {
  grid: Grid;
  plans: Planned[];
  outcomes: Outcome[];
}

function outcomeOf(expr: string, { data, notes, elapsedMs, bytes }: Answer<Plan>, grid: Grid): Outcome {
  const steps = Math.floor((grid.endS - grid.startS) / grid.stepS) + 1;
  return {
    expr, error: null, notes, elapsedMs, bytes, series: data.resultSeries, points: data.resultSeries * steps,
    stats: { timings: { execTotalTime: data.queueSeconds + data.prepareSeconds + data.evalSeconds }, samples: { totalQueryableSamples: data.samplesRead } },
  };
}

export async function loadPlans(active: readonly { index: number; expr: string }[], grid: Grid, signal: AbortSignal): Promise<PlanData> {
  const settled = await Promise.allSettled(active.map((q) => explainQuery(q.expr, grid, signal)));
  const plans: Planned[] = [];
  const outcomes = settled.map((s, i): Outcome => {
    const { expr, index } = active[i]!;
    if (s.status === "rejected") return failedOutcome(expr, s.reason);
    plans.push({ letter: letterOf(index), plan: s.value.data });
    return outcomeOf(expr, s.value, grid);
  });
  return { grid, plans, outcomes };
}

/** Each node's own share of the time of all, 0 to 1. Literals take nothing. */
export function sharesOf(nodes: readonly PlanNode[]): number[] {
  const whole = nodes.reduce((sum, n) => sum + n.selfSeconds, 0);
  return nodes.map((n) => (whole > 0 ? n.selfSeconds / whole : 0));
}
