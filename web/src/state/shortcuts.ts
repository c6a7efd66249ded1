/** The one list of keyboard shortcuts: it drives the keys and fills the help overlay. */
import { signal } from "@preact/signals";
import { recall, remember } from "./memory";

export interface Shortcut {
  /** One or two keys in a row, as `KeyboardEvent.key` names them. */
  keys: string[];
  what: string;
  group: string;
  run(): void;
}

const list: Shortcut[] = [];
export const helpOpen = signal(false);
/** Single keys can get in the way of assistive software: they can be turned off in the help overlay. */
export const shortcutsOn = signal(recall("shortcuts", true));

const SEQUENCE_MS = 1_200;
let first: { key: string; atMs: number } | null = null;

export function addShortcuts(more: Shortcut[]): () => void {
  list.push(...more);
  return () => {
    for (const one of more) list.splice(list.indexOf(one), 1);
  };
}

export function allShortcuts(): readonly Shortcut[] {
  return list;
}

export function setShortcutsOn(on: boolean): void {
  shortcutsOn.value = on;
  remember("shortcuts", on);
}

function isTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0] as HTMLElement | undefined;
  return !!target && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName ?? ""));
}

export function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
  if (document.querySelector("dialog[open]")) return;
  if (!shortcutsOn.value && event.key !== "?") return;
  const before = first && Date.now() - first.atMs < SEQUENCE_MS ? first.key : null;
  first = null;
  const hit = list.find((s) => (s.keys.length === 2 ? before === s.keys[0] && s.keys[1] === event.key : !before && s.keys[0] === event.key));
  if (hit) {
    event.preventDefault();
    hit.run();
  } else if (list.some((s) => s.keys.length === 2 && s.keys[0] === event.key)) {
    first = { key: event.key, atMs: Date.now() };
  }
}
