/** Requests to the server that sent this page. Every address is relative to <base href>, so a path prefix just works. */

export function serverUrl(path: string): string {
  return new URL(path, document.baseURI).href;
}

export class ApiError extends Error {
  constructor(
    message: string,
    /** Prometheus' errorType, or `network`, `http`. */
    readonly type: string,
    readonly status: number,
  ) {
    super(message);
  }

  /** 0-based offset into `expr` when the server named a place (`1:7: parse error: ...`), else null. */
  positionIn(expr: string): number | null {
    const found = /(?:^|[^\d.])(\d+):(\d+): /.exec(this.message);
    if (!found) return null;
    const lines = expr.split("\n");
    const line = Number(found[1]) - 1;
    if (line >= lines.length) return null;
    const before = lines.slice(0, line).reduce((sum, l) => sum + l.length + 1, 0);
    return Math.min(before + Number(found[2]) - 1, expr.length);
  }
}

interface Envelope<T> {
  status: "success" | "error";
  data: T;
  errorType?: string;
  error?: string;
  warnings?: string[];
  infos?: string[];
}

export interface Answer<T> {
  data: T;
  notes: string[];
  /** From request to parsed answer. */
  elapsedMs: number;
  bytes: number;
}

/** At most this many requests run at once; a page with many graphs must not starve the event stream. */
const MAX_PARALLEL = 4;
let running = 0;
const waiting: (() => void)[] = [];

async function takeSlot(signal?: AbortSignal): Promise<void> {
  if (running >= MAX_PARALLEL) await new Promise<void>((go) => waiting.push(go));
  running++;
  if (signal?.aborted) {
    freeSlot();
    throw new DOMException("aborted", "AbortError");
  }
}

function freeSlot(): void {
  running--;
  waiting.shift()?.();
}

async function fetchText(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(serverUrl(path), { ...init, headers: { Accept: "application/json", ...init.headers } });
  } catch (error) {
    if ((error as Error).name === "AbortError") throw error;
    throw new ApiError("The server does not answer. Check that pharos is running and that the network path is open.", "network", 0);
  }
}

/** Raw JSON, whatever the status; for endpoints that are not in the Prometheus envelope. */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await fetchText(path, { signal });
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiError(`${path} answered ${response.status} without JSON.`, "http", response.status);
  }
}

/** A call of the Prometheus API. Parameters go in the body: expressions may be longer than a URL may be. */
export async function call<T>(path: string, params?: Record<string, string>, signal?: AbortSignal): Promise<Answer<T>> {
  await takeSlot(signal);
  const started = performance.now();
  try {
    const response = await fetchText(
      path,
      params ? { method: "POST", body: new URLSearchParams(params), signal } : { signal },
    );
    const text = await response.text();
    let body: Envelope<T>;
    try {
      body = JSON.parse(text) as Envelope<T>;
    } catch {
      const hint = response.status === 503 ? "The server is starting; it answers in a moment." : text.slice(0, 200).trim();
      throw new ApiError(`HTTP ${response.status}. ${hint}`, "http", response.status);
    }
    if (body.status !== "success") throw new ApiError(body.error ?? "unknown error", body.errorType ?? "http", response.status);
    return {
      data: body.data,
      notes: [...(body.warnings ?? []), ...(body.infos ?? [])],
      elapsedMs: performance.now() - started,
      bytes: text.length,
    };
  } finally {
    freeSlot();
  }
}
