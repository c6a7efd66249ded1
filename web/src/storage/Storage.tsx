/** How much is kept, how much room it takes, and which metrics and labels make the series. */
import { type StoreStatus, type Top, fetchStoreStatus } from "../api/storage";
import { quote } from "../base/labels";
import { type Unit, formatNumber, formatUnit } from "../base/units";
import { choice } from "../base/urlstate";
import { useResource } from "../state/resource";
import { href, usePageState } from "../state/router";
import { ErrorBox, Moment, Problem } from "../ui/bits";
import { Segments } from "../ui/list";
import { Kept } from "./Kept";
import { bytesOfSamples } from "./tiers";
import "./storage.css";

const SIZES = ["10", "50", "200"] as const;
const SCHEMA = { top: choice(SIZES, "10") };

interface TopProps {
  title: string;
  note: string;
  list: readonly Top[];
  unit?: Unit;
  /** What the bar is a share of; without it, of the longest. */
  whole?: number;
  link?: (name: string) => string;
}

function TopList({ title, note, list, unit = "none", whole, link }: TopProps) {
  const most = Math.max(whole ?? 0, ...list.map((t) => t.value), 1);
  return (
    <section class="panel top-list" aria-label={title}>
      <div class="panel-head"><h2>{title}</h2><span class="soft">{note}</span></div>
      {list.length === 0 ? <p class="soft">Nothing is stored yet.</p> : (
        <ol>
          {list.map((t) => (
            <li key={t.name}>
              <span class="mono wrap">{link ? <a href={link(t.name)}>{t.name}</a> : t.name}</span>
              <b class="num">{formatUnit(t.value, unit, 4)}</b>
              <div class="bar"><i style={{ width: `${Math.max(0.5, (100 * t.value) / most)}%` }} /></div>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function Facts({ status: { headStats: head, storage: s } }: { status: StoreStatus }) {
  const facts: [string, string][] = [["series", formatNumber(head.numSeries, 6)], ["label pairs", formatNumber(head.numLabelPairs, 6)]];
  if (s) {
    if (s.idleSeries > 0) facts.push(["idle series, on disk alone", formatNumber(s.idleSeries, 6)]);
    facts.push(["samples", formatNumber(s.samples, 6)], ["on disk", formatUnit(s.diskBytes, "bytes")], ["write-ahead log", formatUnit(s.walBytes, "bytes")]);
    const atRest = bytesOfSamples(s);
    if (s.samples > 0 && atRest > 0) facts.push(["a sample at rest", `${(atRest / s.samples).toFixed(2)} bytes`]);
    facts.push(["last start", formatUnit(s.replaySeconds, "seconds")]);
  }
  const empty = head.minTime > head.maxTime;
  return (
    <section class="panel store-facts" aria-label="The store">
      <dl>
        {facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd class="num">{value}</dd></div>)}
        {!empty && <div><dt>oldest</dt><dd><Moment ms={head.minTime} relative /></dd></div>}
        {!empty && <div><dt>newest</dt><dd><Moment ms={head.maxTime} relative /></dd></div>}
      </dl>
    </section>
  );
}

const pairOf = (text: string) => {
  const at = text.indexOf("=");
  return `{${text.slice(0, at)}=${quote(text.slice(at + 1))}}`;
};

export function Storage() {
  const [state, setState] = usePageState(SCHEMA);
  const { data, error } = useResource(`storage ${state.top}`, async (signal) => (await fetchStoreStatus(Number(state.top), signal)).data);
  const series = data?.headStats.numSeries;
  const count = (selector: string) => href("/explore", { q: `count by (__name__) (${selector})`, view: "table" });
  return (
    <div class="storage">
      <div class="toolbar">
        <Segments label="Entries of each list" options={SIZES.map((n) => ({ value: n, text: `Top ${n}` }))} isOn={(n) => n === state.top} onPick={(top) => setState({ top })} />
      </div>
      {error && <ErrorBox error={error} />}
      {data?.storage?.readOnly && <Problem>The store refuses writes: the disk is full or failing. Queries go on. Free some space in the data directory.</Problem>}
      {data && data.storage && data.storage.corruptRecords > 0 && (
        <Problem tone="warn">{data.storage.corruptRecords} damaged records of the log were skipped at the last start; everything else is served.</Problem>
      )}
      {data && (
        <>
          <Facts status={data} />
          {data.storage && <Kept storage={data.storage} />}
          <div class="top-lists">
            <TopList title="Metrics" note="series" list={data.seriesCountByMetricName} whole={series} link={(name) => count(`{__name__=${quote(name)}}`)} />
            <TopList title="Labels" note="different values" list={data.labelValueCountByLabelName} />
            <TopList title="Label values" note="series" list={data.seriesCountByLabelValuePair} whole={series} link={(name) => count(pairOf(name))} />
            <TopList title="Label texts" note="memory" list={data.memoryInBytesByLabelName} unit="bytes" />
          </div>
        </>
      )}
    </div>
  );
}
