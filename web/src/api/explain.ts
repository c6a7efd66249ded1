/** What a query did, node by node. */
import { type Answer, call } from "./http";
import { type Grid, rangeParams } from "./prom";

export interface PlanNode {
  kind: string;
  label: string;
  depth: number;
  /** Its index; the root's own is 0. */
  parent: number;
  series: number;
  /** Read from the store; what a shared selector read is told for all its users. */
  samples: number;
  bytes: number;
  /** Of all threads together, with what its children took. */
  seconds: number;
  selfSeconds: number;
  /** The same at every step: evaluated at one. */
  once: boolean;
  /** Another selector has the same matchers: selected once for both. */
  shared: boolean;
}

export interface Plan {
  resultSeries: number;
  samplesRead: number;
  peakBytes: number;
  /** Of the steps of a range query so many would come from earlier answers. */
  cacheSteps: number;
  cachedSteps: number;
  queueSeconds: number;
  prepareSeconds: number;
  evalSeconds: number;
  /** Parents first. */
  nodes: PlanNode[];
}

export function explainQuery(query: string, grid: Grid, signal?: AbortSignal): Promise<Answer<Plan>> {
  return call("api/v1/query_explain", rangeParams(query, grid), signal);
}
