/** The panel at the right of Explore: what metrics exist, what was asked before. */
import { useMemo, useState } from "preact/hooks";
import { fetchMetadata, fetchMetricNames } from "../api/prom";
import { findQueries, forgetQueries, queryHistory } from "../state/history";
import { useResource } from "../state/resource";
import { Empty, ErrorBox, Moment } from "../ui/bits";
import { Portions } from "../ui/list";
import { Icon } from "../ui/Icon";
import { defaultQuery, findMetrics, toMetrics } from "./metrics";

interface Props {
  onUse(expr: string): void;
}

function Filter({ value, onValue, label }: { value: string; onValue(v: string): void; label: string }) {
  return <input type="search" class="field" value={value} placeholder={label} aria-label={label} spellcheck={false} onInput={(e) => onValue(e.currentTarget.value)} />;
}

export function MetricList({ onUse }: Props) {
  const [find, setFind] = useState("");
  const loaded = useResource("metric list", async (signal) => {
    const [names, metadata] = await Promise.all([fetchMetricNames(signal), fetchMetadata(signal).catch(() => null)]);
    return toMetrics(names.data, metadata?.data ?? {});
  }, false);
  const found = useMemo(() => findMetrics(loaded.data ?? [], find), [loaded.data, find]);
  return (
    <>
      <Filter value={find} onValue={setFind} label={`Find in ${loaded.data?.length ?? ""} metrics`} />
      {loaded.error && <ErrorBox error={loaded.error} />}
      {loaded.data && found.length === 0 && <Empty icon="search" title={loaded.data.length ? "No metric fits" : "No metrics yet"} />}
      <ul class="side-list">
        <Portions key={find} items={found} size={80}>
          {(m) => (
            <li key={m.name}>
              <button type="button" class="side-item" onClick={() => onUse(defaultQuery(m))} title={`Ask ${defaultQuery(m)}`}>
                <span class="row"><span class="mono wrap grow">{m.name}</span>{m.type !== "unknown" && <span class="chip">{m.type}</span>}</span>
                {m.help && <span class="soft side-help">{m.help}</span>}
              </button>
            </li>
          )}
        </Portions>
      </ul>
    </>
  );
}

export function HistoryList({ onUse }: Props) {
  const [find, setFind] = useState("");
  const found = findQueries(queryHistory.value, find);
  return (
    <>
      <div class="row">
        <span class="grow"><Filter value={find} onValue={setFind} label="Find in history" /></span>
        <button type="button" class="btn" disabled={queryHistory.value.length === 0} onClick={forgetQueries}>Forget all</button>
      </div>
      {found.length === 0 && <Empty icon="clock" title={queryHistory.value.length ? "No query fits" : "No queries yet"}>Queries you run are kept in this browser only.</Empty>}
      <ul class="side-list">
        <Portions key={find} items={found} size={50}>
          {(q) => (
            <li key={q.expr}>
              <button type="button" class="side-item" onClick={() => onUse(q.expr)}>
                <span class="mono wrap">{q.expr}</span>
                <span class="soft side-help"><Icon name="clock" /> <Moment ms={q.atMs} relative />{q.runs > 1 && `, ${q.runs} times`}</span>
              </button>
            </li>
          )}
        </Portions>
      </ul>
    </>
  );
}
