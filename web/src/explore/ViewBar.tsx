/** How the answer is shown, and the ways to take it elsewhere. */
import { type Grid, type Series, rangeParams } from "../api/prom";
import { serverUrl } from "../api/http";
import { describeDuration, formatDuration } from "../base/duration";
import { samplesToCsv, toCsv, toCurl } from "../base/export";
import { fixed, formatPoint, isLive } from "../base/range";
import { UNITS, type Unit } from "../base/units";
import { copyText, download } from "../state/notices";
import { range, span } from "../state/timerange";
import { Segments } from "../ui/list";
import { Icon } from "../ui/Icon";
import { Menu } from "../ui/Menu";
import { type Row, tableToCells, toTable } from "./rows";
import { type ExploreState, STEPS, TABS } from "./state";

const TAB_NAMES: Record<ExploreState["tab"], string> = { graph: "Graph", table: "Table", plan: "Plan" };

interface Props {
  state: ExploreState;
  setState(patch: Partial<ExploreState>, replace?: boolean): void;
  exprs: string[];
  grid: Grid | null;
  series: Series[];
  rows: Row[];
}

function curlText(state: ExploreState, exprs: string[], grid: Grid | null): string {
  return exprs
    .map((query) =>
      state.tab !== "table" && grid
        ? toCurl(serverUrl(state.tab === "plan" ? "api/v1/query_explain" : "api/v1/query_range"), rangeParams(query, grid))
        : toCurl(serverUrl("api/v1/query"), { query, time: String(span.peek().to / 1000) }),
    )
    .join("\n");
}

/** The link as it is, or with the time range nailed to what is on the screen now. */
function linkText(frozen: boolean): string {
  const url = new URL(location.href);
  if (frozen) {
    const { from, to } = span.peek();
    const nailed = fixed(from, to);
    url.searchParams.set("from", formatPoint(nailed.from));
    url.searchParams.set("to", formatPoint(nailed.to));
  }
  return url.href;
}

function save({ state, series, rows }: Props): void {
  const name = `pharos-${new Date().toISOString().slice(0, 19).replace(/:/g, "")}.csv`;
  const content = state.tab === "graph"
    ? samplesToCsv(series.map((s) => ({ metric: s.metric, values: s.values ?? [] })))
    : toCsv(tableToCells(toTable(rows)));
  download(name, "text/csv", content);
}

export function ViewBar(props: Props) {
  const { state, setState, exprs, grid } = props;
  const empty = state.tab === "graph" ? props.series.length === 0 : state.tab === "plan" || props.rows.length === 0;
  return (
    <div class="viewbar">
      <Segments label="View" options={TABS.map((t) => ({ value: t, text: TAB_NAMES[t] }))} isOn={(t) => t === state.tab} onPick={(tab) => setState({ tab })} />
      {state.tab === "graph" && (
        <button type="button" class="btn" aria-pressed={state.stack} onClick={() => setState({ stack: !state.stack }, true)}>Stacked</button>
      )}
      {state.tab !== "plan" && (
        <label class="row soft" title="Unit">
          <span class="wide-only">Unit</span>
          <select class="field" aria-label="Unit" value={state.unit} onChange={(e) => setState({ unit: e.currentTarget.value as "auto" | Unit }, true)}>
            {["auto", ...UNITS].map((u) => <option key={u} value={u}>{u}</option>)}
          </select>
        </label>
      )}
      {state.tab !== "table" && (
        <label class="row soft" title="Step">
          <span class="wide-only">Step</span>
          <select class="field" aria-label="Step" value={state.step} onChange={(e) => setState({ step: e.currentTarget.value }, true)}>
            {[...new Set([...STEPS, state.step])].map((s) => (
              <option key={s} value={s}>{s === "auto" && grid ? `auto (${formatDuration(grid.stepS * 1000)})` : s}</option>
            ))}
          </select>
        </label>
      )}
      <span class="grow" />
      <Menu label="Share or take away" button={<><Icon name="link" /><span class="wide-only">Share</span></>}>
        {(close) => (
          <ul class="menu-list">
            <li><button type="button" class="menu-item" onClick={() => (void copyText(linkText(false), "Link"), close())}><Icon name="link" />Copy link{isLive(range.value) ? ", moving with time" : ""}</button></li>
            {isLive(range.value) && <li><button type="button" class="menu-item" onClick={() => (void copyText(linkText(true), "Link"), close())}><Icon name="clock" />Copy link to exactly this {describeDuration(span.value.to - span.value.from)}</button></li>}
            <li><button type="button" class="menu-item" onClick={() => (void copyText(curlText(state, exprs, grid), "Command"), close())}><Icon name="copy" />Copy as curl</button></li>
            <li><button type="button" class="menu-item" disabled={empty} onClick={() => (save(props), close())}><Icon name="download" />Download CSV</button></li>
          </ul>
        )}
      </Menu>
    </div>
  );
}
