/** Why an alert was, or was not, told to anybody; and the place to say that somebody has seen it. */
import { useState } from "preact/hooks";
import { type Explained, type RouteExplained, acknowledge, explainAlert, takeBack } from "../api/alertlog";
import type { Labels } from "../base/labels";
import { describeDuration, parseDuration } from "../base/duration";
import { describeEvent, wordOf } from "../history/events";
import { recall, remember } from "../state/memory";
import { notify } from "../state/notices";
import { useResource } from "../state/resource";
import { refreshNow } from "../state/timerange";
import { ErrorBox, Moment } from "../ui/bits";
import { StateTag } from "../ui/State";

function Time({ at }: { at?: string }) {
  return at ? <Moment ms={Date.parse(at)} relative /> : <span class="soft">–</span>;
}

function Acknowledge({ of }: { of: Explained }) {
  const [author, setAuthor] = useState(() => recall("author", ""));
  const [comment, setComment] = useState("");
  const [lasts, setLasts] = useState("");
  const [busy, setBusy] = useState(false);
  const act = async (what: () => Promise<unknown>, done: string) => {
    setBusy(true);
    remember("author", author.trim());
    try {
      await what();
      notify("good", done);
      refreshNow();
    } catch (error) {
      notify("bad", (error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  const { acknowledged: ack } = of;
  if (ack) {
    return (
      <p class="row">
        <StateTag state="info" text={`seen by ${ack.by}`} />
        <span class="soft"><Time at={ack.at} />{ack.until && <>, until <Moment ms={Date.parse(ack.until)} /></>}</span>
        <span class="wrap">{ack.comment}</span>
        <button type="button" class="btn" disabled={busy} onClick={() => void act(() => takeBack(of.fingerprint, author.trim() || ack.by), "Its repeats go on.")}>Take back</button>
      </p>
    );
  }
  if (!of.firing) return null;
  const wrongTime = lasts !== "" && !parseDuration(lasts);
  return (
    <form class="row ack" aria-label="Acknowledge" onSubmit={(e) => (e.preventDefault(), void act(() => acknowledge(of.fingerprint, author.trim(), comment.trim(), lasts), "Acknowledged: its repeats stop."))}>
      <input class="field" aria-label="Your name" placeholder="your name" autocomplete="name" value={author} onInput={(e) => setAuthor(e.currentTarget.value)} />
      <input class="field grow" aria-label="Comment" placeholder="what you are doing about it (optional)" value={comment} onInput={(e) => setComment(e.currentTarget.value)} />
      <input class="field short" aria-label="For how long" placeholder="until it ends" aria-invalid={wrongTime} value={lasts} onInput={(e) => setLasts(e.currentTarget.value)} />
      <button type="submit" class="btn" disabled={busy || !author.trim() || wrongTime}>Acknowledge</button>
    </form>
  );
}

function Route({ route: r }: { route: RouteExplained }) {
  const told = r.integrations.filter((i) => i.toldThisFires);
  const say = r.mutedBy.length > 0 ? `muted by the time interval ${r.mutedBy.join(", ")}` : !r.groupExists ? "would be told" : told.length > 0 ? "told" : "not told yet";
  return (
    <tr>
      <th scope="row">{r.receiver}</th>
      <td>{say}</td>
      <td>{told.length > 0 ? <Time at={told[0]!.toldAt} /> : <span class="soft">–</span>}</td>
      <td>{r.groupExists ? <><Time at={r.nextFlush} /> <span class="soft">({r.integrations.map((i) => i.nextFlushWould).join(", ")})</span></> : <span class="soft">–</span>}</td>
      <td class="num">{r.groupAlerts}</td>
      <td class="num">{describeDuration(r.repeatInterval * 1000)}</td>
    </tr>
  );
}

const BAD = /fail|error/;

export function Why({ labels }: { labels: Labels }) {
  const { data, error } = useResource(`why ${JSON.stringify(labels)}`, async (signal) => (await explainAlert(labels, signal)).data);
  if (error) return <ErrorBox error={error} />;
  if (!data) return <p class="soft" aria-busy="true">Looking at its routes and events…</p>;
  return (
    <div class="why">
      <p><b>{data.summary[0]!.toUpperCase() + data.summary.slice(1)}.</b></p>
      <Acknowledge of={data} />
      {data.routes.length > 0 && (
        <div class="scroll-x" tabIndex={0} role="group" aria-label="Routes">
          <table class="why-routes">
            <thead><tr><th>Receiver</th><th>This alert</th><th>Told</th><th>Group flushes</th><th class="num">In the group</th><th class="num">Repeats every</th></tr></thead>
            <tbody>{data.routes.map((r) => <Route key={r.receiver + r.repeatInterval} route={r} />)}</tbody>
          </table>
        </div>
      )}
      {data.events.length > 0 && (
        <ul class="why-events">
          {[...data.events].sort((a, b) => b.id - a.id).map((e) => (
            <li key={e.id}>
              <span class="soft"><Moment ms={Date.parse(e.time)} /></span> <b class={BAD.test(e.kind) ? "bad" : ""}>{wordOf(e)}</b> <span class="wrap">{describeEvent(e)}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
