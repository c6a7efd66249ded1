/** pharos' own health report. */
import { getJson } from "./http";

export interface Check {
  status: string;
  message?: string;
  [detail: string]: unknown;
}
export interface HealthReport {
  status: string;
  version: string;
  uptime_seconds: number;
  checks: Record<string, Check>;
}

/** Returns null when the server has no such report (a plain Prometheus). */
export async function fetchHealth(signal?: AbortSignal): Promise<HealthReport | null> {
  try {
    const report = await getJson<Partial<HealthReport>>("health/detailed", signal);
    return report.checks ? { status: "unknown", version: "", uptime_seconds: 0, checks: {}, ...report } : null;
  } catch (error) {
    if ((error as { type?: string }).type === "http") return null;
    throw error;
  }
}
