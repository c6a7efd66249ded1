/** The Prometheus HTTP API, as far as the pages use it. Times are seconds here because the wire has seconds. */
import { type Answer, call } from "./http";
import type { Labels } from "../base/labels";

export type Sample = [number, string];
export interface Histogram {
  count: string;
  sum: string;
}
export interface Series {
  metric: Labels;
  values?: Sample[];
  histograms?: [number, Histogram][];
}
export interface InstantSeries {
  metric: Labels;
  value?: Sample;
  histogram?: [number, Histogram];
}
export interface QueryStats {
  timings?: { execTotalTime?: number; evalTotalTime?: number };
  samples?: { totalQueryableSamples?: number; peakSamples?: number };
}
export interface RangeResult {
  resultType: "matrix";
  result: Series[];
  stats?: QueryStats;
}
export type InstantResult = { stats?: QueryStats } & (
  | { resultType: "vector"; result: InstantSeries[] }
  | { resultType: "matrix"; result: Series[] }
  | { resultType: "scalar" | "string"; result: Sample }
);

export interface Grid {
  startS: number;
  endS: number;
  stepS: number;
}

export type AlertState = "firing" | "pending" | "inactive" | "unknown";
export interface AlertInstance {
  labels: Labels;
  annotations: Labels;
  state: AlertState;
  activeAt: string;
  keepFiringSince?: string;
  value: string;
}
export interface Rule {
  type: "alerting" | "recording";
  name: string;
  query: string;
  labels?: Labels;
  health: string;
  lastError?: string;
  evaluationTime: number;
  lastEvaluation: string;
  state?: AlertState;
  duration?: number;
  keepFiringFor?: number;
  annotations?: Labels;
  alerts?: AlertInstance[];
}
export interface RuleGroup {
  name: string;
  file: string;
  interval: number;
  rules: Rule[];
  evaluationTime: number;
  lastEvaluation: string;
}
export type Health = "up" | "down" | "unknown";
export interface Target {
  discoveredLabels: Labels;
  labels: Labels;
  scrapePool: string;
  scrapeUrl: string;
  globalUrl: string;
  lastError: string;
  lastScrape: string;
  lastScrapeDuration: number;
  health: Health;
  scrapeInterval?: string;
  scrapeTimeout?: string;
}
export interface Targets {
  activeTargets: Target[];
  droppedTargets: { discoveredLabels: Labels; scrapePool?: string }[] | null;
  droppedTargetCounts?: Record<string, number>;
}
export interface MetricMeta {
  type: string;
  help: string;
  unit: string;
}
export interface HeadStats {
  headStats: { numSeries: number; chunkCount: number; minTime: number; maxTime: number };
}

export function rangeParams(query: string, grid: Grid): Record<string, string> {
  return { query, start: String(grid.startS), end: String(grid.endS), step: String(grid.stepS) };
}

export function queryRange(query: string, grid: Grid, signal?: AbortSignal, stats = false): Promise<Answer<RangeResult>> {
  return call("api/v1/query_range", { ...rangeParams(query, grid), ...(stats && { stats: "true" }) }, signal);
}

export function queryInstant(query: string, timeS: number, signal?: AbortSignal, stats = false): Promise<Answer<InstantResult>> {
  return call("api/v1/query", { query, time: String(timeS), ...(stats && { stats: "true" }) }, signal);
}

export const fetchRules = (signal?: AbortSignal) => call<{ groups: RuleGroup[] }>("api/v1/rules", undefined, signal);
export const fetchTargets = (signal?: AbortSignal) => call<Targets>("api/v1/targets", undefined, signal);
export const fetchAlerts = (signal?: AbortSignal) => call<{ alerts: AlertInstance[] }>("api/v1/alerts", undefined, signal);
export const fetchMetadata = (signal?: AbortSignal) =>
  call<Record<string, MetricMeta[]>>("api/v1/metadata?limit_per_metric=1", undefined, signal);
export const fetchMetricNames = (signal?: AbortSignal) => call<string[]>("api/v1/label/__name__/values", undefined, signal);
export const fetchHeadStats = (signal?: AbortSignal) => call<HeadStats>("api/v1/status/tsdb?limit=1", undefined, signal);
