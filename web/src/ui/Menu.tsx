/** A button with a box below it. Closes on Escape, on a click elsewhere, and when focus leaves. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface Props {
  label: string;
  class?: string;
  button: ComponentChildren;
  children: (close: () => void) => ComponentChildren;
  align?: "left" | "right";
}

export function Menu({ label, class: kind = "", button, children, align = "right" }: Props) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const trigger = useRef<HTMLButtonElement>(null);
  const close = () => {
    setOpen(false);
    trigger.current?.focus();
  };

  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    addEventListener("pointerdown", outside);
    root.current?.querySelector<HTMLElement>("[data-autofocus], .menu-box button, .menu-box input")?.focus();
    return () => removeEventListener("pointerdown", outside);
  }, [open]);

  return (
    <div
      class="menu" ref={root}
      onKeyDown={(e) => {
        if (e.key === "Escape" && open) {
          e.stopPropagation();
          close();
        }
      }}
      onFocusOut={(e) => {
        const next = e.relatedTarget as Node | null;
        if (next && !root.current?.contains(next)) setOpen(false);
      }}
    >
      <button type="button" ref={trigger} class={`btn ${kind}`} aria-label={label} aria-haspopup="dialog" aria-expanded={open} title={label} onClick={() => setOpen(!open)}>
        {button}
      </button>
      {open && (
        <div class={`menu-box ${align}`} role="dialog" aria-label={label}>
          {children(close)}
        </div>
      )}
    </div>
  );
}
