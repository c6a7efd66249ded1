/** Ask any question: queries, a graph or a table, and the way out with the answer. */
import { useEffect, useState } from "preact/hooks";
import { type Answer } from "../api/http";
import { type InstantResult, queryInstant } from "../api/prom";
import { chooseGrid } from "../base/grid";
import { formatPoint } from "../base/range";
import { useGraph } from "../chart/useGraph";
import { recordQuery } from "../state/history";
import { useResource } from "../state/resource";
import { usePageState } from "../state/router";
import { follows, range, refreshNow, span } from "../state/timerange";
import { Empty, ErrorBox } from "../ui/bits";
import { Icon } from "../ui/Icon";
import { Examples } from "./Examples";
import { GraphView } from "./GraphView";
import { PlanView } from "./PlanView";
import { QueryRow } from "./QueryRow";
import { Running } from "./Running";
import { HistoryList, MetricList } from "./Side";
import { TableView } from "./TableView";
import { ViewBar } from "./ViewBar";
import { type Outcome, failedOutcome } from "./outcome";
import { loadPlans } from "./plan";
import { type Row, toRows } from "./rows";
import { SCHEMA, activeQueries, letterOf, stepSeconds } from "./state";
import "../ui/moreicons";
import "./explore.css";

const MAX_POINTS = 600;

interface TableData {
  atMs: number;
  rows: Row[];
  outcomes: Outcome[];
}

async function loadTable(active: { index: number; expr: string }[], signal: AbortSignal): Promise<TableData> {
  const atMs = span.peek().to;
  const settled = await Promise.allSettled(active.map((q) => queryInstant(q.expr, atMs / 1000, signal, true)));
  const rows: Row[] = [];
  const outcomes = settled.map((s, i): Outcome => {
    const { expr, index } = active[i]!;
    if (s.status === "rejected") return failedOutcome(expr, s.reason);
    const { data, notes, elapsedMs, bytes }: Answer<InstantResult> = s.value;
    const mine = toRows(letterOf(index), data);
    rows.push(...mine);
    const points = data.resultType === "matrix" ? data.result.reduce((n, m) => n + (m.values?.length ?? 0), 0) : mine.length;
    return { expr, error: null, notes, elapsedMs, bytes, stats: data.stats, series: mine.length, points };
  });
  return { atMs, rows, outcomes };
}

