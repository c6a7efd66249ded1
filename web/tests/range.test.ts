import { describe, expect, it } from "vitest";
import { HOUR, MINUTE } from "../src/base/duration";
import {
  describeRange, fixed, formatPoint, isLive, lastOf, parsePoint, parseRange, resolve, sameRange, shift, shortRange, zoom,
} from "../src/base/range";

const NOW = Date.UTC(2026, 0, 31, 12, 0, 0);

describe("points in time", () => {
  it("reads relative, epoch and ISO forms", () => {
    expect(parsePoint("now")).toEqual({ now: 0 });
    expect(parsePoint("now-1h30m")).toEqual({ now: -5_400_000 });
    expect(parsePoint("1769860800000")).toEqual({ at: 1769860800000 });
    expect(parsePoint("2026-01-31T12:00:00Z")).toEqual({ at: NOW });
  });

  it.each(["", "yesterday", "now-", "now+x", "12", "2026-99-01T00:00:00Z"])("refuses %j", (text) => expect(parsePoint(text)).toBeNull());

  it("reads back what it writes", () => {
    for (const point of [{ now: 0 }, { now: -MINUTE }, { now: -90_061_000 }, { at: NOW + 123 }]) expect(parsePoint(formatPoint(point))).toEqual(point);
  });
});

describe("ranges", () => {
  it("refuses an end before the start", () => {
    expect(parseRange("now", "now-1h", NOW)).toBeNull();
    expect(parseRange("now-1h", "now-1h", NOW)).toBeNull();
    expect(parseRange("now-2h", "now-1h", NOW)).not.toBeNull();
  });

  it("resolves against now", () => {
    expect(resolve(lastOf(HOUR), NOW)).toEqual({ from: NOW - HOUR, to: NOW });
    expect(resolve(fixed(1000, 5000), NOW)).toEqual({ from: 1000, to: 5000 });
  });

  it("knows what is live", () => {
    expect(isLive(lastOf(HOUR))).toBe(true);
    expect(isLive(parseRange("now-2h", "now-1h", NOW)!)).toBe(false);
    expect(isLive(fixed(0, NOW))).toBe(false);
  });

  it("describes in words", () => {
    expect(describeRange(lastOf(30 * MINUTE))).toBe("Last 30 minutes");
    expect(describeRange(lastOf(HOUR))).toBe("Last hour");
    expect(describeRange(lastOf(90 * MINUTE))).toBe("Last 90 minutes");
    expect(describeRange(fixed(NOW, NOW + HOUR))).toMatch(/^2026-01-31 \d\d:00:00 to \d\d:00:00$/);
    expect(shortRange(lastOf(90 * MINUTE))).toBe("1h30m");
  });

  it("zooms a live range at its start only", () => {
    expect(zoom(lastOf(HOUR), 2, NOW)).toEqual(lastOf(2 * HOUR));
    expect(resolve(zoom(fixed(0, 10_000), 0.5, NOW), NOW)).toEqual({ from: 2_500, to: 7_500 });
  });

  it("never zooms below a second", () => {
    const span = resolve(zoom(fixed(0, 1_000), 0.01, NOW), NOW);
    expect(span.to - span.from).toBe(1_000);
  });

  it("shifts, and becomes live again at now", () => {
    expect(shift(lastOf(HOUR), -0.5, NOW)).toEqual(fixed(NOW - 1.5 * HOUR, NOW - 0.5 * HOUR));
    expect(shift(fixed(NOW - 1.5 * HOUR, NOW - 0.5 * HOUR), 0.5, NOW)).toEqual(lastOf(HOUR));
  });

  it("compares by meaning", () => {
    expect(sameRange(lastOf(60_000), parseRange("now-60s", "now", NOW)!)).toBe(true);
    expect(sameRange(lastOf(60_000), lastOf(61_000))).toBe(false);
  });
});
