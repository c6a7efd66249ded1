import { computed, effect, signal } from "@preact/signals";
import type { Theme } from "../base/palette";
import { recall, remember } from "./memory";

export type ThemeChoice = "auto" | Theme;
const ORDER: ThemeChoice[] = ["auto", "light", "dark"];

const dark = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(dark.matches);
dark.addEventListener("change", (event) => (systemDark.value = event.matches));

export const themeChoice = signal<ThemeChoice>(recall<ThemeChoice>("theme", "auto"));
export const theme = computed<Theme>(() => {
  if (themeChoice.value !== "auto") return themeChoice.value;
  return systemDark.value ? "dark" : "light";
});

export function setTheme(choice: ThemeChoice): void {
  themeChoice.value = choice;
  remember("theme", choice);
}

export function cycleTheme(): void {
  setTheme(ORDER[(ORDER.indexOf(themeChoice.value) + 1) % ORDER.length]!);
}

export function startTheme(): void {
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
  });
}
