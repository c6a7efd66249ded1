/** What is scraped, whether it works, and why not. */
import { useMemo } from "preact/hooks";
import { type Health, type Target, type Targets, fetchTargets } from "../api/prom";
import { describeDuration } from "../base/duration";
import { formatSeries, quote } from "../base/labels";
import { parseSearch } from "../base/search";
import { flag, text, words } from "../base/urlstate";
import { useResource } from "../state/resource";
import { href, usePageState } from "../state/router";
import { Empty, ErrorBox, LabelChips, Moment } from "../ui/bits";
import { Portions, SearchField, Segments } from "../ui/list";
import { Icon } from "../ui/Icon";
import { StateTag } from "../ui/State";
import { HEALTHS, type Pool, adviceFor, countHealth, healthOf, toPools } from "./targetlist";
import "./targets.css";

const SCHEMA = { health: words<Health>(HEALTHS, [...HEALTHS]), q: text(), details: text(), dropped: flag() };
const NAMES: Record<Health, string> = { up: "Up", down: "Down", unknown: "Unknown" };

interface RowProps {
  target: Target;
  open: boolean;
  onToggle(): void;
  onPick(name: string, value: string): void;
}

function TargetRow({ target, open, onToggle, onPick }: RowProps) {
  const advice = target.lastError ? adviceFor(target.lastError) : "";
  const up = formatSeries({ __name__: "up", job: target.labels["job"] ?? "", instance: target.labels["instance"] ?? "" });
  return (
    <li class={`target ${healthOf(target)}`}>
      <div class="target-main">
        <StateTag state={healthOf(target)} />
        <div class="grow">
          <a class="mono wrap" href={target.globalUrl || target.scrapeUrl} target="_blank" rel="noreferrer">{target.scrapeUrl}</a>
          <LabelChips labels={target.labels} onPick={onPick} />
          {target.lastError && <p class="target-error wrap"><b>{target.lastError}</b> {advice}</p>}
        </div>
        <dl class="target-side">
          <div><dt>scraped</dt><dd><Moment ms={Date.parse(target.lastScrape)} relative /></dd></div>
          <div class="wide-only"><dt>took</dt><dd>{describeDuration(target.lastScrapeDuration * 1000)}</dd></div>
          <div class="wide-only"><dt>every</dt><dd>{target.scrapeInterval ?? "–"}</dd></div>
        </dl>
        <a class="btn icon bare" href={href("/explore", { q: up })} aria-label={`up of ${target.scrapeUrl} in Explore`} title="up in Explore"><Icon name="explore" /></a>
        <button type="button" class="btn icon bare" aria-expanded={open} aria-label={`Details of ${target.scrapeUrl}`} title="Details" onClick={onToggle}>
          <Icon name={open ? "up" : "down"} />
        </button>
      </div>
      {open && (
        <dl class="kv target-details">
          <dt>Discovered labels</dt>
          <dd><LabelChips labels={target.discoveredLabels} /></dd>
          <dt>Labels after relabelling</dt>
          <dd><LabelChips labels={target.labels} /></dd>
          <dt>Last scrape</dt>
          <dd><Moment ms={Date.parse(target.lastScrape)} />, timeout {target.scrapeTimeout ?? "–"}</dd>
        </dl>
      )}
    </li>
  );
}

function PoolHead({ pool }: { pool: Pool }) {
  const { up, down, unknown } = pool.counts;
  return (
    <div class="group-head">
      <h2>{pool.name}</h2>
      <StateTag state={down > 0 ? "down" : up > 0 ? "up" : "unknown"} text={down > 0 ? `${down} of ${up + down + unknown} down` : `${up} of ${up + unknown} up`} />
      <span class="grow" />
      <a href={href("/explore", { q: `up{job=${quote(pool.name)}}` })}>up over time</a>
    </div>
  );
}

function Dropped({ data, open, onToggle }: { data: Targets; open: boolean; onToggle(): void }) {
  const list = data.droppedTargets ?? [];
  const total = Object.values(data.droppedTargetCounts ?? {}).reduce((sum, n) => sum + n, 0) || list.length;
  if (total === 0) return null;
  return (
    <section class="panel">
      <button type="button" class="rule-head" aria-expanded={open} onClick={onToggle}>
        <Icon name={open ? "down" : "right"} />
        <b>{total} dropped {total === 1 ? "target" : "targets"}</b>
        <span class="rule-summary soft">found by discovery, then removed by relabelling</span>
      </button>
      {open && (
        <ul class="dropped">
          <Portions items={list} size={50}>
            {(t, i) => <li key={i}><LabelChips labels={t.discoveredLabels} /></li>}
          </Portions>
          {total > list.length && <li class="soft">The server keeps the labels of {list.length} of them.</li>}
        </ul>
      )}
    </section>
  );
}

export function TargetsPage() {
  const [state, setState] = usePageState(SCHEMA);
  const targets = useResource("targets page", async (signal) => (await fetchTargets(signal)).data);
  const search = useMemo(() => parseSearch(state.q), [state.q]);
  const active = targets.data?.activeTargets;
  const pools = useMemo(() => toPools(active ?? [], state.health, search), [active, state.health, search]);
  const counts = useMemo(() => countHealth(active ?? []), [active]);
  const toggle = (one: Health) =>
    setState({ health: state.health.includes(one) ? state.health.filter((h) => h !== one) : HEALTHS.filter((h) => h === one || state.health.includes(h)) });
  const pick = (name: string, value: string) => {
    const term = `${name}=${quote(value)}`;
    if (!state.q.includes(term)) setState({ q: `${state.q} ${term}`.trim() });
  };
  const idOf = (t: Target) => `${t.scrapePool} ${t.scrapeUrl}`;

  return (
    <div class="targets">
      <div class="toolbar">
        <Segments label="Target health" options={HEALTHS.map((h) => ({ value: h, text: NAMES[h], count: counts[h] }))} isOn={(h) => state.health.includes(h)} onPick={toggle} />
        <SearchField value={state.q} onValue={(q) => setState({ q }, true)} label="Search targets" placeholder='Search: words, job="host", instance=~"10\..*"' />
      </div>
      {targets.error && <ErrorBox error={targets.error} />}
      {pools.map((pool) => (
        <section class="panel group" key={pool.name} aria-label={`Scrape pool ${pool.name}`}>
          <PoolHead pool={pool} />
          <ul>
            <Portions items={pool.targets} size={100}>
              {(t) => <TargetRow key={idOf(t)} target={t} open={state.details === idOf(t)} onToggle={() => setState({ details: state.details === idOf(t) ? "" : idOf(t) }, true)} onPick={pick} />}
            </Portions>
          </ul>
        </section>
      ))}
      {active && pools.length === 0 && (
        <div class="panel">
          {active.length === 0 ? (
            <Empty icon="targets" title="No targets">
              <p>Add <code>scrape_configs</code> to the configuration and reload.</p>
            </Empty>
          ) : (
            <Empty icon="search" title="No target fits this filter">
              <button type="button" class="btn" onClick={() => setState({ q: "", health: [...HEALTHS] })}>Show all {active.length}</button>
            </Empty>
          )}
        </div>
      )}
      {targets.data && <Dropped data={targets.data} open={state.dropped} onToggle={() => setState({ dropped: !state.dropped }, true)} />}
    </div>
  );
}
