import { describe, expect, it } from "vitest";
import type { Rule } from "../src/api/prom";
import { NOTHING, currentOf, isWrong, outcomeOf, settingsOf } from "../src/alerts/changes";

const RULE: Rule = { type: "alerting", name: "High", query: "x > 0.9", health: "ok", evaluationTime: 0, lastEvaluation: "", duration: 300, keepFiringFor: 0 };
const SPAN = { from: 0, to: 3_600_000 };

describe("what a person would change", () => {
  it("begins with the rule as it is", () => {
    expect(currentOf(RULE)).toEqual({ threshold: "0.9", for: "5m", keep_firing_for: "0s" });
    expect(currentOf({ ...RULE, query: "x and y" }).threshold).toBe("");
  });

  it("asks for changes alone", () => {
    const current = currentOf(RULE);
    expect(settingsOf(NOTHING, current)).toEqual([]);
    expect(settingsOf({ threshold: "0.90", for: "300s", keep_firing_for: "" }, current)).toEqual([]);
    expect(settingsOf({ threshold: " 0.8", for: "90", keep_firing_for: "10m" }, current)).toEqual(["threshold=0.8", "for=90s", "keep_firing_for=10m"]);
  });

  it("knows what is neither a number nor a duration", () => {
    expect(isWrong("threshold", "high")).toBe(true);
    expect(isWrong("threshold", "-1.5e3")).toBe(false);
    expect(isWrong("for", "soon")).toBe(true);
    expect(isWrong("for", "")).toBe(false);
    expect(settingsOf({ ...NOTHING, for: "soon" }, currentOf(RULE))).toEqual([]);
  });
});

describe("what was found", () => {
  const rule = { name: "High", query: "", type: "alerting" as const, evaluations: 4, failures: 0, fired: 1, firingSeconds: 60 };
  const firing = { labels: { i: "1" }, activeAt: "1970-01-01T00:00:30Z", firedAt: "1970-01-01T00:01:00Z", value: "1" };

  it("takes rules of one name together", () => {
    const found = outcomeOf({
      start: "", end: "",
      rules: [
        { ...rule, firings: [{ ...firing, resolvedAt: "1970-01-01T00:02:00Z" }] },
        { ...rule, firings: [{ ...firing, labels: { i: "2" }, resolvedAt: null }] },
      ],
      notifications: { total: 3, pages: 2, receivers: [{ receiver: "team", notifications: 3, pages: 2 }] },
    }, SPAN);
    expect(found).toMatchObject({ fired: 2, firingMs: 120_000, pages: 2, receivers: ["team"], error: null });
    expect(found.stretches.map(({ from, to, open }) => [from, to, open])).toEqual([[60_000, 120_000, false], [60_000, 3_600_000, true]]);
  });

  it("says when nobody could be told, and why an evaluation failed", () => {
    const found = outcomeOf({ start: "", end: "", rules: [{ ...rule, failures: 3, lastError: "too much", firings: [] }], notifications: null }, SPAN);
    expect(found.pages).toBe(null);
    expect(found.error).toBe("3 of 4 evaluations failed: too much");
  });
});
