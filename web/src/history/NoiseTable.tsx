/** What asks most of people: a row per alert name, with a lane of the times at which it fired. */
import type { NoiseRow } from "../api/alertlog";
import { formatStamp } from "../base/clock";
import { DAY, describeDuration } from "../base/duration";
import { quote } from "../base/labels";
import type { Span } from "../base/range";
import { formatNumber } from "../base/units";
import { href } from "../state/router";
import { Lane } from "../ui/Lane";
import { StateTag } from "../ui/State";
import type { Firing } from "./events";

function sentence(name: string, firings: readonly Firing[]): string {
  const open = firings.filter((f) => f.open).length;
  return `${name} fired ${firings.length === 1 ? "once" : `${firings.length} times`}${open ? `, ${open === 1 ? "one fires" : `${open} fire`} still` : ""}`;
}

interface Props {
  rows: readonly NoiseRow[];
  firings: ReadonlyMap<string, Firing[]>;
  span: Span;
  onPick(alertname: string): void;
}

export function NoiseTable({ rows, firings, span, onPick }: Props) {
  const of = (r: NoiseRow) => firings.get(r.alertname) ?? [];
  const long = span.to - span.from >= DAY; // an hour says nothing about a week
  return (
    <div class="scroll-x" tabIndex={0} role="group" aria-label="Alerts by how much they ask of people">
      <table class="noise">
        <thead>
          <tr>
            <th>Alert</th><th class="lane-head"><span>{formatStamp(span.from)}</span><span>{formatStamp(span.to)}</span></th>
            <th class="num">Fired</th><th class="num">Notices</th><th class="num">A week</th><th class="num">Lasts, mean</th><th class="num">Flaps</th><th>Seen by people</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <tr key={r.alertname}>
              <th scope="row">
                <button type="button" class="plain" title="Show its events" onClick={() => onPick(r.alertname)}>{r.alertname || "(no name)"}</button>
                <a class="soft" href={href("/alerts", { q: `alertname=${quote(r.alertname)}` })}>rule</a>
              </th>
              <td class="lane-cell"><Lane label={sentence(r.alertname, of(r))} stretches={of(r).map((f) => ({ ...f, key: `${f.fingerprint} ${f.from}` }))} span={span} /></td>
              <td class="num">{formatNumber(r.fired, 4)}</td>
              <td class="num">{formatNumber(r.pages, 4)}</td>
              <td class="num">{long ? formatNumber(r.pagesPerWeek, 3) : <span class="soft" title="Choose a day or more">–</span>}</td>
              <td class="num">{r.resolved > 0 ? describeDuration(r.meanSecondsToResolve * 1000) : <span class="soft">–</span>}</td>
              <td class="num">{r.flapping > 0 ? <StateTag state="warn" text={formatNumber(r.flapping, 4)} /> : 0}</td>
              <td>{r.neverAcknowledged ? <StateTag state="none" text="never" /> : r.acknowledged > 0 ? `${r.acknowledged} times` : <span class="soft">–</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
