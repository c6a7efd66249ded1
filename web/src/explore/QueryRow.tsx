import { describeDuration } from "../base/duration";
import { formatNumber, formatUnit } from "../base/units";
import { ErrorBox, Problem } from "../ui/bits";
import { Icon } from "../ui/Icon";
import { QueryField } from "./QueryField";
import type { Outcome } from "./outcome";
import { letterOf } from "./state";

interface Props {
  index: number;
  text: string;
  version: number;
  off: boolean;
  alone: boolean;
  outcome: Outcome | null;
  onChange(text: string): void;
  onRun(): void;
  onOff(off: boolean): void;
  onRemove(): void;
}

function Stats({ outcome }: { outcome: Outcome }) {
  const server = outcome.stats?.timings?.execTotalTime ?? outcome.stats?.timings?.evalTotalTime;
  const read = outcome.stats?.samples?.totalQueryableSamples;
  return (
    <p class="query-stats note">
      <span><b>{describeDuration(outcome.elapsedMs)}</b>{server !== undefined && ` (server ${describeDuration(server * 1000)})`}</span>
      <span><b>{outcome.series}</b> series</span>
      <span><b>{formatNumber(outcome.points, 6)}</b> points</span>
      {read !== undefined && <span><b>{formatNumber(read, 7)}</b> samples read</span>}
      <span>{formatUnit(outcome.bytes, "bytes")}</span>
    </p>
  );
}

export function QueryRow({ index, text, version, off, alone, outcome, onChange, onRun, onOff, onRemove }: Props) {
  const letter = letterOf(index);
  const shown = outcome && text.trim() === outcome.expr ? outcome : null;
  return (
    <li class={`query ${off ? "off" : ""}`}>
      <div class="query-line">
        <span class="query-letter" aria-hidden="true">{letter}</span>
        <QueryField
          label={`PromQL query ${letter}`} value={text} version={version} first={index === 0} error={outcome?.error ?? null} failedExpr={outcome?.expr ?? ""}
          onChange={onChange} onRun={onRun}
        />
        <button type="button" class="btn icon bare" aria-pressed={off} aria-label={off ? `Run query ${letter} again` : `Leave query ${letter} out`} title={off ? "Left out: click to run again" : "Leave out"} onClick={() => onOff(!off)}>
          <Icon name={off ? "eyeOff" : "eye"} />
        </button>
        {!alone && (
          <button type="button" class="btn icon bare" aria-label={`Remove query ${letter}`} title="Remove" onClick={onRemove}>
            <Icon name="close" />
          </button>
        )}
      </div>
      {shown && !off && (
        <div class="query-below">
          {shown.error ? <ErrorBox error={shown.error} expr={shown.expr} /> : <Stats outcome={shown} />}
          {shown.notes.map((note) => <Problem key={note} tone="warn">{note}</Problem>)}
        </div>
      )}
    </li>
  );
}
