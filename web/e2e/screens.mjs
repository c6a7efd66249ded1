/**
 * Visits every page in both sizes and both themes, saves a picture of each, and checks that it is sound.
 *   BASE_URL=http://127.0.0.1:8080/ OUT=out node e2e/screens.mjs
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { BASE_URL, Tally, drawnPixels, launch, watchErrors } from "./browser.mjs";

const OUT = process.env.OUT ?? "out";
const SIZES = { desktop: { width: 1366, height: 768 }, phone: { width: 360, height: 740 } };
const PAGES = {
  home: { path: "", content: ".graph-panel", charts: 3 },
  explore: { path: "explore?q=sum+by+(mode)+(rate(node_cpu_seconds_total[1m]))&stack=1", content: ".legend-table tbody tr", charts: 1 },
  "explore-plan": { path: "explore?q=sum+by+(mode)+(rate(node_cpu_seconds_total[1m]))+/+scalar(count(node_cpu_seconds_total))&tab=plan", content: ".plan tbody tr", charts: 0 },
  "explore-table": { path: "explore?q=node_network_receive_bytes_total&q=up&tab=table&side=metrics", content: ".result-table tbody tr", charts: 0 },
  alerts: { path: "alerts", content: ".rule", charts: 0 },
  history: { path: "history", content: ".noise .lane i", charts: 0 },
  silences: { path: "silences?new=1&m=alertname%3D%22TargetIsDown%22", content: ".silence-preview", charts: 0 },
  storage: { path: "storage", content: ".top-list li", charts: 0 },
  targets: { path: "targets", content: ".target", charts: 0 },
};
/** Without the event stream the browser itself reports its 404. */
const EXPECTED = /api\/pharos\/v1\/live|health\/detailed/;

mkdirSync(OUT, { recursive: true });
const tally = new Tally();
const browser = await launch();

for (const [theme, size] of ["light", "dark"].flatMap((t) => Object.keys(SIZES).map((s) => [t, s]))) {
  const context = await browser.newContext({ viewport: SIZES[size], colorScheme: theme, reducedMotion: "reduce", hasTouch: size === "phone" });
  for (const [name, { path, content, charts }] of Object.entries(PAGES)) {
    const page = await context.newPage();
    const errors = watchErrors(page, EXPECTED);
    const title = `${name} ${size} ${theme}`;
    await tally.run(title, async () => {
      await page.goto(BASE_URL + path);
      await page.waitForSelector(content, { timeout: 10_000 });
      if (charts) await page.waitForFunction((n) => document.querySelectorAll(".chart canvas").length >= n, charts, { timeout: 10_000 });
      await page.waitForTimeout(600);
      await page.screenshot({ path: join(OUT, `${name}-${size}-${theme}.png`) });
      if (size === "desktop") await page.screenshot({ path: join(OUT, `${name}-${size}-${theme}-full.png`), fullPage: true });
      const empty = (await drawnPixels(page)).slice(0, charts).filter((count) => count < 50).length;
      if (empty) throw new Error(`${empty} graphs show no series`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (overflow > 0) throw new Error(`the page is ${overflow} px wider than the window`);
      if (errors.length) throw new Error(errors.join(" | "));
    });
    await page.close();
  }
  await context.close();
}
await browser.close();
tally.finish();
