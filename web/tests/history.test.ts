import { describe, expect, it } from "vitest";
import { MAX_HISTORY, type PastQuery, addQuery, findQueries } from "../src/state/history";

describe("query history", () => {
  it("puts the newest first, each query once, and counts runs", () => {
    let history: PastQuery[] = [];
    for (const [i, expr] of ["up", " x ", "up"].entries()) history = addQuery(history, expr, i);
    expect(history).toEqual([{ expr: "up", atMs: 2, runs: 2 }, { expr: "x", atMs: 1, runs: 1 }]);
  });
  it("does not record nothing", () => expect(addQuery([], "   ", 1)).toEqual([]));
  it("forgets the oldest", () => {
    let history: PastQuery[] = [];
    for (let i = 0; i < MAX_HISTORY + 5; i++) history = addQuery(history, `q${i}`, i);
    expect(history).toHaveLength(MAX_HISTORY);
    expect(history.at(-1)!.expr).toBe("q5");
  });
  it("finds by text", () => {
    const history = addQuery(addQuery([], "rate(a[5m])", 1), "up", 2);
    expect(findQueries(history, "RATE").map((q) => q.expr)).toEqual(["rate(a[5m])"]);
    expect(findQueries(history, "")).toHaveLength(2);
  });
});
