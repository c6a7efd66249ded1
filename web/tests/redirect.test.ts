import { describe, expect, it } from "vitest";
import { redirectOf } from "../src/state/redirect";

const go = (address: string) => {
  const url = new URL(address, "http://example.com");
  const to = redirectOf(url.pathname, url.searchParams);
  return to && `${to.path}?${to.params}`;
};

describe("addresses of Prometheus pages", () => {
  it("opens the graph with its queries", () => {
    expect(go("/graph?g0.expr=up&g0.tab=0&g0.range_input=1h&g0.stacked=1&g1.expr=x")).toBe("/explore?q=up&q=x&tab=graph&stack=1&from=now-1h&to=now");
  });
  it("opens the table", () => expect(go("/graph?g0.expr=up&g0.tab=1")).toBe("/explore?q=up&tab=table"));
  it("knows the addresses of version 3", () => expect(go("/query?g0.expr=up&g0.tab=table")).toBe("/explore?q=up&tab=table"));
  it("keeps an absolute end, which Prometheus writes in UTC", () => {
    const to = go("/graph?g0.expr=up&g0.tab=0&g0.range_input=30m&g0.end_input=2026-01-31%2012%3A00%3A00")!;
    expect(to).toContain(`from=${encodeURIComponent("2026-01-31T11:30:00.000Z")}`);
    expect(to).toContain(`to=${encodeURIComponent("2026-01-31T12:00:00.000Z")}`);
  });
  it("opens an empty Explore without queries", () => expect(go("/graph")).toBe("/explore?"));
  it("maps the other pages", () => {
    expect(go("/rules")).toBe("/alerts?");
    expect(go("/service-discovery")).toBe("/targets?");
    expect(go("/alerts?search=disk")).toBe("/alerts?q=disk");
    expect(go("/targets/")).toBe("/targets?");
  });
  it("leaves our own alone", () => {
    expect(go("/")).toBeNull();
    expect(go("/explore?q=up")).toBeNull();
  });
});
