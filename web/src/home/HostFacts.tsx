import type { ComponentChildren } from "preact";
import { queryInstant } from "../api/prom";
import { describeDuration } from "../base/duration";
import type { Labels } from "../base/labels";
import { useResource } from "../state/resource";
import { now, span } from "../state/timerange";
import { type Host, factsQuery, hostKey } from "./host";

interface Facts {
  name: string;
  system: string;
  bootMs: number | null;
}

async function loadFacts(host: Host, signal: AbortSignal): Promise<Facts> {
  const { data } = await queryInstant(factsQuery(host), span.peek().to / 1000, signal);
  const series = data.resultType === "vector" ? data.result : [];
  const find = (name: string) => series.find((s) => s.metric["__name__"] === name);
  const uname: Labels = find("node_uname_info")?.metric ?? {};
  const os: Labels = find("node_os_info")?.metric ?? {};
  const boot = find("node_boot_time_seconds")?.value?.[1];
  return {
    name: uname["nodename"] ?? "",
    system: [os["pretty_name"], uname["sysname"] && `${uname["sysname"]} ${uname["release"]}`, uname["machine"]].filter(Boolean).join(" · "),
    bootMs: boot ? Number(boot) * 1000 : null,
  };
}

interface Props {
  host: Host;
  hosts: readonly Host[];
  onHost(host: Host): void;
  children?: ComponentChildren;
}

export function HostFacts({ host, hosts, onHost, children }: Props) {
  const facts = useResource(`facts ${hostKey(host)}`, (signal) => loadFacts(host, signal));
  const name = facts.data?.name || host.instance;
  return (
    <div class="host-facts">
      <h2 id="host-title">{name}</h2>
      {hosts.length > 1 && (
        <select class="field" aria-label="Host" value={hostKey(host)} onChange={(e) => onHost(hosts.find((h) => hostKey(h) === e.currentTarget.value)!)}>
          {hosts.map((h) => (
            <option key={hostKey(h)} value={hostKey(h)}>{h.job} · {h.instance}</option>
          ))}
        </select>
      )}
      <span class="soft wrap">{facts.data?.system}</span>
      {facts.data?.bootMs && <span class="soft">up {describeDuration(now.value - facts.data.bootMs)}</span>}
      {children}
    </div>
  );
}
