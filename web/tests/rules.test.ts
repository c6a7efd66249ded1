import { describe, expect, it } from "vitest";
import type { AlertInstance, Rule, RuleGroup } from "../src/api/prom";
import { parseSearch } from "../src/base/search";
import { STATES, countStates, forProgress, ruleKey, selectRules } from "../src/alerts/rulelist";
import { splitThreshold } from "../src/alerts/threshold";

const alert = (instance: string, state: AlertInstance["state"] = "firing"): AlertInstance => ({
  labels: { alertname: "Disk", instance, severity: "critical" }, annotations: { summary: `disk of ${instance}` }, state, activeAt: "2026-01-31T12:00:00Z", value: "1",
});
const rule = (more: Partial<Rule>): Rule => ({
  type: "alerting", name: "Disk", query: "x > 1", health: "ok", evaluationTime: 0, lastEvaluation: "", state: "inactive", labels: { severity: "critical" }, annotations: {}, alerts: [], duration: 300, ...more,
});
const group = (name: string, rules: Rule[]): RuleGroup => ({ name, file: "a.yml", interval: 15, evaluationTime: 0, lastEvaluation: "", rules });

const quiet = group("quiet", [rule({ name: "Idle" }), rule({ type: "recording", name: "job:x", state: undefined })]);
const loud = group("loud", [rule({ name: "Fine" }), rule({ state: "firing", alerts: [alert("a"), alert("b")] }), rule({ name: "Bad", health: "err", lastError: "no" })]);
const select = (text: string, states = [...STATES], broken = false) => selectRules([quiet, loud], states, parseSearch(text), broken);

describe("rule list", () => {
  it("shows what fires first", () => {
    expect(select("").map((g) => [g.group.name, ...g.rules.map((r) => r.rule.name)])).toEqual([["loud", "Disk", "Fine", "Bad"], ["quiet", "Idle", "job:x"]]);
  });
  it("filters by state and by trouble", () => {
    expect(select("", ["firing"]).flatMap((g) => g.rules.map((r) => r.rule.name))).toEqual(["Disk"]);
    expect(select("", [...STATES], true).flatMap((g) => g.rules.map((r) => r.rule.name))).toEqual(["Bad"]);
  });
  it("keeps the instances that fit", () => {
    expect(select('instance="b"')[0]!.rules[0]!.alerts.map((a) => a.labels["instance"])).toEqual(["b"]);
    expect(select("Disk")[0]!.rules[0]!.alerts).toHaveLength(2);
    expect(select("group=loud")[0]!.rules).toHaveLength(3);
    expect(select("nowhere")).toEqual([]);
  });
  it("counts", () => expect(countStates([quiet, loud])).toEqual({ firing: 1, pending: 0, inactive: 3, recording: 1, broken: 1 }));
  it("tells rules of one name apart", () => {
    expect(ruleKey(loud, rule({ query: "x > 1" }))).not.toBe(ruleKey(loud, rule({ query: "x > 2" })));
    expect(ruleKey(loud, rule({}))).not.toBe(ruleKey(quiet, rule({})));
  });
  it("knows how far a pending alert is", () => {
    const at = Date.parse("2026-01-31T12:02:30Z");
    expect(forProgress(alert("a", "pending"), rule({}), at)).toEqual({ share: 0.5, leftMs: 150_000 });
    expect(forProgress(alert("a", "firing"), rule({}), at)).toBeNull();
    expect(forProgress(alert("a", "pending"), rule({ duration: 0 }), at)).toBeNull();
  });
});

describe("thresholds", () => {
  it.each([
    ["up == 0", "up", 0],
    ["a / b > 0.9", "a / b", 0.9],
    ["sum(rate(x[5m])) by (a) >= 1e3", "sum(rate(x[5m])) by (a)", 1000],
    ['x{a="1 > 2"} < -5', 'x{a="1 > 2"}', -5],
    ["(a > 1 and b) > 2", "(a > 1 and b)", 2],
  ])("splits %s", (expr, measured, limit) => expect(splitThreshold(expr)).toEqual({ measured, limit }));

  it.each(["up", "a > b", "a > 1 and b > 2", "a > 1 > 2", "a > 1 unless b", "a > bool 1", "1 < a", "absent(x)", "(a > 1)"])("leaves %s whole", (expr) => {
    expect(splitThreshold(expr)).toBeNull();
  });
});
