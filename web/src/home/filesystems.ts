/** From file system samples to rows. */
import type { InstantSeries } from "../api/prom";

export interface Filesystem {
  mount: string;
  device: string;
  sizeBytes: number;
  availBytes: number;
  usedShare: number;
}

/** One row per device: a device mounted in several places is shown once, at its shortest path. Fullest first. */
export function toFilesystems(series: readonly InstantSeries[]): Filesystem[] {
  const byMount = new Map<string, Filesystem>();
  for (const { metric, value } of series) {
    const mount = metric["mountpoint"] ?? "";
    const device = metric["device"] ?? "";
    const row = byMount.get(mount) ?? { mount, device, sizeBytes: 0, availBytes: 0, usedShare: 0 };
    const bytes = Number(value?.[1] ?? 0);
    if (metric["__name__"] === "node_filesystem_size_bytes") row.sizeBytes = bytes;
    else row.availBytes = bytes;
    byMount.set(mount, row);
  }
  const byDevice = new Map<string, Filesystem>();
  for (const row of byMount.values()) {
    if (row.sizeBytes <= 0) continue;
    row.usedShare = 1 - row.availBytes / row.sizeBytes;
    const other = byDevice.get(row.device);
    if (!other || row.mount.length < other.mount.length) byDevice.set(row.device, row);
  }
  return [...byDevice.values()].sort((a, b) => b.usedShare - a.usedShare);
}
