import { describe, expect, it } from "vitest";
import { choice, decodeState, encodeState, flag, text, texts, toQuery, words } from "../src/base/urlstate";
import { SCHEMA, activeQueries, stepSeconds } from "../src/explore/state";

const schema = { q: text(), tab: choice(["graph", "table"] as const, "graph"), on: flag(), list: words(["a", "b", "c"] as const, ["a"]), many: texts() };

describe("state in the address", () => {
  it("leaves defaults out and foreign parameters alone", () => {
    const state = decodeState(schema, new URLSearchParams());
    expect(encodeState(schema, state, new URLSearchParams("from=now-1h")).toString()).toBe("from=now-1h");
  });

  it("returns what went in", () => {
    const random = (n: number) => Math.floor(Math.random() * n);
    const words = ["", "up", 'x{a="b&c=d"}', "a+b", "ü 100%", "#1", "line\nbreak"];
    for (let i = 0; i < 300; i++) {
      const state = {
        q: words[random(7)]!, tab: random(2) ? ("graph" as const) : ("table" as const), on: !!random(2),
        list: (["a", "b", "c"] as const).filter(() => random(2)), many: words.filter((w) => w && random(2)),
      };
      const query = toQuery(encodeState(schema, state, new URLSearchParams()));
      expect(decodeState(schema, new URLSearchParams(query))).toEqual(state);
    }
  });

  it("ignores values it does not know", () => {
    expect(decodeState(schema, new URLSearchParams("tab=pie&list=a,z")).tab).toBe("graph");
    expect(decodeState(schema, new URLSearchParams("list=a,z")).list).toEqual(["a"]);
  });

  it("keeps PromQL readable in links", () => {
    expect(toQuery(new URLSearchParams({ q: "sum(rate(x{a!~\"b\"}[5m]))" }))).toBe("?q=sum(rate(x{a!~%22b%22}[5m]))");
  });
});

describe("Explore links", () => {
  it("runs what is written and not switched off", () => {
    const state = decodeState(SCHEMA, new URLSearchParams("q=up&q=&q=down&q=left&off=2"));
    expect(activeQueries(state)).toEqual([{ index: 0, expr: "up" }, { index: 3, expr: "left" }]);
  });

  it("reads steps", () => {
    expect(stepSeconds("auto")).toBeNull();
    expect(stepSeconds("5m")).toBe(300);
    expect(stepSeconds("10ms")).toBeNull();
  });
});
