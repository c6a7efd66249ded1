/** Making a silence: what it matches is shown before it is made. */
import { useMemo, useState } from "preact/hooks";
import { type NewSilence, fetchNotified, putSilence } from "../api/alertmanager";
import { formatStamp } from "../base/clock";
import { formatDuration, parseDuration } from "../base/duration";
import { notify } from "../state/notices";
import { recall, remember } from "../state/memory";
import { useResource } from "../state/resource";
import { now, refreshNow } from "../state/timerange";
import { ErrorBox, LabelChips, Problem } from "../ui/bits";
import { Icon } from "../ui/Icon";
import { parseMatchers } from "./silencelist";

const MAX_SHOWN = 8;
const USUAL = ["30m", "1h", "2h", "8h", "1d", "7d"];

interface Props {
  matchers: string;
  onMatchers(text: string): void;
  /** Given: this silence is changed. */
  id?: string;
  comment?: string;
  onDone(): void;
}

/** The alerts that would be silenced now. */
function Preview({ text }: { text: string }) {
  const { matchers, error } = useMemo(() => parseMatchers(text), [text]);
  const ready = matchers.length > 0 && !error;
  const alerts = useResource(ready ? `silence preview ${text}` : null, (signal) => fetchNotified(matchers, signal));
  if (error) return <Problem tone="warn">{error}</Problem>;
  if (!ready) return <p class="soft">A silence needs at least one matcher.</p>;
  if (alerts.error) return <ErrorBox error={alerts.error} />;
  if (!alerts.data) return <p class="soft" aria-busy="true">Looking for alerts that match…</p>;
  const n = alerts.data.length;
  return (
    <div class="silence-preview">
      <p><b>{n === 0 ? "No alert" : n === 1 ? "One alert" : `${n} alerts`}</b> {n === 1 ? "matches" : "match"} now; later ones that match are silenced as well.</p>
      <ul>
        {alerts.data.slice(0, MAX_SHOWN).map((a) => <li key={a.fingerprint}><LabelChips labels={a.labels} /></li>)}
        {n > MAX_SHOWN && <li class="soft">and {n - MAX_SHOWN} more</li>}
      </ul>
    </div>
  );
}

export function SilenceForm({ matchers, onMatchers, id, comment: given = "", onDone }: Props) {
  const [lasts, setLasts] = useState("2h");
  const [author, setAuthor] = useState(() => recall("author", ""));
  const [comment, setComment] = useState(given);
  const [error, setError] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);
  const parsed = parseMatchers(matchers);
  const lastsMs = parseDuration(lasts);
  const missing = parsed.error || parsed.matchers.length === 0 ? "matchers" : !lastsMs ? "how long" : !author.trim() ? "your name" : !comment.trim() ? "a comment" : "";

  const submit = async (event: Event) => {
    event.preventDefault();
    if (missing || !lastsMs) return;
    setBusy(true);
    setError(null);
    remember("author", author.trim());
    const from = Date.now();
    const silence: NewSilence = {
      matchers: parsed.matchers, createdBy: author.trim(), comment: comment.trim(),
      startsAt: new Date(from).toISOString(), endsAt: new Date(from + lastsMs).toISOString(),
    };
    try {
      await putSilence(id ? { ...silence, id } : silence);
      notify("good", id ? "The silence was changed." : "The silence is in force.");
      refreshNow();
      onDone();
    } catch (failure) {
      setError(failure as Error);
    } finally {
      setBusy(false);
    }
  };

  return (
    <form class="panel silence-form" aria-label={id ? "Change a silence" : "New silence"} onSubmit={(e) => void submit(e)}>
      <label class="whole">
        <span>What to silence</span>
        <input class="field mono" value={matchers} placeholder='alertname="HighLoad", instance=~"web.*"' autocomplete="off" spellcheck={false} onInput={(e) => onMatchers(e.currentTarget.value)} />
      </label>
      <label>
        <span>For how long</span>
        <input class="field" value={lasts} list="silence-usual" autocomplete="off" aria-invalid={!lastsMs} onInput={(e) => setLasts(e.currentTarget.value)} />
        <datalist id="silence-usual">{USUAL.map((d) => <option key={d} value={d} />)}</datalist>
        <span class="soft">{lastsMs ? `until ${formatStamp(now.value + lastsMs)} (${formatDuration(lastsMs)})` : "such as 30m, 2h, 1d12h"}</span>
      </label>
      <label>
        <span>Your name</span>
        <input class="field" value={author} autocomplete="name" onInput={(e) => setAuthor(e.currentTarget.value)} />
      </label>
      <label class="whole">
        <span>Why</span>
        <input class="field" value={comment} placeholder="Maintenance of the database, ticket number" onInput={(e) => setComment(e.currentTarget.value)} />
      </label>
      <div class="whole"><Preview text={matchers} /></div>
      {error && <div class="whole"><ErrorBox error={error} /></div>}
      <div class="whole row">
        <button type="submit" class="btn primary" disabled={busy || missing !== ""}><Icon name="silences" />{id ? "Change" : "Silence"}</button>
        <button type="button" class="btn" onClick={onDone}>Cancel</button>
        {missing && <span class="soft">still needed: {missing}</span>}
      </div>
    </form>
  );
}
