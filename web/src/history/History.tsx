/** What fired in the chosen range, who was told, and which alerts ask too much. */
import { useMemo } from "preact/hooks";
import { type AlertEvent, fetchHistory, fetchNoise } from "../api/alertlog";
import { quote } from "../base/labels";
import { formatPoint } from "../base/range";
import { parseSearch } from "../base/search";
import { choice, text, words } from "../base/urlstate";
import { useResource } from "../state/resource";
import { usePageState } from "../state/router";
import { range, span } from "../state/timerange";
import { Empty, ErrorBox, LabelChips, Moment, Problem } from "../ui/bits";
import { Portions, SearchField, Segments } from "../ui/list";
import { StateTag } from "../ui/State";
import { NoiseTable } from "./NoiseTable";
import { KINDS, type Kind, countKinds, describeEvent, firingsOf, kindOf, labelsOf, nameOf, selectEvents, wordOf } from "./events";
import "./history.css";

const LIMITS = ["500", "2000", "10000"] as const;
const SCHEMA = { kind: words<Kind>(KINDS), q: text(), most: choice(LIMITS, "500") };
const NAMES: Record<Kind, string> = { started: "Began", resolved: "Ended", sent: "Told", failed: "Not told", held: "Held back", seen: "Seen", silence: "Silences" };
const TAGS: Record<Kind, string> = { started: "firing", resolved: "ok", sent: "info", failed: "fail", held: "silenced", seen: "none", silence: "silenced" };

function Event({ event, onPick }: { event: AlertEvent; onPick(name: string, value: string): void }) {
  const kind = kindOf(event);
  const labels = labelsOf(event);
  return (
    <li class="event">
      <span class="event-time soft"><Moment ms={Date.parse(event.time)} /></span>
      <StateTag state={kind ? TAGS[kind] : "none"} text={wordOf(event)} />
      <b class="wrap">{nameOf(event)}</b>
      <span class="event-words wrap"><LabelChips labels={labels} skip={["alertname"]} onPick={onPick} /> {describeEvent(event)}</span>
    </li>
  );
}

export function HistoryPage() {
  const [state, setState] = usePageState(SCHEMA);
  const where = `${formatPoint(range.value.from)} ${formatPoint(range.value.to)}`;
  const history = useResource(`history ${where} ${state.most}`, (signal) => fetchHistory(span.value.from, span.value.to, Number(state.most), signal));
  const noise = useResource(`noise ${where}`, (signal) => fetchNoise(span.value.from, span.value.to, signal));
  const search = useMemo(() => parseSearch(state.q), [state.q]);
  const events = history.data?.events ?? [];
  const shown = useMemo(() => selectEvents(events, state.kind, search), [events, state.kind, search]);
  const counts = useMemo(() => countKinds(events), [events]);
  const firings = useMemo(() => firingsOf(events, span.value.from, span.value.to), [events]);
  const more = history.data?.before !== undefined;
  const next = LIMITS[LIMITS.indexOf(state.most) + 1];

  const toggle = (one: Kind) => setState({ kind: state.kind.includes(one) ? state.kind.filter((k) => k !== one) : KINDS.filter((k) => k === one || state.kind.includes(k)) });
  const pick = (name: string, value: string) => {
    const term = `${name}=${quote(value)}`;
    if (!state.q.includes(term)) setState({ q: `${state.q} ${term}`.trim() });
  };

  return (
    <div class="history">
      {noise.error && <ErrorBox error={noise.error} />}
      {noise.data && noise.data.rules.length > 0 && (
        <section class="panel group" aria-label="Noise">
          <div class="group-head"><h2>What asks most of people</h2><span class="soft">in the chosen range, by notices</span></div>
          <NoiseTable rows={noise.data.rules} firings={firings} span={span.value} onPick={(name) => setState({ q: `alertname=${quote(name)}` })} />
        </section>
      )}
      {noise.data && !noise.data.complete && <Problem tone="warn">The range has more events than are counted here: choose a shorter one for exact figures.</Problem>}
      <div class="toolbar">
        <Segments label="Kinds of events" options={KINDS.map((k) => ({ value: k, text: NAMES[k], count: counts[k] }))} isOn={(k) => state.kind.includes(k)} onPick={toggle} />
        <SearchField value={state.q} onValue={(q) => setState({ q }, true)} label="Search events" placeholder='Search: words, alertname="HighLoad", severity=critical' />
      </div>
      {history.error && <ErrorBox error={history.error} />}
      {shown.length > 0 && (
        <section class="panel group" aria-label="Events">
          <ul class="events">
            <Portions items={shown} size={200}>{(e) => <Event key={e.id} event={e} onPick={pick} />}</Portions>
          </ul>
        </section>
      )}
      {more && (
        <p class="row soft">
          These are the newest {events.length} events of the range.
          {next && <button type="button" class="btn" onClick={() => setState({ most: next })}>Look at up to {next}</button>}
        </p>
      )}
      {history.data && shown.length === 0 && (
        <div class="panel">
          {events.length === 0 ? (
            <Empty icon="clock" title="Nothing happened in this range">
              <p>Every alert that begins or ends, every notice and every acknowledgement is kept here. Choose a longer range to look further back.</p>
            </Empty>
          ) : (
            <Empty icon="search" title="No event fits this filter">
              <button type="button" class="btn" onClick={() => setState({ q: "", kind: [] })}>Show all {events.length}</button>
            </Empty>
          )}
        </div>
      )}
    </div>
  );
}
