/** A query field: a plain text area that works at once, replaced by the editor when its code has arrived. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, serverUrl } from "../api/http";
import type { Editor } from "./editor";

interface Props {
  label: string;
  value: string;
  /** Grows when `value` was set from outside. Typing must not come back: an echo of older text would undo newer. */
  version: number;
  error: Error | null;
  /** The expression that `error` speaks of. */
  failedExpr: string;
  first: boolean;
  onChange(text: string): void;
  onRun(): void;
}

export function QueryField({ label, value, version, error, failedExpr, first, onChange, onRun }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | null>(null);
  const [ready, setReady] = useState(false);
  const handlers = useRef({ onChange, onRun, value });
  handlers.current = { onChange, onRun, value };

  useEffect(() => {
    let gone = false;
    void import("./editor").then(({ createEditor }) => {
      if (gone || !host.current) return;
      const hadFocus = host.current.parentElement?.contains(document.activeElement) && document.activeElement?.tagName === "TEXTAREA";
      const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: "open", delegatesFocus: true });
      editor.current = createEditor({
        root,
        label,
        text: handlers.current.value,
        serverUrl: serverUrl("").replace(/\/$/, ""),
        onChange: (text) => handlers.current.onChange(text),
        onRun: () => handlers.current.onRun(),
      });
      setReady(true);
      if (hadFocus) editor.current.focus();
    });
    return () => {
      gone = true;
      editor.current?.destroy();
      editor.current = null;
    };
  }, []);

  useEffect(() => editor.current?.setText(value), [version]);
  useEffect(() => {
    const at = error instanceof ApiError && value.trim() === failedExpr ? error.positionIn(failedExpr) : null;
    editor.current?.setError(at, error?.message ?? "");
  }, [error, failedExpr, ready]);

  return (
    <div class="query-field" data-ready={ready}>
      <div ref={host} class="query-editor" {...(ready && first && { "data-focus-key": "/" })} />
      {!ready && (
        <textarea
          class="mono" rows={1} aria-label={label} value={value} spellcheck={false} {...(first && { "data-focus-key": "/" })}
          onInput={(e) => onChange(e.currentTarget.value)}
          onKeyDown={(e) => {
            if (e.key === "Enter" && !e.shiftKey) {
              e.preventDefault();
              onRun();
            }
          }}
        />
      )}
    </div>
  );
}
