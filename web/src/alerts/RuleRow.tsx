import { useState } from "preact/hooks";
import type { AlertInstance, Rule, RuleGroup } from "../api/prom";
import { describeDuration } from "../base/duration";
import { matchersOf, seriesKey } from "../base/labels";
import { formatNumber } from "../base/units";
import { href } from "../state/router";
import { now } from "../state/timerange";
import { LabelChips, Moment, Problem } from "../ui/bits";
import { Icon } from "../ui/Icon";
import { StateTag } from "../ui/State";
import { RuleGraph } from "./RuleGraph";
import { WhatIf } from "./WhatIf";
import { Why } from "./Why";
import { type Shown, forProgress, isBroken, stateOf } from "./rulelist";

interface Props {
  group: RuleGroup;
  shown: Shown;
  open: boolean;
  /** The alert whose way to people is shown, as `seriesKey` names it. */
  why: string;
  onWhy(key: string): void;
  onToggle(): void;
  onPick(name: string, value: string): void;
}

function Progress({ alert, rule }: { alert: AlertInstance; rule: Rule }) {
  const progress = forProgress(alert, rule, now.value);
  if (!progress) return null;
  const percent = Math.round(progress.share * 100);
  return (
    <div class="for-progress">
      <div class="bar warn" role="progressbar" aria-label="Time until it fires" aria-valuenow={percent} aria-valuemin={0} aria-valuemax={100}>
        <i style={{ width: `${percent}%` }} />
      </div>
      <span class="soft">fires in {describeDuration(Math.round(progress.leftMs / 1000) * 1000)}</span>
    </div>
  );
}

function Annotation({ name, value }: { name: string; value: string }) {
  const link = /^https?:\/\/\S+$/.test(value);
  return (
    <div class="annotation">
      <b>{name}</b> {link ? <a href={value} target="_blank" rel="noreferrer">{value}</a> : <span class="wrap">{value}</span>}
    </div>
  );
}

type InstancesProps = Pick<Props, "why" | "onWhy" | "onPick"> & { rule: Rule; alerts: AlertInstance[] };

function Instances({ rule, alerts, why, onWhy, onPick }: InstancesProps) {
  return (
    <ul class="instances">
      {alerts.map((alert) => {
        const key = seriesKey(alert.labels);
        return (
          <li key={key}>
            <div class="instance">
              <StateTag state={alert.state} />
              <div class="grow">
                <LabelChips labels={alert.labels} skip={["alertname"]} onPick={onPick} />
                {Object.entries(alert.annotations).map(([k, v]) => <Annotation key={k} name={k} value={v} />)}
              </div>
              <div class="instance-side">
                <span class="num"><span class="soft">value</span> <b>{formatNumber(Number(alert.value), 5)}</b></span>
                <span class="num"><span class="soft">since</span> <Moment ms={Date.parse(alert.activeAt)} relative /></span>
                <Progress alert={alert} rule={rule} />
                <span class="row">
                  {alert.state === "firing" && <button type="button" class="btn" aria-expanded={why === key} onClick={() => onWhy(why === key ? "" : key)}><Icon name="question" />Who knows</button>}
                  <a class="btn" href={href("/silences", { new: "1", m: matchersOf(alert.labels) })}><Icon name="silences" />Silence</a>
                </span>
              </div>
            </div>
            {why === key && <Why labels={alert.labels} />}
          </li>
        );
      })}
    </ul>
  );
}

function Details({ group, shown: { rule, alerts }, why, onWhy, onPick }: Pick<Props, "group" | "shown" | "why" | "onWhy" | "onPick">) {
  const [whatIf, setWhatIf] = useState(false);
  return (
    <div class="rule-details">
      {rule.lastError && <Problem>The last evaluation failed: {rule.lastError}</Problem>}
      <div class="rule-expr">
        <pre class="mono scroll-x" tabIndex={0}>{rule.query}</pre>
        <a class="btn" href={href("/explore", { q: rule.query })}><Icon name="explore" />Explore</a>
        {rule.type === "alerting" && <button type="button" class="btn" aria-expanded={whatIf} onClick={() => setWhatIf(!whatIf)}><Icon name="question" />What if</button>}
      </div>
      <p class="note row">
        {rule.duration ? <span>for {describeDuration(rule.duration * 1000)}</span> : null}
        {rule.keepFiringFor ? <span>keeps firing for {describeDuration(rule.keepFiringFor * 1000)}</span> : null}
        <span>evaluated <Moment ms={Date.parse(rule.lastEvaluation)} relative /> in {describeDuration(rule.evaluationTime * 1000)}</span>
        {rule.labels && <LabelChips labels={rule.labels} onPick={onPick} />}
      </p>
      {rule.type === "alerting" && alerts.length === 0 && rule.annotations && Object.entries(rule.annotations).map(([k, v]) => <Annotation key={k} name={k} value={v} />)}
      {alerts.length > 0 && <Instances rule={rule} alerts={alerts} why={why} onWhy={onWhy} onPick={onPick} />}
      {!rule.lastError && <RuleGraph expr={rule.query} />}
      {whatIf && <WhatIf group={group} rule={rule} />}
    </div>
  );
}

const MAX_GLANCE = 4;

/** The alerts of a closed rule, a line each. */
function Glance({ alerts, rule, onToggle, onPick }: { alerts: AlertInstance[]; rule: Rule; onToggle(): void; onPick: Props["onPick"] }) {
  const skip = ["alertname", ...Object.keys(rule.labels ?? {})];
  return (
    <ul class="glance">
      {alerts.slice(0, MAX_GLANCE).map((alert) => (
        <li key={JSON.stringify(alert.labels)}>
          <span class="grow">
            <LabelChips labels={alert.labels} skip={skip} onPick={onPick} />
            <span class="soft wrap">{alert.annotations["summary"]}</span>
          </span>
          <b class="num">{formatNumber(Number(alert.value), 5)}</b>
          <span class="since num soft"><Moment ms={Date.parse(alert.activeAt)} relative /></span>
          <Progress alert={alert} rule={rule} />
        </li>
      ))}
      {alerts.length > MAX_GLANCE && <li><button type="button" class="btn bare" onClick={onToggle}>{alerts.length - MAX_GLANCE} more</button></li>}
    </ul>
  );
}

export function RuleRow({ group, shown, open, why, onWhy, onToggle, onPick }: Props) {
  const { rule, alerts, key } = shown;
  const state = stateOf(rule);
  const severity = rule.labels?.["severity"];
  return (
    <li class={`rule ${state}`}>
      <button type="button" class="rule-head" aria-expanded={open} aria-controls={`rule-${key}`} onClick={onToggle}>
        <Icon name={open ? "down" : "right"} />
        {state === "recording" ? <span class="tag"><Icon name="list" />recording</span> : <StateTag state={state} text={alerts.length > 1 ? `${state} ${alerts.length}` : state} />}
        <b class="rule-name wrap">{rule.name}</b>
        {severity && <span class="chip"><i>severity=</i>{severity}</span>}
        {isBroken(rule) && <StateTag state="error" text="cannot be evaluated" />}
        <span class="rule-summary soft mono">{open ? "" : rule.query}</span>
      </button>
      {!open && alerts.length > 0 && <Glance alerts={alerts} rule={rule} onToggle={onToggle} onPick={onPick} />}
      {open && <div id={`rule-${key}`}><Details group={group} shown={shown} why={why} onWhy={onWhy} onPick={onPick} /></div>}
    </li>
  );
}
