/** What is kept for how long, and where the bytes are: the lists that the page shows. */
import type { StorageFacts, Tier } from "../api/storage";
import { DAY, describeDuration } from "../base/duration";

export interface Share {
  name: string;
  bytes: number;
  /** Of all that is on disk, 0 to 1. */
  share: number;
}

const rolledUp = (s: StorageFacts) => s.tiers.reduce((sum, t) => sum + (t.kind === "rollup" ? t.bytes ?? 0 : 0), 0);

/** What samples take that are not in the log alone. */
export const bytesOfSamples = (s: StorageFacts) => Math.max(0, s.diskBytes - s.walBytes - s.indexBytes - rolledUp(s));

/** Where the bytes on disk are, in the order of a sample's life; what is empty is left out. */
export function sharesOf(s: StorageFacts): Share[] {
  const rolled = s.tiers.filter((t) => t.kind === "rollup");
  const young = Math.max(0, bytesOfSamples(s) - s.partBytes);
  const all: [string, number][] = [
    ["write-ahead log", s.walBytes],
    ["samples of the last hours", young],
    ["samples at rest", s.partBytes],
    ...rolled.map((t): [string, number] => [`roll-ups of ${describeDuration((t.resolutionSeconds ?? 0) * 1000)}`, t.bytes ?? 0]),
    ["index of idle series", s.indexBytes],
  ];
  const whole = all.reduce((sum, [, bytes]) => sum + bytes, 0);
  return all.filter(([, bytes]) => bytes > 0).map(([name, bytes]) => ({ name, bytes, share: bytes / whole }));
}

/** What a tier is, in words. */
export function nameOf(tier: Tier): string {
  if (tier.kind === "rule") return tier.selector ?? "";
  if (tier.kind === "rollup") return `One roll-up for every ${describeDuration((tier.resolutionSeconds ?? 0) * 1000)}`;
  return "Samples as they came";
}

/** How much time the data of a tier spans; empty when there is none. */
export function spanOf(tier: Tier): string {
  return tier.minTime === undefined || tier.maxTime === undefined ? "" : describeDuration(Math.max(tier.maxTime - tier.minTime, 1000));
}

/** Everything for ever is a century or more. */
export function keptFor(tier: Tier): string {
  const ms = tier.retentionSeconds * 1000;
  return ms >= 100 * 365 * DAY ? "for ever" : describeDuration(ms);
}
