import { describe, expect, it } from "vitest";
import { type Labels, formatDistinct, formatSeries, seriesKey, varyingLabels } from "../src/base/labels";
import { matches, parseSearch } from "../src/base/search";

describe("label sets", () => {
  it("writes selectors", () => {
    expect(formatSeries({ __name__: "up", job: "a", b: 'x"y\\z' })).toBe('up{b="x\\"y\\\\z",job="a"}');
    expect(formatSeries({ __name__: "up" })).toBe("up");
    expect(formatSeries({})).toBe("{}");
    expect(formatSeries({ __name__: "http.status", a: "1" })).toBe('{"http.status",a="1"}');
  });

  it("finds what differs", () => {
    const all: Labels[] = [{ __name__: "up", job: "a", env: "p" }, { __name__: "up", job: "b", env: "p", zone: "1" }];
    expect([...varyingLabels(all)].sort()).toEqual(["job", "zone"]);
    expect(varyingLabels([{ a: "1" }]).size).toBe(0);
  });

  it("names a series by what differs", () => {
    expect(formatDistinct({ job: "a", mode: "idle" }, new Set(["mode"]))).toBe("idle");
    expect(formatDistinct({ a: "1", b: "2" }, new Set(["a", "b"]))).toBe("a=1 b=2");
    expect(formatDistinct({ a: "1" }, new Set())).toBe('{a="1"}');
  });

  it("gives equal keys to equal sets, whatever the order", () => {
    expect(seriesKey({ a: "1", b: "2" })).toBe(seriesKey({ b: "2", a: "1" }));
    expect(seriesKey({ a: "1" })).not.toBe(seriesKey({ a: "2" }));
  });
});

describe("search", () => {
  const labels = { job: "host", instance: "web-1.example.com:9100", severity: "critical" };
  const hit = (text: string, more = "") => matches(parseSearch(text), labels, more);

  it.each([
    "", "critical", "HOST web", 'job="host"', "job=host", 'job!="x"', 'instance=~"web.*"', 'instance!~"db.*"', '{job="host", severity="critical"}',
    '"critical"',
  ])("keeps with %j", (text) => expect(hit(text)).toBe(true));

  it.each(["db", 'job="hos"', 'job!="host"', 'instance=~"web"', 'job="host" severity="warning"'])("drops with %j", (text) => expect(hit(text)).toBe(false));

  it("looks for words in the text too", () => expect(hit("disk", "The Disk is full")).toBe(true));
  it("falls back to plain text for a regex that is not one", () => expect(hit('instance=~"web-1.example.com:9100["')).toBe(false));
});
