/** Filtering and grouping of scrape targets. */
import type { Health, Target } from "../api/prom";
import { type Search, matches } from "../base/search";

export const HEALTHS = ["up", "down", "unknown"] as const;

export interface Pool {
  name: string;
  targets: Target[];
  counts: Record<Health, number>;
}

export function healthOf(target: Target): Health {
  return target.health === "up" || target.health === "down" ? target.health : "unknown";
}

const ORDER: Record<Health, number> = { down: 0, unknown: 1, up: 2 };

export function countHealth(targets: readonly Target[]): Record<Health, number> {
  const out = { up: 0, down: 0, unknown: 0 };
  for (const target of targets) out[healthOf(target)]++;
  return out;
}

/** Pools with something to show, those with trouble first; counts are of the whole pool. */
export function toPools(targets: readonly Target[], healths: readonly Health[], search: Search): Pool[] {
  const all = new Map<string, Target[]>();
  for (const target of targets) {
    const list = all.get(target.scrapePool);
    if (list) list.push(target);
    else all.set(target.scrapePool, [target]);
  }
  const pools = [...all].map(([name, list]) => ({
    name,
    counts: countHealth(list),
    targets: list
      .filter((t) => healths.includes(healthOf(t)) && matches(search, t.labels, `${t.scrapePool} ${t.scrapeUrl} ${t.lastError}`))
      .sort((a, b) => ORDER[healthOf(a)] - ORDER[healthOf(b)] || a.scrapeUrl.localeCompare(b.scrapeUrl)),
  }));
  return pools
    .filter((p) => p.targets.length)
    .sort((a, b) => Number(b.counts.down > 0) - Number(a.counts.down > 0) || a.name.localeCompare(b.name));
}

/** What to do about the usual scrape errors, in plain words; empty when we do not know better. */
export function adviceFor(error: string): string {
  const known: [RegExp, string][] = [
    [/connection refused/i, "Nothing listens on this port: is the exporter running, and is the port right?"],
    [/no such host|name resolution|getaddrinfo|NXDOMAIN/i, "The name does not resolve: check the spelling and the DNS of this machine."],
    [/deadline exceeded|timeout|timed out/i, "The answer takes longer than scrape_timeout: raise it, or find out why the exporter is slow."],
    [/no route to host|network is unreachable/i, "No network path: check firewall and routing between this machine and the target."],
    [/certificate|x509|tls/i, "The TLS handshake fails: check tls_config (ca_file, server_name) and the certificate's validity."],
    [/\b401\b|\b403\b/, "The target refuses the credentials: check basic_auth or authorization in the scrape configuration."],
    [/\b404\b/, "The path is wrong: check metrics_path."],
    [/sample limit|label limit|body size/i, "The target exceeds a limit set in its scrape configuration."],
    [/unexpected end|parse|invalid|unsupported/i, "The target does not answer in a metrics format that can be read."],
  ];
  return known.find(([pattern]) => pattern.test(error))?.[1] ?? "";
}
