/** The questions Home asks about a host, in node_exporter's metric names. */
import { quote } from "../base/labels";
import type { Unit } from "../base/units";
import type { GraphQuery } from "../chart/useGraph";
import type { Line } from "../chart/reshape";

export interface Host {
  job: string;
  instance: string;
}

export interface HostPanel {
  id: string;
  title: string;
  unit: Unit;
  stacked: boolean;
  mirrored?: boolean;
  yMax?: number;
  /** Name of a line that is not drawn but tells how high the axis goes. */
  ceiling?: string;
  /** Fixed order of lines by name; each keeps its colour when others come and go. */
  order?: string[];
  queries(host: Host, window: string): GraphQuery[];
  headline(lines: Line[], last: (line: Line) => number): number | null;
}

const CPU_MODES = ["user", "system", "iowait", "irq", "softirq", "steal", "nice"];
const MEMORY_PARTS = ["used", "cache", "total"];
const NO_DEVICES = "lo|veth.*|br-.*|docker.*|cni.*|cali.*|flannel.*|virbr.*";
const NO_DISKS = "loop.*|ram.*|fd.*|sr.*|zram.*|dm-.*";
const NO_FILESYSTEMS = "tmpfs|ramfs|overlay|squashfs|iso9660|autofs|fuse.*|nsfs|devtmpfs|efivarfs";

export function hostSelector(host: Host, more = ""): string {
  const parts = [`job=${quote(host.job)}`, `instance=${quote(host.instance)}`];
  if (more) parts.push(more);
  return `{${parts.join(",")}}`;
}

const sum = (lines: Line[], last: (l: Line) => number) => (lines.length ? lines.reduce((total, l) => total + last(l), 0) : null);
const both = (lines: Line[], last: (l: Line) => number) => (lines.length ? lines.reduce((total, l) => total + Math.abs(last(l)), 0) : null);

function twoWays(inMetric: string, outMetric: string, filter: string, names: [string, string]) {
  return (host: Host, window: string): GraphQuery[] => [
    { expr: `sum by (device) (rate(${inMetric}${hostSelector(host, filter)}[${window}]))`, legend: `{{device}} ${names[0]}`, prefix: "a" },
    { expr: `-sum by (device) (rate(${outMetric}${hostSelector(host, filter)}[${window}]))`, legend: `{{device}} ${names[1]}`, prefix: "b" },
  ];
}

export const HOST_PANELS: readonly HostPanel[] = [
  {
    id: "cpu",
    title: "CPU by mode",
    unit: "ratio",
    stacked: true,
    yMax: 0.1,
    order: CPU_MODES,
    queries: (host, window) => [
      { expr: `avg by (mode) (rate(node_cpu_seconds_total${hostSelector(host, 'mode!="idle"')}[${window}]))`, legend: "{{mode}}" },
    ],
    headline: sum,
  },
  {
    id: "memory",
    title: "Memory",
    unit: "bytes",
    stacked: true,
    ceiling: "total",
    order: MEMORY_PARTS,
    queries: (host) => {
      const s = hostSelector(host);
      return [
        { expr: `node_memory_MemTotal_bytes${s} - node_memory_MemAvailable_bytes${s}`, legend: "used", prefix: "u" },
        { expr: `node_memory_MemAvailable_bytes${s} - node_memory_MemFree_bytes${s}`, legend: "cache", prefix: "c" },
        { expr: `node_memory_MemTotal_bytes${s}`, legend: "total", prefix: "t" },
      ];
    },
    headline: (lines, last) => lines.filter((l) => l.name === "used").map(last)[0] ?? null,
  },
  {
    id: "network",
    title: "Network, received and sent",
    unit: "bytes/s",
    stacked: false,
    mirrored: true,
    queries: twoWays("node_network_receive_bytes_total", "node_network_transmit_bytes_total", `device!~${quote(NO_DEVICES)}`, ["in", "out"]),
    headline: both,
  },
  {
    id: "io",
    title: "Disk IO, read and written",
    unit: "bytes/s",
    stacked: false,
    mirrored: true,
    queries: twoWays("node_disk_read_bytes_total", "node_disk_written_bytes_total", `device!~${quote(NO_DISKS)}`, ["read", "written"]),
    headline: both,
  },
  {
    id: "load",
    title: "Load average",
    unit: "none",
    stacked: false,
    order: ["1 min", "5 min", "15 min"],
    queries: (host) => ["1", "5", "15"].map((n) => ({ expr: `node_load${n}${hostSelector(host)}`, legend: `${n} min`, prefix: n })),
    headline: (lines, last) => lines.filter((l) => l.name === "1 min").map(last)[0] ?? null,
  },
];

export const HOSTS_QUERY = "group by (job, instance) (node_load1)";

export function filesystemQuery(host: Host): string {
  return `{__name__=~"node_filesystem_(size|avail)_bytes",${hostSelector(host, `fstype!~${quote(NO_FILESYSTEMS)}`).slice(1)}`;
}

export function factsQuery(host: Host): string {
  return `{__name__=~"node_uname_info|node_os_info|node_boot_time_seconds",${hostSelector(host).slice(1)}`;
}

/** The newest data wins when several hosts report; job "host" is the collector inside pharos. */
export function pickHost(hosts: readonly Host[], wanted: string): Host | null {
  const find = (test: (h: Host) => boolean) => hosts.find(test);
  return find((h) => hostKey(h) === wanted) ?? find((h) => h.job === "host") ?? hosts[0] ?? null;
}

export function hostKey(host: Host): string {
  return `${host.job}/${host.instance}`;
}

/** Orders lines as the panel wants them and drops those that are zero throughout, unless nothing would remain. */
export function arrange(panel: HostPanel, lines: Line[]): Line[] {
  const live = lines.filter((l) => l.values.some((v) => v !== null && v !== 0));
  const kept = live.length ? live : lines.slice(0, 1);
  const rank = (l: Line) => (panel.order ? (panel.order.indexOf(l.name) + 100) % 100 : 0);
  return kept.slice().sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

export function slotFor(panel: HostPanel): ((line: Line, index: number) => number) | undefined {
  const order = panel.order;
  return order && ((line, index) => (order.includes(line.name) ? order.indexOf(line.name) : index));
}

