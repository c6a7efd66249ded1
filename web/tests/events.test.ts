import { describe, expect, it } from "vitest";
import type { AlertEvent } from "../src/api/alertlog";
import { parseSearch } from "../src/base/search";
import { countKinds, describeEvent, firingsOf, kindOf, nameOf, selectEvents, wordOf } from "../src/history/events";

let id = 0;
const event = (kind: string, at: number, subject: string, detail: Record<string, unknown> = {}): AlertEvent => ({
  id: ++id, time: new Date(at * 1000).toISOString(), kind, subject, detail,
});
const labels = (alertname: string, job: string) => ({ labels: { alertname, job } });
/** Newest first, as the server sends them. */
const EVENTS = [
  event("started", 90, "b", { ...labels("Load", "y"), starts_at_ms: 90_000 }),
  event("acknowledged", 60, "a", { ...labels("Down", "x"), by: "ann" }),
  event("resolved", 50, "a", { ...labels("Down", "x"), starts_at_ms: 20_000 }),
  event("sent", 30, '{}:{alertname="Down"}', { alertname: "Down", receiver: "page", status: "firing", answer: 200, attempts: 0, started_ms: 1 }),
  event("started", 20, "a", { ...labels("Down", "x"), starts_at_ms: 20_000 }),
  event("resolved", 10, "c", { ...labels("Load", "z"), starts_at_ms: 5_000 }),
];

describe("events of alerts", () => {
  it("are of a kind", () => {
    expect(EVENTS.map(kindOf)).toEqual(["started", "seen", "resolved", "sent", "started", "resolved"]);
    expect(["suppressed", "released"].map((k) => kindOf(event(k, 1, "a")))).toEqual(["held", "held"]);
    expect(["unacknowledged", "acknowledgement_ended"].map((k) => kindOf(event(k, 1, "a")))).toEqual(["seen", "seen"]);
    expect(["silence_created", "silence_updated", "silence_expired"].map((k) => kindOf(event(k, 1, "a")))).toEqual(["silence", "silence", "silence"]);
    expect(["released", "unacknowledged", "of-a-later-version"].map((k) => wordOf(event(k, 1, "a")))).toEqual(["no longer held back", "taken back", "of-a-later-version"]);
    expect(kindOf(event("of-a-later-version", 1, "a"))).toBeNull();
    expect(countKinds(EVENTS)).toEqual({ started: 2, resolved: 2, sent: 1, failed: 0, held: 0, seen: 1, silence: 0 });
  });
  it("have a name, from labels, from the detail, or none", () => {
    expect(EVENTS.map(nameOf)).toEqual(["Load", "Down", "Down", "Down", "Down", "Load"]);
    expect(nameOf(event("started", 1, "f00"))).toBe("f00");
    expect(nameOf(event("silence_created", 1, "b2505a2a-a4e5-4778"))).toBe("b2505a2a");
  });
  it("are chosen by kind, words and labels", () => {
    const ids = (kinds: Parameters<typeof selectEvents>[1], text: string) => selectEvents(EVENTS, kinds, parseSearch(text)).map((e) => e.kind);
    expect(ids([], "")).toHaveLength(6);
    expect(ids(["sent", "seen"], "")).toEqual(["acknowledged", "sent"]);
    expect(ids([], "job=x")).toEqual(["acknowledged", "resolved", "started"]);
    expect(ids([], "page")).toEqual(["sent"]);
  });
  it("say in words what they are beside their labels", () => {
    const says = (kind: string, detail: Record<string, unknown>) => describeEvent(event(kind, 1, "a", detail));
    expect(describeEvent(EVENTS[3]!)).toBe("page: firing");
    expect(says("sent", { receiver: "page", integration: "email[0]", reason: "first notification", status: "firing", alerts: 2, answer: 200, attempts: 3 }))
      .toBe("page (email[0]): first notification, 2 alerts firing, 3 attempts");
    expect(says("sent", { receiver: "page", reason: "all alerts resolved", status: "resolved", alerts: 1 })).toBe("page: all alerts resolved, 1 alert");
    expect(says("failed", { receiver: "page", integration: "email[0]", reason: "repeat interval elapsed", status: "firing", alerts: 1, attempts: 1, error: "connection refused" }))
      .toBe("page (email[0]): repeat interval elapsed, 1 alert firing: connection refused");
    expect(says("suppressed", { group: "{}", receiver: "page", by: "inhibition", source: "f00", rule: "quiet" })).toBe("by inhibition quiet, for page");
    expect(says("released", { group: "{}", receiver: "page" })).toBe("for page");
    expect(says("acknowledged", { by: "ann", comment: "on it", at_ms: 1, until_ms: 0 })).toBe("by ann: on it");
    expect(says("silence_created", { matchers: [{ name: "job", value: 'a"b', type: 3 }], created_by: "ann", comment: "", ends_at_ms: 0 })).toBe('job!~"a\\"b" by ann');
    expect(describeEvent(EVENTS[0]!)).toBe("");
    expect(says("of-a-later-version", { words: "x" })).toBe("");
  });
});

describe("firings", () => {
  it("join a start and its end, reach to the edge when one is missing", () => {
    const f = firingsOf(EVENTS, 0, 100_000);
    expect(f.get("Down")).toEqual([{ fingerprint: "a", from: 20_000, to: 50_000, open: false }]);
    expect(f.get("Load")).toEqual([
      { fingerprint: "c", from: 5_000, to: 10_000, open: false },
      { fingerprint: "b", from: 90_000, to: 100_000, open: true },
    ]);
  });
  it("are cut to what is looked at", () => {
    const f = firingsOf(EVENTS, 30_000, 40_000);
    expect(f.get("Down")).toEqual([{ fingerprint: "a", from: 30_000, to: 40_000, open: false }]);
    expect(f.has("Load")).toBe(false);
  });
  it("survive an end without a start and a start told twice", () => {
    const twice = [event("resolved", 9, "d", labels("X", "1")), event("started", 4, "d", labels("X", "1")), event("started", 3, "d", labels("X", "1"))];
    expect(firingsOf(twice, 0, 10_000).get("X")).toEqual([{ fingerprint: "d", from: 3_000, to: 9_000, open: false }]);
  });
});
