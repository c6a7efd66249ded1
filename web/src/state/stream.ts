/**
 * The connection to the server: one event stream, and polling while there is none.
 *
 *   connecting -> live            the stream is open
 *   connecting | live -> polling  the stream failed but requests are answered
 *   polling -> offline            requests fail too; tried again with growing pauses
 *   any -> live                   as soon as the stream opens
 *
 * The machine knows no browser objects, so that the test can drive it with its own clock.
 */
export type Connection =
  | { mode: "connecting" }
  | { mode: "live"; sinceMs: number }
  | { mode: "polling"; sinceMs: number; everyMs: number }
  | { mode: "offline"; sinceMs: number; retryAtMs: number };

export interface AlertCounts {
  firing: number;
  pending: number;
}

export interface Stream {
  close(): void;
}
export interface StreamHandlers {
  open(): void;
  failed(): void;
  event(name: string, data: unknown): void;
}

export interface Environment {
  openStream(handlers: StreamHandlers): Stream;
  /** One round of polling: resolves with the alert counts, rejects when the server does not answer. */
  poll(): Promise<AlertCounts>;
  nowMs(): number;
  after(ms: number, run: () => void): () => void;
}

export interface Observer {
  connection(state: Connection): void;
  alerts(counts: AlertCounts): void;
  /** New samples may exist. */
  scraped(): void;
  hello(version: string): void;
  reloaded(ok: boolean, error: string): void;
}

export const POLL_MS = 5_000;
export const MAX_PAUSE_MS = 60_000;

/** Pause before the n-th try in a row (n from 0): 2 s, 4 s, 8 s, ... 60 s. */
export function pauseOf(tries: number): number {
  return Math.min(MAX_PAUSE_MS, 2_000 * 2 ** tries);
}

export function connect(env: Environment, observer: Observer): { stop(): void; retry(): void } {
  let stream: Stream | null = null;
  let cancelPoll = () => {};
  let cancelReopen = () => {};
  let streamTries = 0;
  let pollTries = 0;
  let stopped = false;
  let isOpen = false;
  let mode: Connection["mode"] = "connecting";
  let since = env.nowMs();

  function report(next: Connection["mode"], retryAtMs = 0): void {
    if (next !== mode) since = env.nowMs();
    mode = next;
    if (next === "connecting") observer.connection({ mode: next });
    else if (next === "live") observer.connection({ mode: next, sinceMs: since });
    else if (next === "polling") observer.connection({ mode: next, sinceMs: since, everyMs: POLL_MS });
    else observer.connection({ mode: next, sinceMs: since, retryAtMs });
  }

  function open(): void {
    stream?.close();
    stream = env.openStream({
      open() {
        isOpen = true;
        streamTries = pollTries = 0;
        cancelPoll();
        report("live");
      },
      failed() {
        if (stopped) return;
        isOpen = false;
        stream?.close();
        stream = null;
        cancelReopen();
        cancelReopen = env.after(pauseOf(streamTries++ + 1), open);
        if (mode === "connecting" || mode === "live") void poll();
      },
      event(name, data) {
        dispatch(name, data as Record<string, unknown>);
      },
    });
  }

  function dispatch(name: string, data: Record<string, unknown>): void {
    if (name === "hello") observer.hello(String(data["version"] ?? ""));
    if (name === "scrape") observer.scraped();
    if (name === "alerts") observer.alerts({ firing: Number(data["firing"]) || 0, pending: Number(data["pending"]) || 0 });
    if (name === "reload") observer.reloaded(data["ok"] === true, String(data["error"] ?? ""));
  }

  async function poll(): Promise<void> {
    cancelPoll();
    try {
      const counts = await env.poll();
      if (stopped || isOpen) return;
      pollTries = 0;
      report("polling");
      observer.alerts(counts);
      observer.scraped();
      cancelPoll = env.after(POLL_MS, () => void poll());
    } catch {
      if (stopped || isOpen) return;
      const pause = pauseOf(pollTries++);
      report("offline", env.nowMs() + pause);
      cancelPoll = env.after(pause, () => void poll());
    }
  }

  report("connecting");
  open();
  return {
    stop() {
      stopped = true;
      cancelPoll();
      cancelReopen();
      stream?.close();
    },
    retry() {
      streamTries = pollTries = 0;
      cancelReopen();
      open();
      if (!isOpen) void poll();
    },
  };
}
