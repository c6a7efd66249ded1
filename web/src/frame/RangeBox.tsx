/** The box below the range button: presets, two moments, or the range as text. */
import { useState } from "preact/hooks";
import { zoneName } from "../base/clock";
import { PRESETS_MS, describeRange, fixed, formatPoint, lastOf, parseRange, sameRange, toLocalInput } from "../base/range";
import { formatDuration } from "../base/duration";
import { canZoomBack, range, setRange, span, zoomBack } from "../state/timerange";

function Presets({ close }: { close: () => void }) {
  return (
    <div class="range-presets">
      {PRESETS_MS.map((ms) => {
        const preset = lastOf(ms);
        return (
          <button type="button" key={ms} class="menu-item" aria-pressed={sameRange(preset, range.value)} title={describeRange(preset)} onClick={() => (setRange(preset), close())}>
            {formatDuration(ms)}
          </button>
        );
      })}
    </div>
  );
}

function Absolute({ close }: { close: () => void }) {
  const [from, setFrom] = useState(toLocalInput(span.value.from));
  const [to, setTo] = useState(toLocalInput(span.value.to));
  const start = Date.parse(from);
  const end = Date.parse(to);
  const bad = Number.isNaN(start) || Number.isNaN(end) ? "Enter both moments." : end - start < 1000 ? "The end must be after the start." : "";
  const submit = (event: Event) => {
    event.preventDefault();
    if (bad) return;
    setRange(fixed(start, end));
    close();
  };
  return (
    <form class="range-absolute" onSubmit={submit}>
      <label>
        From
        <input class="field" type="datetime-local" step="1" value={from} onInput={(e) => setFrom(e.currentTarget.value)} />
      </label>
      <label>
        To
        <input class="field" type="datetime-local" step="1" value={to} onInput={(e) => setTo(e.currentTarget.value)} />
      </label>
      <button type="submit" class="btn primary" disabled={!!bad}>Apply</button>
      <p class="note" role="status">{bad || `Times are ${zoneName(Date.now())}.`}</p>
    </form>
  );
}

function Typed({ close }: { close: () => void }) {
  const [value, setValue] = useState(`${formatPoint(range.value.from)} to ${formatPoint(range.value.to)}`);
  const [from = "", to = "now"] = value.split(/\s+to\s+|\s*,\s*/);
  const parsed = parseRange(from, to, Date.now());
  return (
    <form class="range-typed" onSubmit={(e) => (e.preventDefault(), parsed && (setRange(parsed), close()))}>
      <label class="grow">
        As text
        <input class="field mono" value={value} spellcheck={false} aria-invalid={!parsed} onInput={(e) => setValue(e.currentTarget.value)} />
      </label>
      <button type="submit" class="btn" disabled={!parsed}>Apply</button>
      {!parsed && <p class="note" role="status">Like <code>now-2h to now</code> or <code>2026-01-31T08:00 to 2026-01-31T09:30</code></p>}
    </form>
  );
}

export function RangeBox({ close }: { close: () => void }) {
  return (
    <div class="range-box">
      <h2>Last</h2>
      <Presets close={close} />
      <h2>From and to</h2>
      <Absolute close={close} />
      <Typed close={close} />
      <button type="button" class="btn narrow-only" disabled={!canZoomBack.value} onClick={() => (zoomBack(), close())}>Back to the range before</button>
    </div>
  );
}
