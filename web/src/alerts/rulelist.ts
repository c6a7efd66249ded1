/** Filtering, ordering and counting of rules, apart from how they are drawn. */
import type { AlertInstance, Rule, RuleGroup } from "../api/prom";
import { seriesKey } from "../base/labels";
import { type Search, matches } from "../base/search";

export const STATES = ["firing", "pending", "inactive", "recording"] as const;
export type RuleState = (typeof STATES)[number];
export const DEFAULT_STATES: RuleState[] = ["firing", "pending", "inactive"];

export function stateOf(rule: Rule): RuleState {
  if (rule.type === "recording") return "recording";
  return rule.state === "firing" || rule.state === "pending" ? rule.state : "inactive";
}

export function isBroken(rule: Rule): boolean {
  return rule.health === "err" || !!rule.lastError;
}

/** Stable, short, unique among rules of the same name: it goes into the URL. */
export function ruleKey(group: RuleGroup, rule: Rule): string {
  return seriesKey({ file: group.file, group: group.name, name: rule.name, query: rule.query, ...rule.labels });
}

export function countStates(groups: readonly RuleGroup[]): Record<RuleState | "broken", number> {
  const out = { firing: 0, pending: 0, inactive: 0, recording: 0, broken: 0 };
  for (const group of groups) {
    for (const rule of group.rules) {
      out[stateOf(rule)]++;
      if (isBroken(rule)) out.broken++;
    }
  }
  return out;
}

export interface Shown {
  rule: Rule;
  key: string;
  alerts: AlertInstance[];
}

/** The instances that the search keeps; a rule whose own name and labels match keeps all of them. */
function select(rule: Rule, group: RuleGroup, search: Search): AlertInstance[] | null {
  const alerts = rule.alerts ?? [];
  const own = { ...rule.labels, alertname: rule.name, group: group.name };
  const text = `${rule.name} ${group.name} ${group.file} ${rule.query} ${Object.values(rule.annotations ?? {}).join(" ")}`;
  if (matches(search, own, text)) return alerts;
  const kept = alerts.filter((a) => matches(search, a.labels, `${text} ${Object.values(a.annotations).join(" ")}`));
  return kept.length ? kept : null;
}

const ORDER: Record<RuleState, number> = { firing: 0, pending: 1, inactive: 2, recording: 3 };

/** Groups with something to show, those that fire first; inside a group the same. */
export function selectRules(groups: readonly RuleGroup[], states: readonly RuleState[], search: Search, brokenOnly: boolean): { group: RuleGroup; rules: Shown[] }[] {
  const out = groups.map((group) => {
    const rules = group.rules.flatMap((rule): Shown[] => {
      if (!states.includes(stateOf(rule)) || (brokenOnly && !isBroken(rule))) return [];
      const alerts = select(rule, group, search);
      return alerts ? [{ rule, key: ruleKey(group, rule), alerts }] : [];
    });
    rules.sort((a, b) => ORDER[stateOf(a.rule)] - ORDER[stateOf(b.rule)]);
    return { group, rules };
  });
  const rank = (g: { rules: Shown[] }) => (g.rules[0] ? ORDER[stateOf(g.rules[0].rule)] : 9);
  return out.filter((g) => g.rules.length).sort((a, b) => rank(a) - rank(b));
}

/** How far a pending alert is on its way to firing, 0 to 1, and what is left. */
export function forProgress(alert: AlertInstance, rule: Rule, nowMs: number): { share: number; leftMs: number } | null {
  const wholeMs = (rule.duration ?? 0) * 1000;
  if (alert.state !== "pending" || wholeMs <= 0) return null;
  const passedMs = Math.max(0, nowMs - Date.parse(alert.activeAt));
  return { share: Math.min(1, passedMs / wholeMs), leftMs: Math.max(0, wholeMs - passedMs) };
}
