/**
 * The PromQL editor. It lives in a shadow root: there CodeMirror uses constructed style sheets, which a strict
 * Content-Security-Policy allows, instead of a <style> element, which it does not.
 */
import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, completionStatus } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { HighlightStyle, bracketMatching, syntaxHighlighting } from "@codemirror/language";
import { lintKeymap, setDiagnostics } from "@codemirror/lint";
import { EditorState, Prec } from "@codemirror/state";
import { EditorView, drawSelection, keymap, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { PromQLExtension } from "@prometheus-io/codemirror-promql";

export interface EditorOptions {
  root: ShadowRoot;
  text: string;
  label: string;
  serverUrl: string;
  onChange(text: string): void;
  onRun(): void;
}

export interface Editor {
  setText(text: string): void;
  /** Underlines the place the server complained about. */
  setError(at: number | null, message: string): void;
  focus(): void;
  destroy(): void;
}

const look = EditorView.theme({
  "&": { fontSize: "13px", color: "var(--ink)", backgroundColor: "transparent" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "20px" },
  ".cm-content": { padding: "5px 0", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0 8px" },
  ".cm-cursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "2px" },
  ".cm-placeholder": { color: "var(--ink-soft)" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--beacon) 35%, transparent)",
  },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "color-mix(in srgb, var(--beacon) 30%, transparent)", outline: "1px solid var(--focus)" },
  ".cm-tooltip": { backgroundColor: "var(--raised)", border: "1px solid var(--line)", borderRadius: "6px", boxShadow: "var(--shadow)", color: "var(--ink)", overflow: "hidden" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", fontSize: "12px", maxHeight: "260px", maxWidth: "min(520px, 90vw)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 8px", display: "flex", gap: "8px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--info-soft)", color: "var(--ink)" },
  ".cm-completionLabel": { flex: "1" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700", color: "var(--link)" },
  ".cm-completionDetail": { color: "var(--ink-soft)", fontStyle: "normal", marginLeft: "auto" },
  ".cm-completionIcon": { display: "none" },
  ".cm-tooltip.cm-completionInfo": { padding: "6px 10px", maxWidth: "320px", fontFamily: "var(--sans)", fontSize: "12px" },
  ".cm-diagnostic": { fontFamily: "var(--sans)", fontSize: "12px", padding: "5px 9px" },
  ".cm-diagnostic-error": { borderLeft: "3px solid var(--danger)" },
});

const colors = syntaxHighlighting(
  HighlightStyle.define([
    { tag: tags.number, color: "var(--warn)" },
    { tag: tags.string, color: "var(--good)" },
    { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: "var(--link)", fontWeight: "600" },
    { tag: tags.function(tags.variableName), color: "var(--link)" },
    { tag: tags.labelName, color: "var(--danger)" },
    { tag: tags.operator, color: "var(--ink-soft)" },
    { tag: tags.comment, color: "var(--ink-soft)", fontStyle: "italic" },
    { tag: tags.invalid, color: "var(--danger)", textDecoration: "underline" },
  ]),
);

export function createEditor(options: EditorOptions): Editor {
  const promql = new PromQLExtension()
    .setComplete({ remote: { url: options.serverUrl, httpMethod: "GET", cache: { maxAge: 60_000 } }, maxMetricsMetadata: 10_000 })
    .activateLinter(true);
  const run = Prec.highest(
    keymap.of([
      { key: "Tab", run: acceptCompletion },
      { key: "Shift-Enter", run: (view) => (view.dispatch(view.state.replaceSelection("\n")), true) },
      { key: "Mod-Enter", run: () => (options.onRun(), true) },
      { key: "Enter", run: (view) => completionStatus(view.state) === "active" ? acceptCompletion(view) || (options.onRun(), true) : (options.onRun(), true) },
    ]),
  );
  const view = new EditorView({
    root: options.root,
    parent: options.root,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        run, look, colors, promql.asExtension(), history(), drawSelection(), bracketMatching(), closeBrackets(), autocompletion({ selectOnOpen: false }),
        EditorView.lineWrapping, placeholder("PromQL, for example: sum by (mode) (rate(node_cpu_seconds_total[1m]))"),
        EditorView.contentAttributes.of({ "aria-label": options.label, autocapitalize: "off" }),
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...historyKeymap, ...defaultKeymap.filter((k) => k.key !== "Mod-Enter")]),
        EditorView.updateListener.of((update) => update.docChanged && options.onChange(update.state.doc.toString())),
      ],
    }),
  });
  return {
    setText(text) {
      if (text !== view.state.doc.toString()) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor: text.length } });
    },
    setError(at, message) {
      const end = view.state.doc.length;
      const from = at === null ? 0 : Math.min(at, Math.max(0, end - 1));
      view.dispatch(setDiagnostics(view.state, at === null ? [] : [{ from, to: Math.min(end, from + 1), severity: "error", message }]));
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
