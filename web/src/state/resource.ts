/** Data that a component needs: loaded when its key changes, refreshed as now moves, old data kept while loading. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api/http";
import { now, reloads } from "./timerange";

export interface Resource<T> {
  data: T | null;
  error: Error | null;
  loading: boolean;
  /** The key that `data` was loaded for. */
  loadedKey: string | null;
  startedMs: number;
  cancel(): void;
}

interface Held<T> {
  data: T | null;
  error: Error | null;
  loading: boolean;
  loadedKey: string | null;
  startedMs: number;
}

/** What was loaded before stays on the screen while the server cannot be reached: the frame says so, once. */
function failed<T>(held: Held<T>, key: string, error: Error): Held<T> {
  if (error.name === "AbortError") return { ...held, loading: false };
  const kept = held.loadedKey === key ? held.data : null;
  const unreachable = error instanceof ApiError && error.type === "network";
  return { ...held, data: kept, error: unreachable && kept !== null ? null : error, loading: false };
}

/** `key` null loads nothing. `load` must depend on the key and the current time only. `follow` false: time alone does not reload. */
export function useResource<T>(key: string | null, load: (signal: AbortSignal) => Promise<T>, follow = true): Resource<T> {
  const [held, setHeld] = useState<Held<T>>({ data: null, error: null, loading: key !== null, loadedKey: null, startedMs: 0 });
  const running = useRef<{ key: string; abort: AbortController } | null>(null);
  const tick = follow ? now.value : reloads.value;

  useEffect(() => {
    if (key === null) {
      running.current?.abort.abort();
      running.current = null;
      setHeld({ data: null, error: null, loading: false, loadedKey: null, startedMs: 0 });
      return;
    }
    // A refresh waits for the one under way; a different question replaces it.
    if (running.current?.key === key) return;
    running.current?.abort.abort();
    const mine = { key, abort: new AbortController() };
    running.current = mine;
    setHeld((h) => ({ ...h, loading: true, startedMs: performance.now() }));
    load(mine.abort.signal).then(
      (data) => {
        if (running.current !== mine) return;
        running.current = null;
        setHeld((h) => ({ ...h, data, error: null, loading: false, loadedKey: key }));
      },
      (error: Error) => {
        if (running.current !== mine) return;
        running.current = null;
        setHeld((h) => failed(h, key, error));
      },
    );
  }, [key, tick]);

  useEffect(() => () => running.current?.abort.abort(), []);

  const cancel = () => {
    running.current?.abort.abort();
    running.current = null;
    setHeld((h) => ({ ...h, loading: false }));
  };
  return { ...held, cancel };
}
