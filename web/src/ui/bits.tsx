/** Small pieces that every page uses. */
import type { ComponentChildren } from "preact";
import { formatAgo, formatStamp, formatUtc } from "../base/clock";
import type { Labels } from "../base/labels";
import { ApiError } from "../api/http";
import { now } from "../state/timerange";
import { Icon, type IconName } from "./Icon";

/** A moment: relative or absolute in the text, both zones in the tooltip. */
export function Moment({ ms, relative = false }: { ms: number; relative?: boolean }) {
  if (!Number.isFinite(ms) || ms <= 0) return <span class="soft">never</span>;
  const text = relative ? formatAgo(ms, now.value) : formatStamp(ms);
  return (
    <time dateTime={new Date(ms).toISOString()} title={`${formatStamp(ms)} local\n${formatUtc(ms)}`}>
      {text}
    </time>
  );
}

interface ChipsProps {
  labels: Labels;
  skip?: readonly string[];
  onPick?: (name: string, value: string) => void;
}

export function LabelChips({ labels, skip = [], onPick }: ChipsProps) {
  const names = Object.keys(labels).filter((n) => !skip.includes(n)).sort();
  return (
    <span class="chips">
      {names.map((n) => {
        const body = (
          <>
            <i>{n}=</i>
            {labels[n]}
          </>
        );
        return onPick ? (
          <button type="button" class="chip" key={n} title={`Filter by ${n}="${labels[n]}"`} onClick={() => onPick(n, labels[n]!)}>
            {body}
          </button>
        ) : (
          <span class="chip" key={n}>{body}</span>
        );
      })}
    </span>
  );
}

export function Problem({ children, tone = "danger" }: { children: ComponentChildren; tone?: "danger" | "warn" }) {
  return (
    <div class={`problem ${tone}`} role={tone === "danger" ? "alert" : "status"}>
      <Icon name={tone === "danger" ? "cross" : "warning"} />
      <div class="grow wrap">{children}</div>
    </div>
  );
}

const WHAT_TO_DO: Record<string, string> = {
  network: "",
  timeout: "Ask for a shorter range or a narrower selector.",
  execution: "The expression is valid but could not be evaluated on this data.",
  unavailable: "The server is still starting or this part is turned off.",
};

/** An error from the server, in plain words, with the place in `expr` marked when it is known. */
export function ErrorBox({ error, expr }: { error: Error; expr?: string }) {
  const api = error instanceof ApiError ? error : null;
  const at = api && expr !== undefined ? api.positionIn(expr) : null;
  return (
    <Problem>
      {error.message} {api && WHAT_TO_DO[api.type]}
      {at !== null && expr !== undefined && (
        <pre>
          {expr.slice(0, at)}
          <mark>{expr.slice(at, at + 1).trim() || "◂ here"}</mark>
          {expr.slice(at + 1)}
        </pre>
      )}
    </Problem>
  );
}

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <strong>{title}</strong>
      {children}
    </div>
  );
}
