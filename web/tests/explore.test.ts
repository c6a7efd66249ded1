import { describe, expect, it } from "vitest";
import { ApiError } from "../src/api/http";
import { samplesToCsv, toCsv, toCurl } from "../src/base/export";
import { defaultQuery, findMetrics, toMetrics } from "../src/explore/metrics";
import { sortRows, tableToCells, toRows, toTable } from "../src/explore/rows";

describe("metric list", () => {
  const meta = (type: string, help = "") => [{ type, help, unit: "" }];
  const list = toMetrics(
    ["a_seconds_bucket", "a_seconds_sum", "a_seconds_count", "b_total", "c", "d_total", "e_count"],
    { a_seconds: meta("histogram", "how long"), b_total: meta("counter"), c: meta("gauge", "level"), e: meta("gauge") },
  );
  it("folds histograms, guesses counters", () => {
    expect(list.map((m) => [m.name, m.type])).toEqual([["a_seconds", "histogram"], ["b_total", "counter"], ["c", "gauge"], ["d_total", "counter"], ["e_count", "unknown"]]);
  });
  it("finds by name and help, names first", () => {
    expect(findMetrics(list, "c").map((m) => m.name)[0]).toBe("c");
    expect(findMetrics(list, "how long").map((m) => m.name)).toEqual(["a_seconds"]);
    expect(findMetrics(list, "")).toHaveLength(5);
  });
  it("asks what suits the type", () => {
    expect(list.map(defaultQuery)).toEqual(["histogram_quantile(0.95, sum by (le) (rate(a_seconds_bucket[5m])))", "rate(b_total[5m])", "c", "rate(d_total[5m])", "e_count"]);
  });
});

describe("tables", () => {
  const rows = toRows("A", { resultType: "vector", result: [
    { metric: { job: "x", n: "10" }, value: [1, "2"] }, { metric: { job: "x", n: "9" }, value: [1, "NaN"] }, { metric: { job: "x", n: "2" }, value: [1, "30"] },
  ] });
  it("has a column per differing label", () => expect(toTable(rows)).toMatchObject({ columns: ["n"], shared: { job: "x" } }));
  it("sorts by number, NaN last, and labels naturally", () => {
    expect(sortRows(rows, "value:desc").map((r) => r.text)).toEqual(["30", "2", "NaN"]);
    expect(sortRows(rows, "value:asc").map((r) => r.text)).toEqual(["2", "30", "NaN"]);
    expect(sortRows(rows, "n:asc").map((r) => r.metric["n"])).toEqual(["2", "9", "10"]);
  });
  it("takes scalars, strings and range vectors", () => {
    expect(toRows("A", { resultType: "scalar", result: [1, "5"] })[0]).toMatchObject({ text: "5", value: 5 });
    expect(toRows("A", { resultType: "matrix", result: [{ metric: {}, values: [[1, "5"], [2, "6"]] }] })[0]).toMatchObject({ text: "5 @1\n6 @2", value: 6 });
    expect(toRows("A", { resultType: "vector", result: [{ metric: {}, histogram: [1, { count: "3", sum: "9" }] }] })[0]!.text).toContain("count 3");
  });
  it("exports every label", () => expect(tableToCells(toTable(rows))[0]).toEqual(["query", "job", "n", "value"]));
});

describe("taking data away", () => {
  it("quotes CSV", () => expect(toCsv([["a", 'b"c'], ["d,e", "f\ng"]])).toBe('a,"b""c"\r\n"d,e","f\ng"\r\n'));
  it("writes samples", () => {
    expect(samplesToCsv([{ metric: { a: "1" }, values: [[0, "5"]] }, { metric: { b: "2" }, values: [[1.5, "NaN"]] }])).toBe(
      "time,value,a,b\r\n1970-01-01T00:00:00.000Z,5,1,\r\n1970-01-01T00:00:01.500Z,NaN,,2\r\n",
    );
  });
  it("quotes for the shell", () => {
    expect(toCurl("http://example.com/api/v1/query", { query: "up{a='b'}" })).toBe(
      `curl -fsSG 'http://example.com/api/v1/query' \\\n  --data-urlencode 'query=up{a='\\''b'\\''}'`,
    );
  });
});

describe("places of errors", () => {
  const at = (message: string, expr: string) => new ApiError(message, "bad_data", 400).positionIn(expr);
  it("reads line and column", () => {
    expect(at('invalid parameter "query": 1:7: parse error: unclosed left parenthesis', "sum(up")).toBe(6);
    expect(at("2:3: parse error: x", "a\nbcd")).toBe(4);
    expect(at("1:99: parse error: x", "up")).toBe(2);
  });
  it("says nothing when there is no place", () => {
    expect(at("query timed out", "up")).toBeNull();
    expect(at("127.0.0.1:9090: refused", "up")).toBeNull();
    expect(at("9:1: parse error", "up")).toBeNull();
  });
});
