/** Events of alerts, filtered, counted and put together to stretches in which an alert fired. */
import type { AlertEvent } from "../api/alertlog";
import { formatStamp } from "../base/clock";
import { type Labels, quote } from "../base/labels";
import { type Search, matches } from "../base/search";

export const KINDS = ["started", "resolved", "sent", "failed", "held", "seen", "silence"] as const;
export type Kind = (typeof KINDS)[number];

/** What the server calls an event: which kind it is for the reader, and the word for it. */
const EVENTS: Record<string, [Kind, string]> = {
  started: ["started", "began"],
  resolved: ["resolved", "ended"],
  sent: ["sent", "told"],
  failed: ["failed", "not told"],
  suppressed: ["held", "held back"],
  released: ["held", "no longer held back"],
  acknowledged: ["seen", "seen"],
  unacknowledged: ["seen", "taken back"],
  acknowledgement_ended: ["seen", "no longer seen"],
  silence_created: ["silence", "silence made"],
  silence_updated: ["silence", "silence changed"],
  silence_expired: ["silence", "silence ended"],
};

export function kindOf(event: AlertEvent): Kind | null {
  return EVENTS[event.kind]?.[0] ?? null;
}

export function wordOf(event: AlertEvent): string {
  return EVENTS[event.kind]?.[1] ?? event.kind;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function labelsOf({ detail }: AlertEvent): Labels {
  if (typeof detail.labels === "object" && detail.labels !== null) return detail.labels as Labels;
  const alertname = textOf(detail.alertname);
  return alertname ? { alertname } : {};
}

/** As much of a silence's id as people read. */
const SHORT_ID = 8;

export function nameOf(event: AlertEvent): string {
  return labelsOf(event).alertname ?? (kindOf(event) === "silence" ? event.subject.slice(0, SHORT_ID) : event.subject);
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

/** `first`, then `rest` behind it where there is one. */
function joined(first: string, between: string, rest: string): string {
  return first && rest ? `${first}${between}${rest}` : first || rest;
}

const OPERATORS = ["=", "!=", "=~", "!~"];

function matchersText(value: unknown): string {
  if (!Array.isArray(value)) return "";
  return value.map((m: { name: string; value: string; type: number }) => `${m.name}${OPERATORS[m.type]}${quote(m.value)}`).join(", ");
}

/** Who did it, how long it holds, and why. */
function doneBy(by: unknown, untilMs: unknown, comment: unknown): string {
  const until = numberOf(untilMs);
  const who = joined(textOf(by) && `by ${textOf(by)}`, " ", until ? `until ${formatStamp(until)}` : "");
  return joined(who, ": ", textOf(comment));
}

function noticeText({ receiver, integration, reason, status, alerts, attempts, error }: AlertEvent["detail"]): string {
  const count = numberOf(alerts);
  const to = joined(textOf(receiver), " ", textOf(integration) && `(${textOf(integration)})`);
  const said = textOf(reason).endsWith(textOf(status)) ? "" : textOf(status);
  const what = joined(textOf(reason), ", ", joined(count ? `${count} ${count === 1 ? "alert" : "alerts"}` : "", " ", said));
  const tries = numberOf(attempts) > 1 ? `${numberOf(attempts)} attempts` : "";
  return joined(joined(joined(to, ": ", what), ", ", tries), ": ", textOf(error));
}

function heldText({ by, rule, silence, receiver }: AlertEvent["detail"]): string {
  const why = joined(textOf(by) && `by ${textOf(by).replaceAll("_", " ")}`, " ", textOf(rule) || textOf(silence));
  return joined(why, ", ", textOf(receiver) && `for ${textOf(receiver)}`);
}

/** What an event says beside its labels, as a person would. */
export function describeEvent(event: AlertEvent): string {
  const { detail } = event;
  switch (kindOf(event)) {
    case "sent":
    case "failed":
      return noticeText(detail);
    case "held":
      return heldText(detail);
    case "seen":
      return doneBy(detail.by, detail.until_ms, detail.comment);
    case "silence":
      return joined(matchersText(detail.matchers), " ", doneBy(detail.created_by, detail.ends_at_ms, detail.comment));
    default:
      return "";
  }
}

export function countKinds(events: readonly AlertEvent[]): Record<Kind, number> {
  const out = { started: 0, resolved: 0, sent: 0, failed: 0, held: 0, seen: 0, silence: 0 };
  for (const event of events) {
    const kind = kindOf(event);
    if (kind) out[kind]++;
  }
  return out;
}

/** No kind chosen: all. */
export function selectEvents(events: readonly AlertEvent[], kinds: readonly Kind[], search: Search): AlertEvent[] {
  return events.filter((event) => {
    const kind = kindOf(event);
    if (kinds.length > 0 && !(kind && kinds.includes(kind))) return false;
    return matches(search, labelsOf(event), `${event.kind} ${event.subject} ${textOf(event.detail.receiver)}`);
  });
}

/** A stretch in which one alert fired, in epoch ms, cut to what is looked at. */
export interface Firing {
  fingerprint: string;
  from: number;
  to: number;
  /** It fires still at the end of what is looked at. */
  open: boolean;
}

/** The firings of each alert name. `events` newest first; an end whose start is not among them says its start itself. */
export function firingsOf(events: readonly AlertEvent[], fromMs: number, toMs: number): Map<string, Firing[]> {
  const out = new Map<string, Firing[]>();
  const open = new Map<string, { name: string; from: number }>();
  const add = (name: string, firing: Firing) => {
    if (firing.to < fromMs || firing.from > toMs) return;
    const cut = { ...firing, from: Math.max(firing.from, fromMs), to: Math.min(firing.to, toMs) };
    const list = out.get(name);
    if (list) list.push(cut);
    else out.set(name, [cut]);
  };
  for (const event of [...events].reverse()) {
    if (event.kind !== "started" && event.kind !== "resolved") continue;
    const at = Date.parse(event.time);
    const said = Number(event.detail.starts_at_ms) || at;
    const begun = open.get(event.subject);
    if (event.kind === "started") {
      if (!begun) open.set(event.subject, { name: nameOf(event), from: said });
      continue;
    }
    open.delete(event.subject);
    add(nameOf(event), { fingerprint: event.subject, from: begun?.from ?? said, to: at, open: false });
  }
  for (const [fingerprint, { name, from }] of open) add(name, { fingerprint, from, to: toMs, open: true });
  return out;
}
