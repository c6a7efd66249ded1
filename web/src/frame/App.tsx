/** The frame around every page: rail, bar, page, notices, help. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { alertCounts } from "../state/live";
import { href, navigate, path } from "../state/router";
import { addShortcuts, helpOpen } from "../state/shortcuts";
import { cycleTheme } from "../state/theme";
import { refreshNow, shiftBy, zoomBack, zoomBy } from "../state/timerange";
import { ErrorBox, Empty } from "../ui/bits";
import { Icon, Logo } from "../ui/Icon";
import { lazy } from "../ui/lazy";
import { Bar } from "./Bar";
import { OfflineBanner } from "./ConnectionDot";
import { Notices } from "./Notices";
import { PAGES, type Page } from "./pages";

const Help = lazy(() => import("./Help").then((m) => m.Help));

function focusField(): void {
  document.querySelector<HTMLElement>('[data-focus-key="/"]')?.focus();
}

function frameShortcuts() {
  return addShortcuts([
    ...PAGES.map((p) => ({ keys: ["g", p.key], what: `Go to ${p.title}`, group: "Pages", run: () => navigate(href(p.path)) })),
    { keys: ["/"], what: "Go to the query or search field", group: "Page", run: focusField },
    { keys: ["r"], what: "Load again now", group: "Page", run: refreshNow },
    { keys: ["t", "+"], what: "Zoom in: half the time range", group: "Time range", run: () => zoomBy(0.5) },
    { keys: ["t", "-"], what: "Zoom out: twice the time range", group: "Time range", run: () => zoomBy(2) },
    { keys: ["t", "ArrowLeft"], what: "Half a range back", group: "Time range", run: () => shiftBy(-0.5) },
    { keys: ["t", "ArrowRight"], what: "Half a range forward", group: "Time range", run: () => shiftBy(0.5) },
    { keys: ["t", "z"], what: "Back to the range before", group: "Time range", run: zoomBack },
    { keys: ["."], what: "Theme: auto, light, dark", group: "View", run: cycleTheme },
    { keys: ["?"], what: "This help", group: "View", run: () => (helpOpen.value = true) },
  ]);
}

/** The component of a page, once its code has arrived. */
function usePage(page: Page | undefined): { View: ComponentType | null; error: Error | null } {
  const [state, setState] = useState<{ page?: Page; View: ComponentType | null; error: Error | null }>({ View: null, error: null });
  useEffect(() => {
    if (!page) return;
    let current = true;
    Promise.resolve(page.load()).then(
      (View) => current && setState({ page, View, error: null }),
      () => current && setState({ page, View: null, error: new Error("This page could not be loaded. The server may have been upgraded: reload the browser tab.") }),
    );
    return () => {
      current = false;
    };
  }, [page]);
  return state.page === page ? state : { View: null, error: null };
}

function Rail({ active }: { active: Page | undefined }) {
  const firing = alertCounts.value?.firing ?? 0;
  return (
    <nav class="rail" aria-label="Pages">
      <a class="brand" href={href("/")} title="pharos: home">
        <Logo />
        <span class="sr">pharos</span>
      </a>
      {PAGES.map((p) => (
        <a key={p.path} href={href(p.path)} class="rail-link" aria-current={p === active ? "page" : undefined} title={`${p.title} (g ${p.key})`}>
          <Icon name={p.icon} />
          <span>{p.title}</span>
          {p.path === "/alerts" && firing > 0 && (
            <b class="badge" aria-label={`${firing} firing`}>{firing > 99 ? "99+" : firing}</b>
          )}
        </a>
      ))}
    </nav>
  );
}

export function App() {
  const page = PAGES.find((p) => p.path === path.value);
  const { View, error } = usePage(page);
  useEffect(frameShortcuts, []);
  useEffect(() => {
    const firing = alertCounts.value?.firing ?? 0;
    document.title = `${firing > 0 ? `(${firing}) ` : ""}${page?.title ?? "Not found"} · pharos`;
  }, [page, alertCounts.value]);

  return (
    <>
      <a class="skip" href="#main" onClick={(e) => (e.preventDefault(), document.getElementById("main")?.focus())}>Skip to content</a>
      <Rail active={page} />
      <Bar title={page?.title ?? "Not found"} />
      <main id="main" tabIndex={-1}>
        <OfflineBanner />
        {error && <ErrorBox error={error} />}
        {View && <View />}
        {!page && (
          <Empty icon="question" title="There is no page at this address">
            <a href={href("/")}>Go to Home</a>
          </Empty>
        )}
      </main>
      <Notices />
      {helpOpen.value && <Help />}
    </>
  );
}
