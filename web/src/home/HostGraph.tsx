import { useMemo } from "preact/hooks";
import { rateWindow } from "../base/grid";
import type { Span } from "../base/range";
import { Chart } from "../chart/Chart";
import { InlineLegend } from "../chart/Legend";
import { type ChartModel, formatValue } from "../chart/options";
import { summarize } from "../chart/reshape";
import { useGraph } from "../chart/useGraph";
import { href } from "../state/router";
import { ErrorBox } from "../ui/bits";
import { Icon } from "../ui/Icon";
import { type Host, type HostPanel, arrange, slotFor } from "./host";

const CHART_HEIGHT = 150;
const MAX_POINTS = 240;
/** Below this length a graph asks for every second, so that two scrapes already make a line. */
const FINE_MS = 180_000;

interface Props {
  panel: HostPanel;
  host: Host;
  /** Names host and range; null while they are not known. */
  question: string | null;
  view: () => Span;
  intervalS: number;
  /** `panel.line` keys of hidden lines on the whole page. */
  hide: string[];
  onHide(hide: string[]): void;
}

export function HostGraph({ panel, host, question, view, intervalS, hide, onHide }: Props) {
  const span = view();
  const graph = useGraph(question && `${panel.id} ${question} ${intervalS}`, {
    span: view,
    queries: (grid) => panel.queries(host, rateWindow(grid.stepS, intervalS)),
    maxPoints: MAX_POINTS,
    minStepS: span.to - span.from < FINE_MS ? 1 : intervalS,
  });
  const data = graph.data;
  const hideText = hide.join(",");
  const model = useMemo((): ChartModel | null => {
    if (!data) return null;
    const all = arrange(panel, data.outcomes.flatMap((o) => o.lines));
    const lines = all.filter((l) => l.name !== panel.ceiling);
    const ceiling = all.find((l) => l.name === panel.ceiling);
    const yMax = ceiling ? (summarize(ceiling.values).max ?? undefined) : panel.yMax;
    const prefix = `${panel.id}.`;
    return {
      xs: data.xs,
      lines,
      hidden: new Set(hide.filter((h) => h.startsWith(prefix)).map((h) => h.slice(prefix.length))),
      unit: panel.unit,
      stacked: panel.stacked,
      ...(panel.mirrored && { mirrored: true }),
      ...(yMax !== undefined && { yMax }),
      ...(slotFor(panel) && { slot: slotFor(panel)! }),
      fromS: data.span.from / 1000,
      toS: data.span.to / 1000,
    };
  }, [data, hideText, panel]);

  const error = graph.error ?? data?.outcomes.find((o) => o.error)?.error ?? null;
  const empty = model && model.lines.every((l) => l.values.every((v) => v === null));
  const headline = model && !empty ? panel.headline(model.lines, (l) => summarize(l.values).last ?? 0) : null;
  const exprs = panel.queries(host, rateWindow(data?.grid.stepS ?? intervalS, intervalS)).map((q) => q.expr);
  const setHidden = (hidden: Set<string>) =>
    onHide([...hide.filter((h) => !h.startsWith(`${panel.id}.`)), ...[...hidden].map((k) => `${panel.id}.${k}`)]);

  return (
    <section class="panel graph-panel" aria-labelledby={`graph-${panel.id}`} aria-busy={graph.loading}>
      <div class="panel-head">
        <h2 id={`graph-${panel.id}`} class="grow">{panel.title}</h2>
        {headline !== null && model && (
          <span class="soft">
            <strong class="headline">{formatValue(model, headline)}</strong>
            {panel.ceiling && model.yMax !== undefined && ` of ${formatValue(model, model.yMax)}`}
          </span>
        )}
        <a class="btn icon bare" href={href("/explore", { q: exprs, unit: panel.unit, ...(panel.stacked && { stack: "1" }) })} aria-label={`Open ${panel.title} in Explore`} title="Open in Explore">
          <Icon name="explore" />
        </a>
      </div>
      <div class="panel-body">
        {error && <ErrorBox error={error} />}
        {!error && model && !empty && (
          <>
            <Chart title={panel.title} model={model} height={CHART_HEIGHT} />
            <InlineLegend model={model} onHidden={setHidden} />
          </>
        )}
        {!error && (!model || empty) && (
          <p class="graph-wait" style={{ height: `${CHART_HEIGHT + 24}px` }}>{model ? "A rate needs two scrapes: the line starts in a few seconds." : ""}</p>
        )}
      </div>
    </section>
  );
}
