import { describe, expect, it } from "vitest";
import type { Silence, SilenceState } from "../src/api/alertmanager";
import { matchersOf } from "../src/base/labels";
import { parseSearch } from "../src/base/search";
import { countStates, formatMatchers, parseMatchers, selectSilences } from "../src/silences/silencelist";

const silence = (id: string, state: SilenceState, endsAt: string, comment = ""): Silence => ({
  id, status: { state }, endsAt, startsAt: "2026-01-01T00:00:00Z", updatedAt: "2026-01-01T00:00:00Z", createdBy: "ann", comment,
  matchers: [{ name: "job", value: id, isRegex: false, isEqual: true }],
});

describe("matchers", () => {
  it("reads every operator, with and without commas, braces and quotes", () => {
    const { matchers, error } = parseMatchers(' {a="b", c!=d e=~"f.*",g!~"h|i"} ');
    expect(error).toBe("");
    expect(matchers).toEqual([
      { name: "a", value: "b", isRegex: false, isEqual: true },
      { name: "c", value: "d", isRegex: false, isEqual: false },
      { name: "e", value: "f.*", isRegex: true, isEqual: true },
      { name: "g", value: "h|i", isRegex: true, isEqual: false },
    ]);
  });
  it("comes back from its own text", () => {
    const odd = [{ name: "a", value: 'quote " back \\ comma, brace }', isRegex: false, isEqual: true }];
    expect(parseMatchers(formatMatchers(odd)).matchers).toEqual(odd);
  });
  it("says what is wrong", () => {
    expect(parseMatchers("a").error).toContain("Not a matcher: a");
    expect(parseMatchers('a=~"("').error).toContain("a: ");
    expect(parseMatchers("").matchers).toEqual([]);
  });
  it("silences exactly one alert", () => {
    expect(matchersOf({ b: "2", alertname: 'x"y' })).toBe('alertname="x\\"y", b="2"');
  });
});

describe("the list", () => {
  const all = [silence("old", "expired", "2026-01-02T00:00:00Z"), silence("late", "active", "2026-03-01T00:00:00Z", "disk swap"), silence("soon", "active", "2026-02-01T00:00:00Z"), silence("older", "expired", "2026-01-01T12:00:00Z")];
  it("shows what ends soonest first, ended ones newest first", () => {
    expect(selectSilences(all, ["active", "expired"], parseSearch("")).map((s) => s.id)).toEqual(["soon", "late", "old", "older"]);
  });
  it("filters by state, words and matchers", () => {
    expect(selectSilences(all, ["active"], parseSearch("disk")).map((s) => s.id)).toEqual(["late"]);
    expect(selectSilences(all, ["active"], parseSearch("job=soon")).map((s) => s.id)).toEqual(["soon"]);
    expect(countStates(all)).toEqual({ active: 2, pending: 0, expired: 2 });
  });
});
