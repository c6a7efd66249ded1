import { type Check, fetchHealth } from "../api/health";
import { type Targets, fetchHeadStats, queryInstant } from "../api/prom";
import { describeDuration } from "../base/duration";
import { formatUnit } from "../base/units";
import { useResource } from "../state/resource";
import { href } from "../state/router";
import { ErrorBox } from "../ui/bits";
import { StateTag } from "../ui/State";

const INGEST_QUERY = "sum(rate(pharos_tsdb_samples_appended_total[1m]))";
const STORAGE_QUERY = "sum(pharos_tsdb_disk_bytes)";

async function loadNumber(expr: string, signal: AbortSignal): Promise<number | null> {
  const { data } = await queryInstant(expr, Date.now() / 1000, signal);
  const text = data.resultType === "vector" ? data.result[0]?.value?.[1] : undefined;
  return text === undefined ? null : Number(text);
}

/** Each figure stands alone: one that fails must not hide the others. */
async function loadFigures(signal: AbortSignal) {
  const orNull = <T,>(promise: Promise<T>) => promise.catch(() => null);
  const [ingest, storage, head] = await Promise.all([
    orNull(loadNumber(INGEST_QUERY, signal)),
    orNull(loadNumber(STORAGE_QUERY, signal)),
    orNull(fetchHeadStats(signal)),
  ]);
  return { ingest, storage, series: head?.data.headStats.numSeries ?? null };
}

function detailText(name: string, value: unknown): string {
  const words = name.replace(/_(bytes|seconds)$/, "").replace(/_/g, " ");
  if (typeof value === "number" && name.endsWith("_bytes")) return `${words} ${formatUnit(value, "bytes")}`;
  if (typeof value === "number" && name.endsWith("_seconds")) return `${words} ${formatUnit(value, "seconds")}`;
  return `${words} ${value}`;
}

function CheckRow({ name, check }: { name: string; check: Check }) {
  const details = Object.entries(check).filter(([k, v]) => k !== "status" && k !== "message" && (typeof v === "number" || typeof v === "string"));
  return (
    <li>
      <StateTag state={check.status} />
      <span class="grow">
        <b>{name}</b> <span class="soft wrap">{check.message}</span>
        {details.length > 0 && <span class="note wrap"> {details.map(([k, v]) => detailText(k, v)).join(", ")}</span>}
      </span>
    </li>
  );
}

function Figure({ name, value, link }: { name: string; value: string; link?: string }) {
  return (
    <div class="figure">
      <dt>{name}</dt>
      <dd>{link ? <a href={link}>{value}</a> : value}</dd>
    </div>
  );
}

export function OwnHealth({ targets }: { targets: Targets | null }) {
  const health = useResource("health", fetchHealth);
  const figures = useResource("figures", loadFigures);
  const active = targets?.activeTargets ?? [];
  const down = active.filter((t) => t.health === "down").length;
  const up = active.filter((t) => t.health === "up").length;
  const f = figures.data;
  const report = health.data;
  const checks = Object.entries(report?.checks ?? {});
  return (
    <section class="panel own-health" aria-labelledby="own-title">
      <div class="panel-head">
        <h2 id="own-title">pharos itself</h2>
        {report && <StateTag state={report.status} />}
        <span class="grow" />
        {report && <span class="soft">{report.version} · up {describeDuration(report.uptime_seconds * 1000)}</span>}
      </div>
      <div class="panel-body">
        {health.error && <ErrorBox error={health.error} />}
        <dl class="figures">
          <Figure name="Targets up" value={targets ? `${up} of ${active.length}` : "–"} link={href("/targets")} />
          <Figure name="Targets down" value={targets ? String(down) : "–"} link={href("/targets", { health: "down" })} />
          <Figure name="Ingest" value={f?.ingest == null ? "–" : formatUnit(f.ingest, "ops/s").replace("/s", "samples/s")} link={href("/explore", { q: INGEST_QUERY })} />
          <Figure name="Series" value={f?.series == null ? "–" : formatUnit(f.series, "none")} />
          <Figure name="Storage" value={f?.storage == null ? "–" : formatUnit(f.storage, "bytes")} />
        </dl>
        {checks.length > 0 && <ul class="checks">{checks.map(([name, check]) => <CheckRow key={name} name={name} check={check} />)}</ul>}
        {health.data === null && !health.loading && !health.error && <p class="note">This server gives no health report of its own.</p>}
      </div>
    </section>
  );
}
