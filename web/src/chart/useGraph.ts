/** Runs the queries of one graph over the time range and shapes the answers into lines. */
import { type Answer } from "../api/http";
import { type Grid, type QueryStats, type RangeResult, queryRange } from "../api/prom";
import { chooseGrid } from "../base/grid";
import type { Span } from "../base/range";
import { type Resource, useResource } from "../state/resource";
import { follows } from "../state/timerange";
import { type Line, gridTimes, toLines } from "./reshape";

export interface GraphQuery {
  expr: string;
  legend?: string;
  /** Keeps the keys of several queries apart. */
  prefix?: string;
  /** Put before the name of each line. */
  lead?: string;
}

export interface QueryOutcome {
  query: GraphQuery;
  error: Error | null;
  notes: string[];
  elapsedMs: number;
  bytes: number;
  stats: QueryStats | undefined;
  lines: Line[];
  /** As the server sent them, for export. */
  series: RangeResult["result"];
}

export interface GraphData {
  grid: Grid;
  span: Span;
  xs: number[];
  outcomes: QueryOutcome[];
}

function outcomeOf(query: GraphQuery, grid: Grid, settled: PromiseSettledResult<Answer<RangeResult>>): QueryOutcome {
  if (settled.status === "rejected") {
    const error = settled.reason as Error;
    if (error.name === "AbortError") throw error;
    return { query, error, notes: [], elapsedMs: 0, bytes: 0, stats: undefined, lines: [], series: [] };
  }
  const { data, notes, elapsedMs, bytes } = settled.value;
  const more = data.result.some((s) => s.histograms?.length)
    ? ["The result has native histograms, which a line cannot show. Use histogram_quantile(), histogram_avg() or the table."]
    : [];
  return {
    query, error: null, notes: [...notes, ...more], elapsedMs, bytes, stats: data.stats,
    lines: toLines(data.result, grid, query), series: data.result,
  };
}

interface Options {
  /** Resolved when the queries run, so that every refresh sees the newest span. */
  span: () => Span;
  queries: (grid: Grid) => GraphQuery[];
  maxPoints: number;
  minStepS: number;
  stats?: boolean;
}

/** `key` names the question; null asks nothing. */
export function useGraph(key: string | null, options: Options): Resource<GraphData> {
  return useResource(
    key,
    async (signal) => {
      const span = options.span();
      const grid = chooseGrid(span, options.maxPoints, options.minStepS);
      const queries = options.queries(grid);
      const settled = await Promise.allSettled(queries.map((q) => queryRange(q.expr, grid, signal, options.stats)));
      return { grid, span, xs: gridTimes(grid), outcomes: settled.map((s, i) => outcomeOf(queries[i]!, grid, s)) };
    },
    follows.value,
  );
}
