/** When a rule would have fired in the time range, as it is and changed: the same routes, the same data, nobody is told. */
import { useState } from "preact/hooks";
import { backtestRule } from "../api/backtest";
import type { Rule, RuleGroup } from "../api/prom";
import { formatStamp } from "../base/clock";
import { describeDuration } from "../base/duration";
import { type Span, formatPoint } from "../base/range";
import { formatNumber } from "../base/units";
import { useResource } from "../state/resource";
import { range, span } from "../state/timerange";
import { ErrorBox, Problem } from "../ui/bits";
import { Icon } from "../ui/Icon";
import { Lane } from "../ui/Lane";
import { type Draft, FIELDS, type Field, NOTHING, type Outcome, currentOf, isWrong, outcomeOf, settingsOf } from "./changes";

const NAMES: Record<Field, string> = { threshold: "Limit", for: "For", keep_firing_for: "Keep firing for" };

interface Found {
  span: Span;
  asIs: Outcome;
  changed: Outcome | null;
}

async function find(group: RuleGroup, rule: Rule, settings: readonly string[], signal: AbortSignal): Promise<Found> {
  const at = { ...span.peek() };
  const of = { file: group.file, group: group.name, rule: rule.name };
  const ask = async (s: readonly string[]) => outcomeOf((await backtestRule(of, at, s, signal)).data, at);
  const [asIs, changed] = await Promise.all([ask([]), settings.length ? ask(settings) : null]);
  return { span: at, asIs, changed };
}

function Line({ name, outcome: o, span: at }: { name: string; outcome: Outcome; span: Span }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="lane-cell"><Lane label={`${name}: fired ${o.fired} times`} stretches={o.stretches} span={at} /></td>
      <td class="num">{formatNumber(o.fired, 4)}</td>
      <td class="num">{o.firingMs > 0 ? describeDuration(o.firingMs) : <span class="soft">–</span>}</td>
      <td class="num" title={o.receivers.join(", ")}>{o.pages === null ? <span class="soft" title="No routes are in force.">–</span> : formatNumber(o.pages, 4)}</td>
    </tr>
  );
}

export function WhatIf({ group, rule }: { group: RuleGroup; rule: Rule }) {
  const [draft, setDraft] = useState<Draft>(NOTHING);
  const [settings, setSettings] = useState<readonly string[]>([]);
  const current = currentOf(rule);
  const key = JSON.stringify([group.file, group.name, rule.name, settings, formatPoint(range.value.from), formatPoint(range.value.to)]);
  const { data, error, loading } = useResource(key, (signal) => find(group, rule, settings, signal), false);
  const wrong = FIELDS.some((f) => isWrong(f, draft[f]));
  const failure = data?.asIs.error ?? data?.changed?.error;
  return (
    <div class="whatif" aria-busy={loading}>
      <form class="row" aria-label="What if" onSubmit={(e) => (e.preventDefault(), setSettings(settingsOf(draft, current)))}>
        {FIELDS.filter((f) => f !== "threshold" || current.threshold !== "").map((f) => (
          <label class="row soft" key={f}>
            {NAMES[f]}
            <input
              class="field short mono" value={draft[f]} placeholder={current[f]} aria-invalid={isWrong(f, draft[f])} spellcheck={false}
              onInput={(e) => setDraft({ ...draft, [f]: e.currentTarget.value })}
            />
          </label>
        ))}
        <button type="submit" class="btn" disabled={wrong || loading}><Icon name="play" />Try</button>
        {settings.length > 0 && <button type="button" class="btn bare" onClick={() => (setDraft(NOTHING), setSettings([]))}>As it is</button>}
      </form>
      {error && <ErrorBox error={error} />}
      {failure && <Problem tone="warn">{failure}</Problem>}
      {data && (
        <div class="scroll-x" tabIndex={0} role="group" aria-label="When it would have fired">
          <table>
            <thead>
              <tr>
                <td /><th class="lane-head"><span>{formatStamp(data.span.from)}</span><span>{formatStamp(data.span.to)}</span></th>
                <th class="num">Fired</th><th class="num">In all</th><th class="num" title="Notifications of firing alerts after grouping and inhibition">Pages</th>
              </tr>
            </thead>
            <tbody>
              <Line name="As it is" outcome={data.asIs} span={data.span} />
              {data.changed && <Line name={settings.join(", ").replace(/_/g, " ").replace(/=/g, " ")} outcome={data.changed} span={data.span} />}
            </tbody>
          </table>
        </div>
      )}
      {!data && !error && <p class="soft">Going through the time range…</p>}
    </div>
  );
}