export function Explore() {
  const [state, setState] = usePageState(SCHEMA);
  const [drafts, setDrafts] = useState<string[]>(state.q.length ? state.q : [""]);
  const [version, setVersion] = useState(0);
  const replaceDrafts = (next: string[]) => {
    setDrafts(next);
    setVersion((v) => v + 1);
  };
  const link = state.q.join("\n\n");
  useEffect(() => replaceDrafts(state.q.length ? state.q : [""]), [link]);

  const active = activeQueries(state);
  const several = state.q.length > 1;
  const question = JSON.stringify([active, formatPoint(range.value.from), formatPoint(range.value.to), state.step]);
  const wantGraph = state.tab === "graph" && active.length > 0;
  const wantTable = state.tab === "table" && active.length > 0;
  const wantPlan = state.tab === "plan" && active.length > 0;
  const fixedStep = stepSeconds(state.step);
  const maxPoints = fixedStep ? Infinity : MAX_POINTS;
  const graph = useGraph(wantGraph ? `graph ${question}` : null, {
    span: () => span.peek(),
    queries: () => active.map(({ index, expr }) => ({ expr, prefix: letterOf(index).toLowerCase(), ...(several && { lead: `${letterOf(index)}  ` }) })),
    maxPoints,
    minStepS: fixedStep ?? 1,
    stats: true,
  });
  const table = useResource(wantTable ? `table ${question}` : null, (signal) => loadTable(active, signal), follows.value);
  const plan = useResource(wantPlan ? `plan ${question}` : null, (signal) => loadPlans(active, chooseGrid(span.peek(), maxPoints, fixedStep ?? 1), signal), false);
  const shown = wantTable ? table : wantPlan ? plan : graph;

  const outcomes: Outcome[] = wantTable || wantPlan
    ? ((wantTable ? table : plan).data?.outcomes ?? [])
    : (graph.data?.outcomes ?? []).map((o) => ({
        ...o, expr: o.query.expr, series: o.series.length, points: o.series.reduce((n, s) => n + (s.values?.length ?? 0), 0),
      }));
  const outcomeOf = (text: string) => outcomes.find((o) => o.expr === text.trim()) ?? null;

  const run = (next: string[] = drafts) => {
    const kept = next.map((d) => d.trim());
    for (const expr of kept) recordQuery(expr);
    replaceDrafts(kept);
    if (kept.join("\n\n") === link) refreshNow();
    else setState({ q: kept.length === 1 && !kept[0] ? [] : kept, hide: [] });
  };
  const change = (index: number, text: string) => setDrafts((all) => all.map((d, i) => (i === index ? text : d)));
  const remove = (index: number) => {
    const off = state.off.map(Number).filter((i) => i !== index).map((i) => String(i > index ? i - 1 : i));
    setState({ off });
    run(drafts.filter((_, i) => i !== index));
  };
  const setOff = (index: number, off: boolean) =>
    setState({ off: off ? [...state.off, String(index)] : state.off.filter((i) => i !== String(index)) });
  const use = (expr: string) => {
    const empty = drafts.findIndex((d) => !d.trim());
    run(empty >= 0 ? drafts.map((d, i) => (i === empty ? expr : d)) : drafts.length === 1 ? [expr] : [...drafts, expr]);
  };

  const exprs = active.map((q) => q.expr);
  return (
    <div class={`explore ${state.side ? "with-side" : ""}`}>
      <div class="explore-main">
        <section class="panel queries" aria-label="Queries">
          <ol>
            {drafts.map((draft, i) => (
              <QueryRow
                key={i} index={i} text={draft} version={version} off={state.off.includes(String(i))} alone={drafts.length === 1} outcome={outcomeOf(draft)}
                onChange={(text) => change(i, text)} onRun={() => run()} onOff={(off) => setOff(i, off)} onRemove={() => remove(i)}
              />
            ))}
          </ol>
          <div class="queries-foot row">
            <button type="button" class="btn primary" onClick={() => run()}><Icon name="play" />Run</button>
            <button type="button" class="btn" onClick={() => setDrafts([...drafts, ""])}><Icon name="plus" />Query</button>
            <span class="grow" />
            <button type="button" class="btn" aria-label="Metrics" aria-pressed={state.side === "metrics"} onClick={() => setState({ side: state.side === "metrics" ? "" : "metrics" }, true)}><Icon name="list" /><span class="wide-only">Metrics</span></button>
            <button type="button" class="btn" aria-label="History" aria-pressed={state.side === "history"} onClick={() => setState({ side: state.side === "history" ? "" : "history" }, true)}><Icon name="clock" /><span class="wide-only">History</span></button>
          </div>
        </section>

        {active.length === 0 ? (
          <Examples onUse={use} />
        ) : (
          <section class="panel result" aria-label="Result" aria-busy={shown.loading}>
            <Running loading={shown.loading} startedMs={shown.startedMs} onCancel={shown.cancel} />
            <ViewBar state={state} setState={setState} exprs={exprs} grid={(wantPlan ? plan : graph).data?.grid ?? null} series={graph.data?.outcomes.flatMap((o) => o.series) ?? []} rows={table.data?.rows ?? []} />
            <div class="panel-body">
              {shown.error && <ErrorBox error={shown.error} />}
              {wantGraph && graph.data && !outcomes.every((o) => o.error) && (
                <GraphView
                  data={graph.data} exprs={exprs} unit={state.unit} stacked={state.stack} hide={state.hide} all={state.all}
                  onHide={(hide) => setState({ hide }, true)} onAll={() => setState({ all: true })}
                />
              )}
              {wantTable && table.data && !outcomes.every((o) => o.error) && (
                <TableView rows={table.data.rows} exprs={exprs} unit={state.unit} atMs={table.data.atMs} sort={state.sort} onSort={(sort) => setState({ sort }, true)} />
              )}
              {wantPlan && plan.data && <PlanView data={plan.data} />}
              {outcomes.length > 0 && outcomes.every((o) => o.error) && (
                <Empty icon="cross" title="No result">The message is at the query above.</Empty>
              )}
            </div>
          </section>
        )}
      </div>
      {state.side && (
        <aside class="panel side" aria-label={state.side === "metrics" ? "Metrics" : "History"}>
          <div class="panel-head">
            <h2 class="grow">{state.side === "metrics" ? "Metrics" : "History"}</h2>
            <button type="button" class="btn icon bare" aria-label="Close" onClick={() => setState({ side: "" }, true)}><Icon name="close" /></button>
          </div>
          <div class="panel-body">{state.side === "metrics" ? <MetricList onUse={use} /> : <HistoryList onUse={use} />}</div>
        </aside>
      )}
    </div>
  );
}
