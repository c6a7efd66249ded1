/** A thin line while a query runs; after a second how long it has been, and a way to stop it. */
import { useEffect, useState } from "preact/hooks";
import { describeDuration } from "../base/duration";
import { Icon } from "../ui/Icon";

const QUIET_MS = 1_000;

export function Running({ loading, startedMs, onCancel }: { loading: boolean; startedMs: number; onCancel(): void }) {
  const [elapsed, setElapsed] = useState(0);
  useEffect(() => {
    setElapsed(0);
    if (!loading) return;
    const id = setInterval(() => setElapsed(performance.now() - startedMs), 100);
    return () => clearInterval(id);
  }, [loading, startedMs]);
  if (!loading) return null;
  return (
    <>
      <div class="running-line" />
      {elapsed > QUIET_MS && (
        <p class="running row" role="status">
          Running for {describeDuration(elapsed)}
          <button type="button" class="btn" onClick={onCancel}><Icon name="stop" />Stop</button>
        </p>
      )}
    </>
  );
}
