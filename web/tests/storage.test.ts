import { describe, expect, it } from "vitest";
import type { StorageFacts, Tier } from "../src/api/storage";
import { keptFor, nameOf, sharesOf, spanOf } from "../src/storage/tiers";

const tier = (t: Partial<Tier>): Tier => ({ kind: "samples", retentionSeconds: 3600, ...t });
const facts = (f: Partial<StorageFacts>): StorageFacts => ({
  diskBytes: 0, walBytes: 0, headBytes: 0, partBytes: 0, indexBytes: 0, idleSeries: 0, samples: 0, corruptRecords: 0, replaySeconds: 0, readOnly: false, retentionBytes: 0, tiers: [], ...f,
});

describe("what is kept", () => {
  it("is named", () => {
    expect(nameOf(tier({}))).toBe("Samples as they came");
    expect(nameOf(tier({ kind: "rule", selector: '{job="x"}' }))).toBe('{job="x"}');
    expect(nameOf(tier({ kind: "rollup", resolutionSeconds: 300 }))).toBe("One roll-up for every 5m");
  });
  it("has a span when there is data", () => {
    expect(spanOf(tier({}))).toBe("");
    expect(spanOf(tier({ minTime: 0, maxTime: 5400_000 }))).toBe("1h 30m");
    expect(spanOf(tier({ minTime: 7, maxTime: 7 }))).toBe("1s");
  });
  it("is kept for a time, or for ever", () => {
    expect(keptFor(tier({ retentionSeconds: 15 * 86400 }))).toBe("15d");
    expect(keptFor(tier({ retentionSeconds: 1000 * 365 * 86400 }))).toBe("for ever");
  });
  it("takes room, which adds up to the whole", () => {
    const all = sharesOf(facts({ diskBytes: 1000, walBytes: 100, partBytes: 500, indexBytes: 50, tiers: [tier({ bytes: 600 }), tier({ kind: "rollup", resolutionSeconds: 3600, bytes: 250 })] }));
    expect(all.map((s) => [s.name, s.bytes])).toEqual([
      ["write-ahead log", 100], ["samples of the last hours", 100], ["samples at rest", 500], ["roll-ups of 1h", 250], ["index of idle series", 50],
    ]);
    expect(all.reduce((sum, s) => sum + s.share, 0)).toBeCloseTo(1);
    expect(sharesOf(facts({}))).toEqual([]);
  });
});
