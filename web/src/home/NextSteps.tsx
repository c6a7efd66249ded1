/** What to do after the first start. Each step knows whether it is done; the whole panel can be put away for good. */
import { useState } from "preact/hooks";
import { type Targets, fetchRules } from "../api/prom";
import { recall, remember } from "../state/memory";
import { copyText } from "../state/notices";
import { useResource } from "../state/resource";
import { href } from "../state/router";
import { Icon } from "../ui/Icon";

const SCRAPE_EXAMPLE = `scrape_configs:
  - job_name: shop
    static_configs:
      - targets: ["shop.example.com:9100"]`;

const RECEIVER_EXAMPLE = `route:
  receiver: team
receivers:
  - name: team
    webhook_configs:
      - url: https://hooks.example.com/alerts`;

const REMOTE_WRITE_EXAMPLE = (url: string) => `remote_write:
  - url: ${url}`;

const OWN_JOBS = ["host", "self", "pharos", "prometheus"];

interface Step {
  id: string;
  title: string;
  done: boolean;
  help: string;
  code: string;
  where: string;
}

function stepsOf(targets: Targets | null, hasAlertRules: boolean): Step[] {
  const foreign = targets?.activeTargets.some((t) => !OWN_JOBS.includes(t.labels["job"] ?? "")) ?? false;
  return [
    {
      id: "targets", title: "Watch something else", done: foreign, where: "pharos.yml, or your prometheus.yml as it is",
      help: "Name the addresses that serve /metrics, then reload (SIGHUP or POST /-/reload). A bad file changes nothing.",
      code: SCRAPE_EXAMPLE,
    },
    {
      id: "receivers", title: hasAlertRules ? "Be told when an alert fires" : "Add alert rules and a receiver", done: false,
      where: "pharos.yml, or your alertmanager.yml as it is",
      help: "Until a receiver is named, alerts are shown here and nowhere else.", code: RECEIVER_EXAMPLE,
    },
    {
      id: "remote", title: "Send from an existing Prometheus", done: false, where: "prometheus.yml of the other server",
      help: "Keep what runs today and look at it here.", code: REMOTE_WRITE_EXAMPLE(new URL("api/v1/write", document.baseURI).href),
    },
  ];
}

export function NextSteps({ targets }: { targets: Targets | null }) {
  const [hidden, setHidden] = useState(recall("next-steps-hidden", false));
  const rules = useResource(hidden ? null : "rules for steps", async (signal) => (await fetchRules(signal)).data.groups, false);
  const show = (visible: boolean) => {
    setHidden(!visible);
    remember("next-steps-hidden", !visible);
  };
  if (hidden) {
    return <p class="steps-back"><button type="button" class="btn bare" onClick={() => show(true)}><Icon name="help" />What should I do next?</button></p>;
  }
  const steps = stepsOf(targets, rules.data?.some((g) => g.rules.some((r) => r.type === "alerting")) ?? false);
  return (
    <section class="panel steps" aria-labelledby="steps-title">
      <div class="panel-head">
        <h2 id="steps-title" class="grow">What should I do next?</h2>
        <button type="button" class="btn icon bare" aria-label="Put this panel away" title="Put this panel away" onClick={() => show(false)}>
          <Icon name="close" />
        </button>
      </div>
      <div class="panel-body">
        <ol>
          {steps.map((step, i) => (
            <li key={step.id}>
              <details open={i === steps.findIndex((s) => !s.done)}>
                <summary>
                  <span class={`step-mark ${step.done ? "done" : ""}`}>{step.done ? <Icon name="check" /> : i + 1}</span>
                  {step.title}
                  {step.done && <span class="soft"> done</span>}
                </summary>
                <p class="soft">{step.help}</p>
                <div class="code">
                  <span class="soft">{step.where}</span>
                  <button type="button" class="btn icon bare" aria-label="Copy" title="Copy" onClick={() => void copyText(step.code, "Example")}><Icon name="copy" /></button>
                  <pre class="mono scroll-x" tabIndex={0}>{step.code}</pre>
                </div>
              </details>
            </li>
          ))}
        </ol>
        <p class="note">Or look around: <a href={href("/explore")}>ask a question in Explore</a>, <a href={href("/alerts")}>read the rules</a>.</p>
      </div>
    </section>
  );
}
