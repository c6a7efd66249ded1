/** Alertmanager's API v2, as far as the pages use it. Errors are JSON strings or `{code, message}`. */
import type { Labels } from "../base/labels";
import { ApiError, serverUrl } from "./http";

export interface Matcher {
  name: string;
  value: string;
  isRegex: boolean;
  isEqual: boolean;
}

export type SilenceState = "active" | "pending" | "expired";

export interface Silence {
  id: string;
  status: { state: SilenceState };
  matchers: Matcher[];
  startsAt: string;
  endsAt: string;
  updatedAt: string;
  createdBy: string;
  comment: string;
}

export interface NotifiedAlert {
  labels: Labels;
  annotations: Labels;
  startsAt: string;
  fingerprint: string;
  receivers: { name: string }[];
  status: { state: "active" | "suppressed" | "unprocessed"; silencedBy: string[]; inhibitedBy: string[] };
}

export interface NewSilence {
  /** Given: the silence is changed, not created. */
  id?: string;
  matchers: Matcher[];
  startsAt: string;
  endsAt: string;
  createdBy: string;
  comment: string;
}

function messageOf(text: string, status: number): string {
  try {
    const body = JSON.parse(text) as string | { message?: string; error?: string };
    if (typeof body === "string") return body;
    return body.message ?? body.error ?? text;
  } catch {
    return text.slice(0, 200).trim() || `HTTP ${status}`;
  }
}

async function request<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(serverUrl(`api/v2/${path}`), { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal });
  } catch (error) {
    if ((error as Error).name === "AbortError") throw error;
    throw new ApiError("The server does not answer. Check that pharos is running and that the network path is open.", "network", 0);
  }
  const text = await response.text();
  if (!response.ok) throw new ApiError(messageOf(text, response.status), "http", response.status);
  return (text ? JSON.parse(text) : undefined) as T;
}

export function formatMatcher(m: Matcher): string {
  const op = m.isEqual === false ? (m.isRegex ? "!~" : "!=") : m.isRegex ? "=~" : "=";
  return `${m.name}${op}${JSON.stringify(m.value)}`;
}

export function fetchSilences(signal?: AbortSignal): Promise<Silence[]> {
  return request("GET", "silences", undefined, signal);
}

export function putSilence(silence: NewSilence): Promise<{ silenceID: string }> {
  return request("POST", "silences", silence);
}

export function expireSilence(id: string): Promise<void> {
  return request("DELETE", `silence/${encodeURIComponent(id)}`);
}

/** Every alert that matches all of them, silenced and inhibited ones too. */
export function fetchNotified(matchers: readonly Matcher[], signal?: AbortSignal): Promise<NotifiedAlert[]> {
  const query = new URLSearchParams(matchers.map((m) => ["filter", formatMatcher(m)]));
  return request("GET", `alerts?${query}`, undefined, signal);
}
