/** Short messages that belong to no panel. Errors stay until dismissed, the rest goes away by itself. */
import { signal } from "@preact/signals";

export interface Notice {
  id: number;
  tone: "good" | "bad" | "plain";
  text: string;
}

const SHOW_MS = 4_000;
let lastId = 0;
export const notices = signal<Notice[]>([]);

export function dismiss(id: number): void {
  notices.value = notices.value.filter((n) => n.id !== id);
}

export function notify(tone: Notice["tone"], text: string): void {
  const id = ++lastId;
  notices.value = [...notices.value.filter((n) => n.text !== text), { id, tone, text }];
  if (tone !== "bad") setTimeout(() => dismiss(id), SHOW_MS);
}

export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    notify("good", `${what} copied.`);
  } catch {
    notify("bad", `The browser refused access to the clipboard (it asks for https or localhost). Copy by hand: ${text}`);
  }
}

export function download(name: string, type: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1_000);
}
