import { describe, expect, it } from "vitest";
import type { Target } from "../src/api/prom";
import { parseSearch } from "../src/base/search";
import { HEALTHS, adviceFor, countHealth, toPools } from "../src/targets/targetlist";

const target = (scrapePool: string, health: Target["health"], host: string): Target => ({
  scrapePool, health, scrapeUrl: `http://${host}/metrics`, globalUrl: "", labels: { job: scrapePool, instance: host }, discoveredLabels: {}, lastError: "", lastScrape: "", lastScrapeDuration: 0,
});
const all = [target("b", "up", "b1"), target("a", "up", "a2"), target("a", "up", "a1"), target("c", "up", "c1"), target("c", "down", "c2")];

describe("target list", () => {
  it("groups by pool, trouble first", () => {
    expect(toPools(all, HEALTHS, parseSearch("")).map((p) => [p.name, ...p.targets.map((t) => t.labels["instance"])])).toEqual([["c", "c2", "c1"], ["a", "a1", "a2"], ["b", "b1"]]);
  });
  it("filters, but counts whole pools", () => {
    const pools = toPools(all, ["down"], parseSearch("job=c"));
    expect(pools).toHaveLength(1);
    expect(pools[0]!.counts).toEqual({ up: 1, down: 1, unknown: 0 });
    expect(toPools(all, HEALTHS, parseSearch("a1"))[0]!.targets).toHaveLength(1);
  });
  it("counts", () => expect(countHealth(all)).toEqual({ up: 4, down: 1, unknown: 0 }));
  it("explains the usual errors", () => {
    expect(adviceFor("dial tcp 127.0.0.1:1: connect: connection refused")).toContain("Nothing listens");
    expect(adviceFor("context deadline exceeded")).toContain("scrape_timeout");
    expect(adviceFor("server returned HTTP status 404 Not Found")).toContain("metrics_path");
    expect(adviceFor("something new")).toBe("");
  });
});
