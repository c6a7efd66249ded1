/** What is wrong now, how this host is doing, how pharos itself is doing. */
import { useEffect } from "preact/hooks";
import { type Targets, fetchTargets, queryInstant } from "../api/prom";
import { parseDuration, describeDuration } from "../base/duration";
import { text, words } from "../base/urlstate";
import { useResource } from "../state/resource";
import { usePageState } from "../state/router";
import { advance, follows, now, range, refresh, span } from "../state/timerange";
import { formatPoint } from "../base/range";
import { ErrorBox } from "../ui/bits";
import { lazy } from "../ui/lazy";
import { Disks } from "./Disks";
import { Firing } from "./Firing";
import { HostFacts } from "./HostFacts";
import { HostGraph } from "./HostGraph";
import { NoHost } from "./NoHost";
import { OwnHealth } from "./OwnHealth";
import { findDataStart, narrow } from "./dataspan";
import { HOSTS_QUERY, HOST_PANELS, type Host, hostKey, hostSelector, pickHost } from "./host";
import "./home.css";

const NextSteps = lazy(() => import("./NextSteps").then((m) => m.NextSteps));

const SCHEMA = { host: text(), hide: words(null) };
const DEFAULT_INTERVAL_S = 15;
/** In its first seconds a server has news all the time: do not wait for the next scrape event. */
const YOUNG_MS = 20_000;
const YOUNG_REFRESH_MS = 1_000;

async function loadHosts(signal: AbortSignal): Promise<Host[]> {
  const { data } = await queryInstant(HOSTS_QUERY, span.peek().to / 1000, signal);
  if (data.resultType !== "vector") return [];
  return data.result
    .map((s) => ({ job: s.metric["job"] ?? "", instance: s.metric["instance"] ?? "" }))
    .sort((a, b) => hostKey(a).localeCompare(hostKey(b)));
}

function intervalOf(targets: Targets | null, host: Host | null): number {
  const mine = targets?.activeTargets.find((t) => t.labels["job"] === host?.job && t.labels["instance"] === host?.instance);
  const ms = mine?.scrapeInterval ? parseDuration(mine.scrapeInterval) : null;
  return ms ? ms / 1000 : DEFAULT_INTERVAL_S;
}

export function Home() {
  const [state, setState] = usePageState(SCHEMA);
  const targets = useResource("targets", async (signal) => (await fetchTargets(signal)).data);
  const rangeKey = `${formatPoint(range.value.from)}/${formatPoint(range.value.to)}`;
  const hosts = useResource(`hosts ${rangeKey}`, loadHosts);
  const host = pickHost(hosts.data ?? [], state.host);
  const key = host && targets.data ? `${hostKey(host)} ${rangeKey}` : null;

  const start = useResource(
    key && `start ${key}`,
    (signal) => findDataStart(`node_load1${hostSelector(host!)}`, span.peek(), signal),
    follows.value,
  );
  const dataStart = start.loadedKey === `start ${key}` ? start.data : null;
  const view = () => narrow(span.peek(), dataStart);
  const narrowed = view().from !== span.value.from;
  const ready = key && dataStart !== null ? `${key} ${narrowed ? dataStart : ""}` : null;
  const young = follows.value && (dataStart === null || now.value - dataStart < YOUNG_MS);
  useEffect(() => {
    if (!young || refresh.value === "off") return;
    const id = setInterval(advance, YOUNG_REFRESH_MS);
    return () => clearInterval(id);
  }, [young, refresh.value]);
  const intervalS = intervalOf(targets.data, host);

  return (
    <div class="home">
      <Firing />
      {hosts.error && <ErrorBox error={hosts.error} />}
      {hosts.data && !host && <NoHost />}
      {host && (
        <section aria-labelledby="host-title">
          <HostFacts host={host} hosts={hosts.data ?? []} onHost={(h) => setState({ host: hostKey(h) })}>
            {narrowed && dataStart && <span class="tag info" title="The graphs show only the part of the range that has data.">data since {describeDuration(now.value - dataStart)}</span>}
          </HostFacts>
          <div class="home-grid">
            {HOST_PANELS.map((panel) => (
              <HostGraph key={panel.id} panel={panel} host={host} question={ready} view={view} intervalS={intervalS} hide={state.hide} onHide={(hide) => setState({ hide }, true)} />
            ))}
            <Disks host={host} />
          </div>
        </section>
      )}
      <div class="home-grid own">
        <OwnHealth targets={targets.data} />
        <NextSteps targets={targets.data} />
      </div>
    </div>
  );
}
