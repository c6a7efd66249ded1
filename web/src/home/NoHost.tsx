import { href } from "../state/router";
import { follows } from "../state/timerange";
import { Empty } from "../ui/bits";

export function NoHost() {
  return (
    <div class="panel">
      {follows.value ? (
        <Empty icon="clock" title="No host metrics yet">
          <p>The collector of this machine reports within a few seconds of the start. If it was turned off, turn it on or scrape a node exporter.</p>
          <p><a href={href("/targets")}>See which targets are scraped</a></p>
        </Empty>
      ) : (
        <Empty icon="clock" title="No host metrics in this time range">
          <p>Choose a later or longer range. <a href={href("/", { from: "now-30m", to: "now" })}>Show the last 30 minutes</a></p>
        </Empty>
      )}
    </div>
  );
}
