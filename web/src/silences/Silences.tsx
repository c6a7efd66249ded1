/** What is silenced, by whom, until when; making, changing and ending silences. */
import { useMemo } from "preact/hooks";
import { type Silence, type SilenceState, expireSilence, fetchNotified, fetchSilences, formatMatcher } from "../api/alertmanager";
import { parseSearch } from "../base/search";
import { flag, text, words } from "../base/urlstate";
import { notify } from "../state/notices";
import { useResource } from "../state/resource";
import { usePageState } from "../state/router";
import { refreshNow } from "../state/timerange";
import { Empty, ErrorBox, LabelChips, Moment } from "../ui/bits";
import { Portions, SearchField, Segments } from "../ui/list";
import { Icon } from "../ui/Icon";
import { StateTag } from "../ui/State";
import { SilenceForm } from "./SilenceForm";
import { DEFAULT_STATES, STATES, countStates, formatMatchers, selectSilences } from "./silencelist";
import "./silences.css";

const SCHEMA = { state: words<SilenceState>(STATES, DEFAULT_STATES), q: text(), new: flag(), m: text(), edit: text(), alerts: text() };
const NAMES: Record<SilenceState, string> = { active: "Active", pending: "Not yet", expired: "Ended" };

async function end(silence: Silence): Promise<void> {
  try {
    await expireSilence(silence.id);
    notify("good", "The silence has ended.");
    refreshNow();
  } catch (error) {
    notify("bad", `The silence was not ended: ${(error as Error).message}`);
  }
}

function Silenced({ silence }: { silence: Silence }) {
  const alerts = useResource(`silenced ${silence.id}`, (signal) => fetchNotified(silence.matchers, signal));
  if (alerts.error) return <ErrorBox error={alerts.error} />;
  if (!alerts.data) return null;
  if (alerts.data.length === 0) return <p class="soft silenced">No alert matches now.</p>;
  return (
    <ul class="silenced">
      <Portions items={alerts.data} size={50}>{(a) => <li key={a.fingerprint}><LabelChips labels={a.labels} /></li>}</Portions>
    </ul>
  );
}

interface RowProps {
  silence: Silence;
  open: boolean;
  onToggle(): void;
  onEdit(): void;
}

function SilenceRow({ silence, open, onToggle, onEdit }: RowProps) {
  const { state } = silence.status;
  const ended = state === "expired";
  return (
    <li class={`silence ${state}`}>
      <div class="silence-main">
        <StateTag state={state === "active" ? "silenced" : state === "pending" ? "pending" : "none"} text={NAMES[state].toLowerCase()} />
        <div class="grow">
          <span class="chips">{silence.matchers.map((m) => <span class="chip mono" key={formatMatcher(m)}>{formatMatcher(m)}</span>)}</span>
          <p class="wrap">{silence.comment} <span class="soft">{silence.createdBy}</span></p>
        </div>
        <span class="silence-time soft">
          {state === "pending" ? "starts" : ended ? "ended" : "ends"} <Moment ms={Date.parse(state === "pending" ? silence.startsAt : silence.endsAt)} relative />
        </span>
        <span class="row">
          <button type="button" class="btn" onClick={onEdit}>{ended ? "Again" : "Change"}</button>
          {!ended && <button type="button" class="btn" onClick={() => void end(silence)}>End</button>}
          <button type="button" class="btn icon bare" aria-expanded={open} aria-label="Alerts that match" title="Alerts that match" onClick={onToggle}><Icon name={open ? "up" : "down"} /></button>
        </span>
      </div>
      {open && <Silenced silence={silence} />}
    </li>
  );
}

export function Silences() {
  const [state, setState] = usePageState(SCHEMA);
  const silences = useResource("silences", fetchSilences);
  const search = useMemo(() => parseSearch(state.q), [state.q]);
  const all = silences.data ?? [];
  const shown = useMemo(() => selectSilences(all, state.state, search), [all, state.state, search]);
  const counts = useMemo(() => countStates(all), [all]);
  const edited = all.find((s) => s.id === state.edit);
  const toggle = (one: SilenceState) =>
    setState({ state: state.state.includes(one) ? state.state.filter((s) => s !== one) : STATES.filter((s) => s === one || state.state.includes(s)) });
  const close = () => setState({ new: false, m: "", edit: "" });
  const ready = !state.edit || edited || silences.data;

  return (
    <div class="silences">
      <div class="toolbar">
        <Segments label="Silence states" options={STATES.map((s) => ({ value: s, text: NAMES[s], count: counts[s] }))} isOn={(s) => state.state.includes(s)} onPick={toggle} />
        <SearchField value={state.q} onValue={(q) => setState({ q }, true)} label="Search silences" placeholder='Search: words, alertname="HighLoad"' />
        <button type="button" class="btn" aria-pressed={state.new} onClick={() => (state.new ? close() : setState({ new: true }))}><Icon name="plus" />New silence</button>
      </div>
      {state.new && ready && (
        <SilenceForm
          key={state.edit} matchers={state.m} onMatchers={(m) => setState({ m }, true)} onDone={close}
          id={edited && edited.status.state !== "expired" ? edited.id : undefined} comment={edited?.comment}
        />
      )}
      {silences.error && <ErrorBox error={silences.error} />}
      {shown.length > 0 && (
        <section class="panel group" aria-label="Silences">
          <ul>
            <Portions items={shown} size={100}>
              {(s) => (
                <SilenceRow
                  key={s.id} silence={s} open={state.alerts === s.id}
                  onToggle={() => setState({ alerts: state.alerts === s.id ? "" : s.id }, true)}
                  onEdit={() => setState({ new: true, edit: s.id, m: formatMatchers(s.matchers) })}
                />
              )}
            </Portions>
          </ul>
        </section>
      )}
      {silences.data && shown.length === 0 && (
        <div class="panel">
          {all.length === 0 ? (
            <Empty icon="silences" title="Nothing is silenced">
              <p>A silence mutes the notices of alerts that match, until it ends. The alerts stay visible.</p>
            </Empty>
          ) : (
            <Empty icon="search" title="No silence fits this filter">
              <button type="button" class="btn" onClick={() => setState({ q: "", state: [...STATES] })}>Show all {all.length}</button>
            </Empty>
          )}
        </div>
      )}
    </div>
  );
}
