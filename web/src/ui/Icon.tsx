/** Line icons on a 16-unit grid: those of the first page. The others come with `moreicons`. */
import type { MoreIconName } from "./moreicons";

const FIRST = {
  home: "M2 7.5 8 2.5l6 5M3.5 6.5V13.5h3.5V10h2v3.5h3.5V6.5",
  explore: "M2 2v12h12M4.5 10.5l3-4 2.5 2 3.5-5",
  alerts: "M8 2a4 4 0 0 0-4 4v3l-1.5 2.5h11L12 9V6a4 4 0 0 0-4-4M6.5 13.5h3",
  targets: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 8h.01",
  silences: "M2 2l12 12M5 4.4A4 4 0 0 1 12 6v3M4 6v3l-1.5 2.5h8.5M6.5 13.5h3",
  storage: "M3 4v8c0 2 10 2 10 0V4M3 4c0 2 10 2 10 0S3 2 3 4M3 8c0 2 10 2 10 0",
  clock: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 4.8V8l2.2 1.6",
  refresh: "M13.5 8a5.5 5.5 0 1 1-1.7-4M13.5 2v3h-3",
  undo: "M3 6.5h6.5a3.5 3.5 0 0 1 0 7H6M5.5 3.5 2.5 6.5l3 3",
  left: "M10 3.5 5.5 8l4.5 4.5",
  right: "M6 3.5 10.5 8 6 12.5",
  down: "M3.5 6 8 10.5 12.5 6",
  up: "M3.5 10 8 5.5l4.5 4.5",
  zoomOut: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.3 10.3 14 14M5 7h4",
  sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1.5v1.5M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1",
  moon: "M13 9.5A5.5 5.5 0 1 1 6.5 3a4.5 4.5 0 0 0 6.5 6.5",
  auto: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 2v12M8 5h3.8M8 8h6M8 11h4.5",
  help: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M6.3 6.3A1.8 1.8 0 1 1 8.6 8c-.4.2-.6.5-.6 1M8 11.2h.01",
  close: "M4 4l8 8M12 4l-8 8",
  check: "M3 8.5 6.5 12 13 4.5",
  cross: "M5.2 2h5.6L14 5.2v5.6L10.8 14H5.2L2 10.8V5.2zM6 6l4 4M10 6l-4 4",
  warning: "M8 2.5 14.5 13.5h-13zM8 6.5v3M8 11.5h.01",
  question: "M4 2.5h8L14 8l-2 5.5H4L2 8zM6.6 6.4a1.5 1.5 0 1 1 2 1.4c-.4.2-.6.4-.6.9M8 10.7h.01",
  pending: "M8 2a6 6 0 0 1 0 12M8 2a6 6 0 0 0-4.2 1.8M2.3 6.2A6 6 0 0 0 2 8M2.6 10.6A6 6 0 0 0 4.3 12.7M8 5v3l2 1.5",
  info: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 7.5v3.5M8 5h.01",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
} as const;

export type IconName = keyof typeof FIRST | MoreIconName;

const paths: Partial<Record<IconName, string>> = FIRST;

export function addIcons(more: Record<MoreIconName, string>): void {
  Object.assign(paths, more);
}

export function Icon({ name }: { name: IconName }) {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

/** The lighthouse. */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <path class="beam" d="M16 9.2 2 4.4v9.6z" fill="#ffb84d" opacity=".4" />
      <path class="beam" d="M16 9.2 30 4.4v9.6z" fill="#ffb84d" />
      <path d="M12.7 13h6.6l1.9 15H10.8z" fill="#eef3fa" />
      <path d="M12.2 17h7.6l.5 4h-8.6z" fill="#d9822b" />
      <path d="M12 11.4h8V13h-8zM13.6 7h4.8v4.4h-4.8zM16 3.6l3.2 3.4h-6.4z" fill="#eef3fa" />
      <circle cx="16" cy="9.3" r="1.6" fill="#ffb84d" />
    </svg>
  );
}
