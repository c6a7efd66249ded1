import { describe, expect, it } from "vitest";
import { toFilesystems } from "../src/home/filesystems";
import { narrow } from "../src/home/dataspan";
import { HOST_PANELS, arrange, filesystemQuery, hostSelector, pickHost, slotFor } from "../src/home/host";

const host = { job: "host", instance: 'a"b' };
const line = (name: string, values: (number | null)[]) => ({ key: name, name, labels: {}, values });
const cpu = HOST_PANELS.find((p) => p.id === "cpu")!;

describe("host queries", () => {
  it("selects one host, quoted", () => {
    expect(hostSelector(host)).toBe('{job="host",instance="a\\"b"}');
    expect(hostSelector({ job: "j", instance: "i" }, 'mode!="idle"')).toBe('{job="j",instance="i",mode!="idle"}');
    expect(filesystemQuery({ job: "j", instance: "i" })).toMatch(/^\{__name__=~"node_filesystem_\(size\|avail\)_bytes",job="j",instance="i",fstype!~".*"\}$/);
  });
  it("puts the rate window in", () => {
    expect(cpu.queries({ job: "host", instance: "i" }, "20s")[0]!.expr).toBe('avg by (mode) (rate(node_cpu_seconds_total{job="host",instance="i",mode!="idle"}[20s]))');
  });
  it("prefers the wanted host, then the built-in job", () => {
    const hosts = [{ job: "a", instance: "1" }, { job: "host", instance: "2" }];
    expect(pickHost(hosts, "a/1")).toBe(hosts[0]);
    expect(pickHost(hosts, "gone/1")).toBe(hosts[1]);
    expect(pickHost([], "")).toBeNull();
  });
  it("orders modes, drops idle ones, keeps colours", () => {
    const lines = arrange(cpu, [line("steal", [0, 0]), line("system", [1, 0]), line("user", [2, 2])]);
    expect(lines.map((l) => l.name)).toEqual(["user", "system"]);
    expect(slotFor(cpu)!(lines[1]!, 1)).toBe(1);
    expect(arrange(cpu, [line("steal", [0]), line("user", [0])])).toHaveLength(1);
  });
});

describe("a young server", () => {
  const span = { from: 0, to: 100_000 };
  it("shows the part that has data", () => expect(narrow(span, 80_000)).toEqual({ from: 80_000, to: 100_000 }));
  it("shows at least eight seconds", () => expect(narrow(span, 98_000)).toEqual({ from: 92_000, to: 100_000 }));
  it("keeps a range that is mostly full", () => expect(narrow(span, 20_000)).toBe(span));
  it("keeps a range without data", () => expect(narrow(span, null)).toBe(span));
});

describe("file systems", () => {
  const at = (name: string, mountpoint: string, device: string, value: string) => ({ metric: { __name__: `node_filesystem_${name}_bytes`, mountpoint, device }, value: [0, value] as [number, string] });
  it("shows each device once, fullest first", () => {
    const rows = toFilesystems([
      at("size", "/", "/dev/a", "100"), at("avail", "/", "/dev/a", "40"), at("size", "/var/lib/x", "/dev/a", "100"), at("avail", "/var/lib/x", "/dev/a", "40"),
      at("size", "/data", "/dev/b", "100"), at("avail", "/data", "/dev/b", "5"), at("size", "/none", "/dev/c", "0"),
    ]);
    expect(rows.map((r) => [r.mount, r.usedShare])).toEqual([["/data", 0.95], ["/", 0.6]]);
  });
});
