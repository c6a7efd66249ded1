/** How the page hears of news: by the stream, by asking, or not at all. */
import { formatStamp, formatTime } from "../base/clock";
import { connection, retryConnection, serverVersion } from "../state/live";
import type { Connection } from "../state/stream";
import { now } from "../state/timerange";
import { Problem } from "../ui/bits";
import { Menu } from "../ui/Menu";

function wordOf(state: Connection): string {
  return { connecting: "Connecting", live: "Live", polling: "Polling", offline: "Offline" }[state.mode];
}

function explain(state: Connection): string {
  switch (state.mode) {
    case "connecting":
      return "Opening the event stream.";
    case "live":
      return `The server tells this page of every scrape and alert, since ${formatTime(state.sinceMs)}.`;
    case "polling":
      return `The event stream is not available, so this page asks every ${state.everyMs / 1000} seconds. A proxy that buffers text/event-stream is the usual cause.`;
    case "offline":
      return `The server does not answer since ${formatTime(state.sinceMs)}. What you see is from ${formatStamp(now.value)}. Next try at ${formatTime(state.retryAtMs)}.`;
  }
}

/** Says once, above the page, that what it shows is old. */
export function OfflineBanner() {
  const state = connection.value;
  if (state.mode !== "offline") return null;
  return (
    <div class="offline-banner">
      <Problem>
        {explain(state)} <button type="button" class="btn" onClick={retryConnection}>Try now</button>
      </Problem>
    </div>
  );
}

export function ConnectionDot() {
  const state = connection.value;
  return (
    <Menu label={`Connection: ${wordOf(state)}`} class={`bare connection ${state.mode}`} align="left" button={<><i class="dot" /><span>{wordOf(state)}</span></>}>
      {(close) => (
        <div class="connection-box">
          <p>{explain(state)}</p>
          {serverVersion.value && <p class="note">Server version {serverVersion.value}</p>}
          {state.mode !== "live" && <button type="button" class="btn" onClick={() => (retryConnection(), close())}>Try the stream now</button>}
        </div>
      )}
    </Menu>
  );
}
