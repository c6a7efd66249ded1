/** Every rule and every alert it has raised, those that fire first. */
import { useMemo } from "preact/hooks";
import { type RuleGroup, fetchRules } from "../api/prom";
import { describeDuration } from "../base/duration";
import { quote } from "../base/labels";
import { parseSearch } from "../base/search";
import { flag, text, words } from "../base/urlstate";
import { alertCounts } from "../state/live";
import { useResource } from "../state/resource";
import { usePageState } from "../state/router";
import { Empty, ErrorBox, Moment, Problem } from "../ui/bits";
import { Portions, SearchField, Segments } from "../ui/list";
import { RuleRow } from "./RuleRow";
import { DEFAULT_STATES, type RuleState, STATES, type Shown, countStates, selectRules } from "./rulelist";
import "./alerts.css";

const SCHEMA = {
  state: words<RuleState>(STATES, DEFAULT_STATES),
  q: text(),
  broken: flag(),
  /** `all`, or rules opened or closed against their default. */
  open: text(),
  turned: words(null),
  why: text(),
};
const NAMES: Record<RuleState, string> = { firing: "Firing", pending: "Pending", inactive: "Inactive", recording: "Recording" };

function fileName(path: string): string {
  return path.split("/").at(-1) ?? path;
}

function GroupHead({ group }: { group: RuleGroup }) {
  return (
    <div class="group-head">
      <h2>{group.name}</h2>
      <span class="soft" title={group.file}>{fileName(group.file)}</span>
      <span class="grow" />
      <span class="soft wide-only">
        every {describeDuration(group.interval * 1000)}, took {describeDuration(group.evaluationTime * 1000)}, <Moment ms={Date.parse(group.lastEvaluation)} relative />
      </span>
    </div>
  );
}

export function Alerts() {
  const [state, setState] = usePageState(SCHEMA);
  const counts = alertCounts.value;
  const rules = useResource(`rules ${counts?.firing ?? 0} ${counts?.pending ?? 0}`, async (signal) => (await fetchRules(signal)).data.groups);
  const groups = rules.data;
  const search = useMemo(() => parseSearch(state.q), [state.q]);
  const shown = useMemo(() => (groups ? selectRules(groups, state.state, search, state.broken) : []), [groups, state.state, search, state.broken]);
  const totals = useMemo(() => countStates(groups ?? []), [groups]);

  const toggleState = (one: RuleState) =>
    setState({ state: state.state.includes(one) ? state.state.filter((s) => s !== one) : STATES.filter((s) => s === one || state.state.includes(s)) });
  const isOpen = (item: Shown) => (state.open === "all") !== state.turned.includes(item.key);
  const turn = (key: string) =>
    setState({ turned: state.turned.includes(key) ? state.turned.filter((k) => k !== key) : [...state.turned, key] }, true);
  const pick = (name: string, value: string) => {
    const term = `${name}=${quote(value)}`;
    if (!state.q.includes(term)) setState({ q: `${state.q} ${term}`.trim() });
  };

  return (
    <div class="alerts">
      <div class="toolbar">
        <Segments
          label="Rule states" options={STATES.map((s) => ({ value: s, text: NAMES[s], count: totals[s] }))}
          isOn={(s) => state.state.includes(s)} onPick={toggleState}
        />
        <SearchField value={state.q} onValue={(q) => setState({ q }, true)} label="Search rules and alerts" placeholder='Search: words, severity="critical", instance=~"web.*"' />
        <button type="button" class="btn" aria-pressed={state.open === "all"} onClick={() => setState({ open: state.open === "all" ? "" : "all", turned: [] })}>
          {state.open === "all" ? "Close all" : "Open all"}
        </button>
      </div>
      {rules.error && <ErrorBox error={rules.error} />}
      {(totals.broken > 0 || state.broken) && (
        <Problem tone="warn">
          {totals.broken === 1 ? "One rule cannot be evaluated, so it cannot alert. " : `${totals.broken} rules cannot be evaluated, so they cannot alert. `}
          <button type="button" class="btn" aria-pressed={state.broken} onClick={() => setState({ broken: !state.broken, state: state.broken ? state.state : [...STATES] })}>
            {state.broken ? "Show all rules again" : "Show only these"}
          </button>
        </Problem>
      )}
      <Portions items={shown} size={60} entry="div">
        {({ group, rules: list }) => (
          <section class="panel group" key={`${group.file} ${group.name}`} aria-label={`Group ${group.name}`}>
            <GroupHead group={group} />
            <ul>
              <Portions items={list} size={100}>
                {(item) => <RuleRow key={item.key} group={group} shown={item} open={isOpen(item)} why={state.why} onWhy={(why) => setState({ why }, true)} onToggle={() => turn(item.key)} onPick={pick} />}
              </Portions>
            </ul>
          </section>
        )}
      </Portions>
      {groups && shown.length === 0 && (
        <div class="panel">
          {groups.length === 0 ? (
            <Empty icon="alerts" title="No rules are loaded">
              <p>Name rule files in the configuration (<code>rule_files</code>) and reload. Your Prometheus rule files work unchanged.</p>
            </Empty>
          ) : (
            <Empty icon="search" title="No rule fits this filter">
              <p>
                {totals.firing + totals.pending + totals.inactive + totals.recording} rules are loaded.{" "}
                <button type="button" class="btn" onClick={() => setState({ q: "", state: [...STATES], broken: false })}>Show all of them</button>
              </p>
            </Empty>
          )}
        </div>
      )}
    </div>
  );
}
