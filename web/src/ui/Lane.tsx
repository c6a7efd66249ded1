/** A strip of time with the stretches at which something was so. */
import { formatStamp } from "../base/clock";
import { describeDuration } from "../base/duration";
import type { Span } from "../base/range";
import "./lane.css";

export interface Stretch {
  key: string;
  from: number;
  to: number;
  /** It goes on past the end of the strip. */
  open: boolean;
}

interface Props {
  /** What the strip says, for those who do not see it. */
  label: string;
  stretches: readonly Stretch[];
  span: Span;
}

export function Lane({ label, stretches, span }: Props) {
  const width = Math.max(1, span.to - span.from);
  const place = (t: number) => (100 * (Math.min(Math.max(t, span.from), span.to) - span.from)) / width;
  return (
    <div class="lane" role="img" aria-label={label}>
      {stretches.map(({ key, from, to, open }) => (
        <i
          key={key} class={open ? "open" : ""}
          title={`${formatStamp(from)} to ${open ? "now" : formatStamp(to)} (${describeDuration(to - from)})`}
          style={{ left: `${place(from)}%`, width: `${place(to) - place(from)}%` }}
        />
      ))}
    </div>
  );
}
