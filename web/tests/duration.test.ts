import { describe, expect, it } from "vitest";
import { describeDuration, formatDuration, parseDuration } from "../src/base/duration";

describe("durations", () => {
  it.each([
    ["15s", 15_000], ["1h30m", 5_400_000], ["1d", 86_400_000], ["2w", 1_209_600_000], ["250ms", 250], ["1.5h", 5_400_000], ["90", 90_000],
  ])("reads %s", (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(["", "h", "5x", "1h 30m", "-5m", "5m!"])("refuses %j", (text) => expect(parseDuration(text)).toBeNull());

  it.each([[5_400_000, "1h30m"], [0, "0s"], [86_400_000, "1d"], [1_500, "1s500ms"], [-60_000, "-1m"]])("writes %d exactly", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it("reads back what it writes", () => {
    for (const ms of [1, 999, 61_000, 3_599_999, 90_061_001]) expect(parseDuration(formatDuration(ms))).toBe(ms);
  });

  it.each([
    [0, "0ms"], [0.085, "85µs"], [2.345, "2.3ms"], [12.6, "13ms"], [340, "340ms"], [2_000, "2s"], [2_500, "2.5s"], [59_400, "59s"], [65_000, "1m 5s"], [3_600_000, "1h"], [277_200_000, "3d 5h"],
  ])("describes %d", (ms, text) => expect(describeDuration(ms)).toBe(text));
});
