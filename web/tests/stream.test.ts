/** The connection machine, driven by a clock of our own. */
import { beforeEach, describe, expect, it } from "vitest";
import { type AlertCounts, type Connection, MAX_PAUSE_MS, POLL_MS, type StreamHandlers, connect, pauseOf } from "../src/state/stream";

class World {
  now = 0;
  timers: { at: number; run: () => void }[] = [];
  streams: { handlers: StreamHandlers; closed: boolean }[] = [];
  answers = true;
  polls = 0;
  seen: Connection[] = [];
  counts: AlertCounts[] = [];
  scrapes = 0;
  reloads: [boolean, string][] = [];

  readonly machine;

  constructor() {
    this.machine = connect(
      {
        openStream: (handlers) => {
          const stream = { handlers, closed: false };
          this.streams.push(stream);
          return { close: () => (stream.closed = true) };
        },
        poll: () => {
          this.polls++;
          return this.answers ? Promise.resolve({ firing: 2, pending: 1 }) : Promise.reject(new Error("down"));
        },
        nowMs: () => this.now,
        after: (ms, run) => {
          const timer = { at: this.now + ms, run };
          this.timers.push(timer);
          return () => (this.timers = this.timers.filter((t) => t !== timer));
        },
      },
      {
        connection: (state) => this.seen.push(state),
        alerts: (counts) => this.counts.push(counts),
        scraped: () => this.scrapes++,
        hello: () => {},
        reloaded: (ok, error) => this.reloads.push([ok, error]),
      },
    );
  }

  get mode() {
    return this.seen.at(-1)!.mode;
  }
  get stream() {
    return this.streams.at(-1)!;
  }
  async pass(ms: number) {
    const end = this.now + ms;
    for (;;) {
      const next = this.timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.now = next.at;
      this.timers = this.timers.filter((t) => t !== next);
      next.run();
      await settle();
    }
    this.now = end;
  }
}

const settle = () => new Promise((done) => setTimeout(done, 0));
let world: World;
beforeEach(() => (world = new World()));

describe("the connection", () => {
  it("goes live when the stream opens, and asks nothing then", async () => {
    expect(world.mode).toBe("connecting");
    world.stream.handlers.open();
    await world.pass(120_000);
    expect(world.mode).toBe("live");
    expect(world.polls).toBe(0);
    expect(world.streams).toHaveLength(1);
  });

  it("hands on what the stream says", () => {
    const { handlers } = world.stream;
    handlers.open();
    handlers.event("scrape", { t_ms: 1 });
    handlers.event("alerts", { firing: 3, pending: 0 });
    handlers.event("reload", { ok: false, error: "pharos.yml:3:1: unknown key" });
    handlers.event("later", {});
    expect(world.scrapes).toBe(1);
    expect(world.counts).toEqual([{ firing: 3, pending: 0 }]);
    expect(world.reloads).toEqual([[false, "pharos.yml:3:1: unknown key"]]);
  });

  it("polls when there is no stream, at a steady pace", async () => {
    world.stream.handlers.failed();
    await settle();
    expect(world.mode).toBe("polling");
    expect(world.counts).toEqual([{ firing: 2, pending: 1 }]);
    const before = world.polls;
    await world.pass(4 * POLL_MS);
    expect(world.polls - before).toBe(4);
    expect(world.scrapes).toBe(world.polls);
  });

  it("tries the stream again with growing pauses while it polls", async () => {
    world.stream.handlers.failed();
    await settle();
    await world.pass(4_000);
    expect(world.streams).toHaveLength(2);
    world.stream.handlers.failed();
    await world.pass(7_999);
    expect(world.streams).toHaveLength(2);
    await world.pass(1);
    expect(world.streams).toHaveLength(3);
    world.stream.handlers.open();
    expect(world.mode).toBe("live");
    const polls = world.polls;
    await world.pass(60_000);
    expect(world.polls).toBe(polls);
  });

  it("is offline when nothing is answered, with a moment of the next try", async () => {
    world.answers = false;
    world.stream.handlers.failed();
    await settle();
    expect(world.seen.at(-1)).toMatchObject({ mode: "offline", sinceMs: 0, retryAtMs: 2_000 });
    await world.pass(2_000);
    expect(world.seen.at(-1)).toMatchObject({ mode: "offline", sinceMs: 0, retryAtMs: 6_000 });
    world.answers = true;
    await world.pass(4_000);
    expect(world.mode).toBe("polling");
  });

  it("falls back from live", async () => {
    world.stream.handlers.open();
    world.stream.handlers.failed();
    await settle();
    expect(world.mode).toBe("polling");
  });

  it("does nothing after stop", async () => {
    world.stream.handlers.failed();
    world.machine.stop();
    await world.pass(600_000);
    expect(world.polls).toBe(1);
    expect(world.streams).toHaveLength(1);
  });

  it("tries at once when asked to", async () => {
    world.answers = false;
    world.stream.handlers.failed();
    await settle();
    world.answers = true;
    world.machine.retry();
    await settle();
    expect(world.streams).toHaveLength(2);
    expect(world.mode).toBe("polling");
  });

  it("never pauses longer than a minute", () => {
    expect([0, 1, 2, 3, 4, 5, 50].map(pauseOf)).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, MAX_PAUSE_MS, MAX_PAUSE_MS]);
  });
});
