/** Binds the connection machine to this browser: EventSource, timers, tab visibility, and the signals that pages read. */
import { effect, signal } from "@preact/signals";
import { chooseStep } from "../base/grid";
import { fetchAlerts } from "../api/prom";
import { serverUrl } from "../api/http";
import { type AlertCounts, type Connection, connect } from "./stream";
import { advance, now, refresh, span } from "./timerange";
import { notify } from "./notices";

export const connection = signal<Connection>({ mode: "connecting" });
export const alertCounts = signal<AlertCounts | null>(null);
export const serverVersion = signal("");

const EVENTS = ["hello", "scrape", "alerts", "reload"];
/** Several scrape pools finish close together; one redraw serves them all. */
const MIN_GAP_MS = 2_000;
const MAX_GAP_MS = 60_000;

/** A month-long graph does not change every five seconds: the pause between redraws grows with its step. */
function gapMs(): number {
  const { from, to } = span.peek();
  return Math.min(MAX_GAP_MS, Math.max(MIN_GAP_MS, chooseStep(to - from, 600) * 500));
}

function openEventSource(handlers: { open(): void; failed(): void; event(name: string, data: unknown): void }) {
  const source = new EventSource(serverUrl("api/pharos/v1/live"));
  source.onopen = () => handlers.open();
  source.onerror = () => handlers.failed();
  for (const name of EVENTS) {
    source.addEventListener(name, (event) => {
      try {
        handlers.event(name, JSON.parse((event as MessageEvent<string>).data));
      } catch {
        handlers.failed();
      }
    });
  }
  return { close: () => source.close() };
}

async function pollAlerts(): Promise<AlertCounts> {
  const { data } = await fetchAlerts();
  const count = (state: string) => data.alerts.filter((a) => a.state === state).length;
  return { firing: count("firing"), pending: count("pending") };
}

let machine: { stop(): void; retry(): void } | null = null;

function start(): void {
  machine = connect(
    {
      openStream: openEventSource,
      poll: pollAlerts,
      nowMs: Date.now,
      after(ms, run) {
        const id = setTimeout(run, ms);
        return () => clearTimeout(id);
      },
    },
    {
      connection: (state) => (connection.value = state),
      alerts: (counts) => {
        const old = alertCounts.peek();
        if (old?.firing !== counts.firing || old?.pending !== counts.pending) alertCounts.value = counts;
      },
      scraped() {
        if (refresh.peek() === "live" && Date.now() - now.peek() >= gapMs()) advance();
      },
      hello: (version) => (serverVersion.value = version),
      reloaded(ok, error) {
        if (ok) notify("good", "The configuration was reloaded.");
        else notify("bad", `The new configuration was refused, the old one stays in force. ${error}`);
      },
    },
  );
}

export function retryConnection(): void {
  machine?.retry();
}

/** A hidden tab holds no connection: browsers allow only a few per host. */
export function startLive(): void {
  start();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      machine?.stop();
      machine = null;
    } else if (!machine) {
      start();
      if (refresh.peek() !== "off") advance();
    }
  });
  effect(() => {
    const every = refresh.value;
    if (typeof every !== "number") return;
    const id = setInterval(advance, every * 1000);
    return () => clearInterval(id);
  });
}
