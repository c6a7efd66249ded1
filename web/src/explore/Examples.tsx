/** An empty Explore page offers questions that most installations can answer. */
import { Icon } from "../ui/Icon";

const EXAMPLES = [
  { what: "Which targets answer?", expr: "up" },
  { what: "CPU by mode", expr: "avg by (instance, mode) (rate(node_cpu_seconds_total[1m]))" },
  { what: "Share of memory in use", expr: "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes" },
  { what: "Requests per second by status", expr: "sum by (code) (rate(prometheus_http_requests_total[5m]))" },
  { what: "Ten metrics with most series", expr: 'topk(10, count by (__name__) ({__name__!=""}))' },
  { what: "How long scrapes take", expr: "scrape_duration_seconds" },
];

export function Examples({ onUse }: { onUse(expr: string): void }) {
  return (
    <section class="panel" aria-labelledby="examples-title">
      <div class="panel-head"><h2 id="examples-title">Start with a question</h2></div>
      <ul class="panel-body examples">
        {EXAMPLES.map(({ what, expr }) => (
          <li key={expr}>
            <button type="button" class="side-item" onClick={() => onUse(expr)}>
              <span class="row"><Icon name="play" /><b>{what}</b></span>
              <span class="mono soft wrap">{expr}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
