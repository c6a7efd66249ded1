import { useMemo } from "preact/hooks";
import { type Unit } from "../base/units";
import { guessUnit } from "../base/guessunit";
import { Chart } from "../chart/Chart";
import { TableLegend } from "../chart/Legend";
import type { ChartModel } from "../chart/options";
import { type Line, summarize } from "../chart/reshape";
import type { GraphData } from "../chart/useGraph";
import { Empty } from "../ui/bits";

const MAX_LINES = 100;

interface Props {
  data: GraphData;
  exprs: string[];
  unit: "auto" | Unit;
  stacked: boolean;
  hide: string[];
  all: boolean;
  onHide(hide: string[]): void;
  onAll(): void;
}

/** The largest lines first to be kept; those kept stay in the server's order. */
function largest(lines: Line[], count: number): Line[] {
  if (lines.length <= count) return lines;
  const size = new Map(lines.map((l) => [l, summarize(l.values).max ?? -Infinity]));
  const kept = new Set(lines.slice().sort((a, b) => size.get(b)! - size.get(a)!).slice(0, count));
  return lines.filter((l) => kept.has(l));
}

export function GraphView({ data, exprs, unit, stacked, hide, all, onHide, onAll }: Props) {
  const lines = useMemo(() => data.outcomes.flatMap((o) => o.lines), [data]);
  const drawn = useMemo(() => (all ? lines : largest(lines, MAX_LINES)), [lines, all]);
  const hideText = hide.join(",");
  const model = useMemo((): ChartModel => ({
    xs: data.xs,
    lines: drawn,
    hidden: new Set(hide),
    unit: unit === "auto" ? guessUnit(exprs[0] ?? "") : unit,
    stacked,
    fromS: data.span.from / 1000,
    toS: data.span.to / 1000,
  }), [data, drawn, hideText, unit, stacked, exprs.join("\n")]);

  if (lines.length === 0) {
    return (
      <Empty icon="explore" title="No series in this time range">
        <p>Check the metric name and the label filters, or look at a longer range. The metric list at the right shows what exists.</p>
      </Empty>
    );
  }
  return (
    <>
      <Chart title="Query result" model={model} height={Math.max(240, Math.min(380, Math.round(innerHeight * 0.42)))} />
      {drawn.length < lines.length && (
        <p class="note row">
          The {drawn.length} largest of {lines.length} series are drawn.
          <button type="button" class="btn" onClick={onAll}>Draw all</button>
        </p>
      )}
      <TableLegend model={model} onHidden={(hidden) => onHide([...hidden])} />
    </>
  );
}
