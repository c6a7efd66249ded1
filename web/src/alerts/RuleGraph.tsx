/** The rule's expression over the time range, with its limit drawn in. */
import { useMemo, useState } from "preact/hooks";
import { formatPoint } from "../base/range";
import { guessUnit } from "../base/guessunit";
import { Chart } from "../chart/Chart";
import { InlineLegend } from "../chart/Legend";
import type { ChartModel } from "../chart/options";
import { useGraph } from "../chart/useGraph";
import { range, span } from "../state/timerange";
import { ErrorBox } from "../ui/bits";
import { splitThreshold } from "./threshold";

const MAX_LINES = 40;

export function RuleGraph({ expr }: { expr: string }) {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const threshold = splitThreshold(expr);
  const query = threshold?.measured ?? expr;
  const graph = useGraph(`${query} ${formatPoint(range.value.from)}/${formatPoint(range.value.to)}`, {
    span: () => span.peek(),
    queries: () => [{ expr: query }],
    maxPoints: 300,
    minStepS: 5,
  });
  const data = graph.data;
  const model = useMemo((): ChartModel | null => data && {
    xs: data.xs,
    lines: data.outcomes[0]!.lines.slice(0, MAX_LINES),
    hidden,
    unit: guessUnit(query),
    stacked: false,
    fromS: data.span.from / 1000,
    toS: data.span.to / 1000,
    ...(threshold && { threshold: threshold.limit }),
  }, [data, hidden, query]);
  const error = graph.error ?? data?.outcomes[0]?.error;
  if (error) return <ErrorBox error={error} expr={query} />;
  if (!model) return <div style={{ height: "190px" }} aria-busy="true" />;
  if (model.lines.length === 0) {
    return <p class="note">{threshold ? "The expression has no data in this time range." : "The condition was never true in this time range, so there is nothing to draw."}</p>;
  }
  return (
    <>
      <Chart title="Rule expression" model={model} height={160} />
      <InlineLegend model={model} onHidden={setHidden} />
      {data!.outcomes[0]!.lines.length > MAX_LINES && <p class="note">The first {MAX_LINES} of {data!.outcomes[0]!.lines.length} series are drawn.</p>}
    </>
  );
}
