/** What pharos knows of an alert beyond Prometheus and Alertmanager: who was told, why not, who has seen it. */
import type { Labels } from "../base/labels";
import { type Answer, ApiError, call, serverUrl } from "./http";

export interface RouteExplained {
  receiver: string;
  groupExists: boolean;
  groupAlerts: number;
  /** Seconds. */
  repeatInterval: number;
  nextFlush?: string;
  lastNotified?: string;
  mutedBy: string[];
  integrations: { told: boolean; toldThisFires: boolean; toldAt?: string; repeatFrom?: string; nextFlushWould: string }[];
}

export interface AlertEvent {
  id: number;
  time: string;
  kind: string;
  /** The alert's fingerprint, or the key of its group. */
  subject: string;
  detail: Record<string, unknown>;
}

/** Newest first. `before`: the id from which the next page goes on; absent at the end. */
export interface History {
  events: AlertEvent[];
  before?: number;
}

export async function fetchHistory(fromMs: number, toMs: number, limit: number, signal?: AbortSignal): Promise<History> {
  const query = new URLSearchParams({ start: String(fromMs / 1000), end: String(toMs / 1000), limit: String(limit) });
  return (await call<History>(`api/v1/alerts/history?${query}`, undefined, signal)).data;
}

/** How much one alert name asks of people. */
export interface NoiseRow {
  alertname: string;
  fired: number;
  resolved: number;
  meanSecondsToResolve: number;
  pages: number;
  pagesPerWeek: number;
  acknowledged: number;
  neverAcknowledged: boolean;
  flapping: number;
}

export interface Noise {
  /** False: the range has more events than were counted. */
  complete: boolean;
  rules: NoiseRow[];
}

export async function fetchNoise(fromMs: number, toMs: number, signal?: AbortSignal): Promise<Noise> {
  const query = new URLSearchParams({ start: String(fromMs / 1000), end: String(toMs / 1000) });
  return (await call<Noise>(`api/v1/alerts/noise?${query}`, undefined, signal)).data;
}

export interface Explained {
  fingerprint: string;
  summary: string;
  firing: boolean;
  state?: string;
  silences: { id: string; createdBy: string; comment: string; endsAt: string }[];
  inhibitedBy?: { fingerprint: string; rule: string };
  acknowledged?: { by: string; comment: string; at: string; until?: string };
  routes: RouteExplained[];
  events: AlertEvent[];
}

export function explainAlert(labels: Labels, signal?: AbortSignal): Promise<Answer<Explained>> {
  const query = new URLSearchParams(Object.entries(labels).map(([name, value]) => ["label", `${name}=${value}`]));
  return call(`api/v1/alerts/explain?${query}`, undefined, signal);
}

/** Repeats stop until the alert ends or the time is over. `lasts` may be empty. */
export function acknowledge(fingerprint: string, by: string, comment: string, lasts: string): Promise<Answer<{ alerts: number }>> {
  return call("api/v1/alerts/ack", { fingerprint, by, comment, ...(lasts ? { for: lasts } : {}) });
}

export async function takeBack(fingerprint: string, by: string): Promise<void> {
  const query = new URLSearchParams({ fingerprint, by });
  const response = await fetch(serverUrl(`api/v1/alerts/ack?${query}`), { method: "DELETE" });
  if (!response.ok) throw new ApiError(`The server answered ${response.status}.`, "http", response.status);
}
