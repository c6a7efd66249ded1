/** What is wrong now comes first. Nothing wrong takes one line. */
import { type AlertInstance, fetchAlerts } from "../api/prom";
import { matchersOf } from "../base/labels";
import { alertCounts } from "../state/live";
import { useResource } from "../state/resource";
import { href } from "../state/router";
import { ErrorBox, LabelChips, Moment } from "../ui/bits";
import { Icon } from "../ui/Icon";
import { StateTag } from "../ui/State";

const SEVERITIES = ["critical", "page", "error", "warning", "info"];
const MAX_SHOWN = 6;

export function severityOf(alert: AlertInstance): string {
  return alert.labels["severity"] ?? "none";
}

function rank(alert: AlertInstance): number {
  const at = SEVERITIES.indexOf(severityOf(alert).toLowerCase());
  return at < 0 ? SEVERITIES.length : at;
}

export function byUrgency(a: AlertInstance, b: AlertInstance): number {
  return rank(a) - rank(b) || Date.parse(b.activeAt) - Date.parse(a.activeAt);
}

function titleOf(alert: AlertInstance): string {
  return alert.annotations["summary"] ?? alert.annotations["description"] ?? alert.annotations["message"] ?? "";
}

export function Firing() {
  const counts = alertCounts.value;
  const alerts = useResource(`alerts ${counts?.firing ?? 0} ${counts?.pending ?? 0}`, async (signal) => (await fetchAlerts(signal)).data.alerts);
  if (alerts.error && !alerts.data) return <ErrorBox error={alerts.error} />;
  if (!alerts.data) return <div class="panel quiet" aria-busy="true">Asking for alerts…</div>;
  const firing = alerts.data.filter((a) => a.state === "firing").sort(byUrgency);
  const pending = alerts.data.filter((a) => a.state === "pending").length;
  const pendingLink = pending > 0 && <a href={href("/alerts", { state: "pending" })}>{pending} pending</a>;

  if (firing.length === 0) {
    return (
      <div class="panel quiet">
        <StateTag state="ok" text="Nothing is firing" />
        {pendingLink}
        <span class="grow" />
        <a href={href("/alerts")}>All rules</a>
      </div>
    );
  }
  return (
    <section class="panel firing-panel" aria-labelledby="firing-title">
      <div class="panel-head">
        <h2 id="firing-title">{firing.length} firing</h2>
        {pendingLink}
        <span class="grow" />
        <a href={href("/alerts")}>All rules</a>
      </div>
      <ul>
        {firing.slice(0, MAX_SHOWN).map((alert) => {
          const name = alert.labels["alertname"] ?? "";
          return (
            <li key={JSON.stringify(alert.labels)} class={`firing-row ${severityOf(alert)}`}>
              <StateTag state={severityOf(alert)} text={severityOf(alert) === "none" ? "no severity" : severityOf(alert)} />
              <div class="grow">
                <a class="firing-name" href={href("/alerts", { q: matchersOf(alert.labels), state: "firing,pending,inactive", open: "all" })}>{name}</a>{" "}
                <span class="wrap">{titleOf(alert)}</span>
                <LabelChips labels={alert.labels} skip={["alertname", "severity"]} />
              </div>
              <span class="since soft"><Icon name="clock" /> <Moment ms={Date.parse(alert.activeAt)} relative /></span>
            </li>
          );
        })}
      </ul>
      {firing.length > MAX_SHOWN && <p class="more"><a href={href("/alerts", { state: "firing" })}>{firing.length - MAX_SHOWN} more firing alerts</a></p>}
    </section>
  );
}
