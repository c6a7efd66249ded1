import { describe, expect, it } from "vitest";
import { axisIncrements, formatNumber, formatUnit } from "../src/base/units";
import { guessUnit } from "../src/base/guessunit";

describe("numbers", () => {
  it.each([
    [0, "0"], [1, "1"], [1234.5678, "1235"], [0.123456, "0.1235"], [100, "100"], [-2.5, "-2.5"], [1e20, "1e20"], [0.00001, "1e-5"],
    [NaN, "NaN"], [Infinity, "+Inf"], [-Infinity, "-Inf"],
  ])("writes %d", (value, text) => expect(formatNumber(value)).toBe(text));
});

describe("units", () => {
  it.each([
    [1024, "bytes", "1 KiB"], [1536, "bytes", "1.5 KiB"], [0, "bytes", "0 B"], [1023.999, "bytes", "1 KiB"], [2 ** 40, "bytes", "1 TiB"],
    [-2048, "bytes/s", "-2 KiB/s"], [1_000_000, "bits/s", "1 Mbit/s"], [0.123, "ratio", "12.3 %"], [55.5, "percent", "55.5 %"],
    [0.0000015, "seconds", "1.5 µs"], [0.25, "seconds", "250 ms"], [90, "seconds", "90 s"], [600, "seconds", "10 min"], [7200, "seconds", "2 h"],
    [864_000, "seconds", "10 d"], [12_345, "ops/s", "12.3 k/s"], [0, "date", "1970-01-01 00:00:00"], [NaN, "ratio", "NaN"],
  ] as const)("writes %d as %s", (value, unit, text) => expect(formatUnit(value, unit)).toBe(text));

  it("steps byte axes by powers of two", () => {
    expect(axisIncrements("bytes")!.slice(0, 4)).toEqual([1, 2, 4, 8]);
    expect(axisIncrements("seconds")).toBeNull();
  });

  it.each([
    ["node_memory_MemFree_bytes", "bytes"],
    ["rate(node_network_receive_bytes_total[1m])", "bytes/s"],
    ["histogram_quantile(0.9, rate(http_request_duration_seconds_bucket[5m]))", "seconds"],
    ["sum(rate(http_requests_total[5m]))", "ops/s"],
    ["node_boot_time_seconds", "date"],
    ["rate(node_cpu_seconds_total[1m])", "none"],
    ["a_bytes / b_bytes", "none"],
    ["a_bytes / b_bytes * 100", "percent"],
    ["count(a_bytes)", "none"],
    ["up", "none"],
  ] as const)("guesses the unit of %s", (expr, unit) => expect(guessUnit(expr)).toBe(unit));
});
