/** Pieces of pages that list and filter: toggles, a search field, long lists in portions. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import "./moreicons";
import "./list.css";

interface SegProps<T extends string> {
  label: string;
  options: readonly { value: T; text: string; count?: number }[];
  isOn(value: T): boolean;
  onPick(value: T): void;
}

/** A row of toggles: one or several may be on, as the page decides. */
export function Segments<T extends string>({ label, options, isOn, onPick }: SegProps<T>) {
  return (
    <div class="seg" role="group" aria-label={label}>
      {options.map(({ value, text, count }) => (
        <button type="button" key={value} aria-pressed={isOn(value)} onClick={() => onPick(value)}>
          {text}
          {count !== undefined && <span class="count soft">{count}</span>}
        </button>
      ))}
    </div>
  );
}

interface PortionsProps<T> {
  items: readonly T[];
  size: number;
  /** What the list's own entries are. */
  entry?: "li" | "div";
  children: (item: T, index: number) => ComponentChildren;
}

/** Renders long lists in portions, so that five thousand rules paint at once. */
export function Portions<T>({ items, size, entry: Entry = "li", children }: PortionsProps<T>) {
  const [count, setCount] = useState(size);
  const end = useRef<HTMLElement>(null);
  const more = items.length - count;
  useEffect(() => {
    if (more <= 0 || !end.current) return;
    const observer = new IntersectionObserver((entries) => entries.some((e) => e.isIntersecting) && setCount((c) => c + size), { rootMargin: "400px" });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [more > 0, count]);
  return (
    <>
      {items.slice(0, count).map(children)}
      {more > 0 && (
        <Entry ref={end as never} class="row more-entries">
          <button type="button" class="btn" onClick={() => setCount((c) => c + size)}>Show {Math.min(size, more)} more of {more}</button>
        </Entry>
      )}
    </>
  );
}

/** A text field that tells its value after a short pause, and at once on Enter. */
export function SearchField({ value, onValue, label, placeholder }: { value: string; onValue(v: string): void; label: string; placeholder: string }) {
  const [draft, setDraft] = useState(value);
  const timer = useRef(0);
  useEffect(() => setDraft(value), [value]);
  const input = (text: string) => {
    setDraft(text);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => onValue(text), 150);
  };
  return (
    <input
      type="search" class="field grow search" data-focus-key="/" aria-label={label} placeholder={placeholder} value={draft} autocomplete="off" spellcheck={false}
      onInput={(e) => input(e.currentTarget.value)}
      onKeyDown={(e) => {
        if (e.key === "Enter") onValue(draft);
        if (e.key === "Escape") {
          if (draft) input("");
          else e.currentTarget.blur();
        }
      }}
    />
  );
}
