/**
 * Uses the pages as a person does: types, clicks, drags, presses keys.
 *   BASE_URL=http://127.0.0.1:8080/ node e2e/smoke.mjs          (STREAM=off: the server has no event stream)
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { BASE_URL, Tally, drawnPixels, launch, watchErrors } from "./browser.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const EXPECTED = /api\/pharos\/v1\/live|health\/detailed|400 \(Bad Request\)/;
const STREAM = process.env.STREAM !== "off";
const tally = new Tally();
const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, colorScheme: "light" });
await context.grantPermissions(["clipboard-read", "clipboard-write"]);
const page = await context.newPage();
page.setDefaultTimeout(8_000);
const errors = watchErrors(page, EXPECTED);

const must = (ok, what) => {
  if (!ok) throw new Error(what);
};
const query = (name) => new URL(page.url()).searchParams.get(name);
const open = async (path, selector) => {
  await page.goto(BASE_URL + path);
  await page.waitForSelector(selector, { timeout: 10_000 });
};
/** The editor is in a shadow root, which playwright's selectors enter by themselves. */
const EDITOR = ".query-editor .cm-content";
const type = async (text, index = 0) => {
  const editor = page.locator(EDITOR).nth(index);
  await editor.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type(text);
  await page.keyboard.press("Escape");
};

await tally.run("home draws the host", async () => {
  await open("", ".graph-panel .chart canvas");
  await page.waitForTimeout(500);
  must((await drawnPixels(page))[0] > 50, "the first graph is empty");
});

await tally.run(STREAM ? "the event stream is live" : "without event stream the page polls, and says so", async () => {
  await page.waitForSelector(`.connection.${STREAM ? "live" : "polling"}`);
});

await tally.run("g e goes to Explore", async () => {
  await page.keyboard.press("g");
  await page.keyboard.press("e");
  await page.waitForSelector(EDITOR);
  must(page.url().includes("explore"), page.url());
});

await tally.run("a typed query runs on Enter and draws", async () => {
  await type("scrape_duration_seconds");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".legend-table tbody tr");
  must(query("q") === "scrape_duration_seconds", `q is ${query("q")}`);
  await page.waitForTimeout(400);
  must((await drawnPixels(page))[0] > 50, "the graph is empty");
});

await tally.run("completion offers metric names", async () => {
  await type("scrape_dur");
  await page.keyboard.press("Control+ ");
  await page.waitForSelector(".cm-tooltip-autocomplete li");
  await page.keyboard.press("Escape");
});

await tally.run("a syntax error is shown at its place", async () => {
  await type("up +");
  await page.keyboard.press("Control+Enter");
  await page.waitForSelector(".query .problem mark");
  must((await page.locator(".query .problem").innerText()).includes("parse error"), "no message");
});

await tally.run("the tooltip shows values, largest first", async () => {
  await open("explore?q=scrape_duration_seconds", ".chart .u-over");
  await page.waitForTimeout(400);
  const box = await page.locator(".chart .u-over").boundingBox();
  await page.mouse.move(box.x + box.width - 20, box.y + box.height / 2);
  await page.waitForSelector(".tip:not([hidden]) .tip-row");
});

await tally.run("dragging zooms, double click goes back", async () => {
  const box = await page.locator(".chart .u-over").boundingBox();
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.965, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.995, y, { steps: 5 });
  await page.mouse.up();
  await page.waitForFunction(() => location.search.includes("from="));
  must(/^\d{4}-/.test(query("from")), `from is ${query("from")}`);
  await page.waitForTimeout(400);
  await page.locator(".chart .u-over").dblclick();
  await page.waitForFunction(() => !location.search.includes("from="));
});

await tally.run("the legend shows one series alone, and the link knows", async () => {
  await page.waitForSelector(".legend-table tbody tr:nth-child(2)");
  await page.locator(".legend-table tbody button").first().click();
  await page.waitForFunction(() => location.search.includes("hide="));
  must((await page.locator(".legend-table tr.off").count()) >= 1, "nothing is hidden");
});

await tally.run("the table sorts", async () => {
  await page.getByRole("button", { name: "Table", exact: true }).click();
  await page.waitForSelector(".result-table tbody tr");
  await page.locator(".result-table th.num button").click();
  must(query("sort") === "value:asc", `sort is ${query("sort")}`);
  const values = (await page.locator(".result-table td.value").allInnerTexts()).map(Number);
  must(values.every((v, i) => i === 0 || v >= values[i - 1]), `not sorted: ${values}`);
});

await tally.run("back returns to the graph", async () => {
  await page.goBack();
  await page.waitForSelector(".chart canvas");
});

await tally.run("copy as curl", async () => {
  await page.getByRole("button", { name: "Share or take away" }).click();
  await page.getByRole("button", { name: "Copy as curl" }).click();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  must(text.startsWith("curl ") && text.includes("query_range"), text);
});

await tally.run("download CSV", async () => {
  await page.getByRole("button", { name: "Share or take away" }).click();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download CSV" }).click()]);
  const text = readFileSync(await file.path(), "utf8");
  must(text.startsWith("time,value,") && text.split("\n").length > 3, text.slice(0, 80));
});

await tally.run("a metric from the list becomes a query", async () => {
  await open("explore?side=metrics", ".side-list .side-item");
  await page.locator(".side input").fill("node_load1");
  await page.locator(".side-item", { hasText: "node_load1" }).first().click();
  await page.waitForSelector(".legend-table tbody tr");
  must(query("q") === "node_load1", `q is ${query("q")}`);
});

await tally.run("history remembers", async () => {
  await page.getByRole("button", { name: "History" }).click();
  await page.waitForSelector(".side-item .mono");
  must((await page.locator(".side-item .mono").allInnerTexts()).includes("node_load1"), "not in the list");
});

await tally.run("Prometheus' own links work", async () => {
  await open("graph?g0.expr=up&g0.tab=1&g0.range_input=1h", ".result-table tbody tr");
  must(page.url().includes("explore") && query("q") === "up" && query("from") === "now-1h", page.url());
});

await tally.run("the range picker changes every page", async () => {
  await page.getByRole("button", { name: /^Time range/ }).click();
  await page.getByRole("button", { name: "15m", exact: true }).click();
  must(query("from") === "now-15m", page.url());
  await page.locator(".rail-link", { hasText: "Alerts" }).click();
  await page.waitForSelector(".rule");
  must(query("from") === "now-15m", "the range was lost");
});

await tally.run("alerts filter by state and search", async () => {
  await open("alerts", ".rule");
  const before = await page.locator(".rule").count();
  await page.getByRole("button", { name: /^Inactive/ }).click();
  await page.waitForFunction(() => location.search.includes("state=firing,pending"));
  must((await page.locator(".rule.inactive").count()) === 0, "inactive rules are still there");
  await page.keyboard.press("/");
  await page.keyboard.type("zzz-nothing");
  await page.waitForSelector(".empty");
  await page.getByRole("button", { name: "Show all of them" }).click();
  await page.waitForFunction((n) => document.querySelectorAll(".rule").length >= n, before);
});

await tally.run("a rule opens, draws its expression, leads to Explore", async () => {
  await page.locator(".rule-head").first().click();
  await page.waitForSelector(".rule-details");
  await page.locator(".rule-expr .btn").first().click();
  await page.waitForSelector(EDITOR);
  must(query("q"), "no query in the link");
});

await tally.run("a rule is tried with another limit", async () => {
  await open("alerts?open=all", ".instance");
  await page.getByRole("button", { name: "What if" }).first().click();
  await page.waitForSelector(".whatif tbody tr");
  await page.getByLabel("Keep firing for").fill("soon");
  must(await page.getByRole("button", { name: "Try" }).isDisabled(), "a wrong duration may be sent");
  await page.getByLabel("Keep firing for").fill("7m");
  await page.getByRole("button", { name: "Try" }).click();
  await page.waitForSelector("text=keep firing for 7m");
  must((await page.locator(".whatif .lane").count()) === 2, "as it is and changed are not side by side");
});

await tally.run("the plan of a query shows its nodes", async () => {
  await open("explore?q=sum(up)&tab=plan", ".plan tbody tr");
  must((await page.locator(".plan th[scope=row]").allInnerTexts()).join().includes("sum"), "no sum");
});

await tally.run("an alert is acknowledged, and the acknowledgement taken back", async () => {
  await open("alerts?open=all", ".instance");
  await page.getByRole("button", { name: "Who knows" }).first().click();
  await page.waitForSelector(".why-routes tbody tr");
  await page.getByLabel("Your name").fill("Ann");
  await page.getByRole("button", { name: "Acknowledge" }).click();
  await page.waitForSelector("text=seen by Ann");
  await page.getByRole("button", { name: "Take back" }).click();
  await page.getByRole("button", { name: "Acknowledge" }).waitFor();
});

await tally.run("the history shows what fired, and follows its filters", async () => {
  await open("history", ".noise .lane i");
  const name = await page.locator(".noise .plain").first().innerText();
  await page.locator(".noise .plain").first().click();
  await page.waitForFunction((n) => location.search.includes(n), name);
  await page.getByRole("button", { name: /^Began/ }).click();
  await page.waitForFunction(() => [...document.querySelectorAll(".event .tag")].every((t) => t.textContent === "began"));
  must((await page.locator(".event b").allInnerTexts()).every((t) => t === name), "other alerts are listed");
  await page.keyboard.press("/");
  await page.keyboard.type(" zzz-nothing");
  await page.waitForSelector(".empty");
});

await tally.run("a silence is made from an alert, and ended", async () => {
  await open("alerts?open=all", ".instance");
  await page.getByRole("link", { name: "Silence", exact: true }).first().click();
  await page.waitForSelector("text=One alert");
  await page.getByLabel("Your name").fill("Ann");
  await page.getByLabel("Why").fill("trying it out");
  await page.locator("button[type=submit]").click();
  await page.waitForSelector(".silence.active");
  must((await page.locator(".silence .chip").first().textContent()).startsWith("alertname="), "its matchers are shown");
  await page.getByRole("button", { name: "End", exact: true }).click();
  await page.waitForSelector("text=No silence fits this filter");
});

await tally.run("targets filter and show details", async () => {
  await open("targets", ".target");
  await page.getByRole("button", { name: /^Details of/ }).first().click();
  await page.waitForSelector(".target-details");
  await page.getByRole("button", { name: /^Up/ }).click();
  await page.waitForFunction(() => !document.querySelector(".target.up"));
});

await tally.run("the theme is remembered", async () => {
  await page.getByRole("button", { name: /^Theme/ }).click();
  await page.getByRole("button", { name: "Dark" }).click();
  must((await page.evaluate(() => document.documentElement.dataset.theme)) === "dark", "not dark");
  await page.reload();
  await page.waitForSelector(".topbar");
  must((await page.evaluate(() => document.documentElement.dataset.theme)) === "dark", "forgotten");
});

await tally.run("? opens the help, Escape closes it", async () => {
  await page.keyboard.press("?");
  await page.waitForSelector("dialog[open] kbd");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
});

await tally.run("Tab reaches the content with a visible focus", async () => {
  await open("", ".rail");
  await page.keyboard.press("Tab");
  const skip = await page.evaluate(() => document.activeElement.className);
  must(skip === "skip", `first stop is ${skip}`);
  await page.keyboard.press("Enter");
  must((await page.evaluate(() => document.activeElement.id)) === "main", "the skip link does not lead to main");
});

await tally.run("arrow keys read a graph", async () => {
  await open("", ".chart canvas");
  await page.waitForTimeout(300);
  await page.locator(".chart").first().focus();
  await page.keyboard.press("ArrowLeft");
  await page.waitForSelector(".tip:not([hidden]) .tip-row");
});

for (const theme of ["light", "dark"]) {
  for (const path of ["", "explore?q=up&side=metrics", "explore?q=up&tab=table", "explore?q=up&tab=plan", "alerts?open=all", "history", "silences?new=1&m=alertname%3D%22TargetIsDown%22", "storage", "targets"]) {
    await tally.run(`accessible: /${path} ${theme}`, async () => {
      await page.addInitScript((t) => localStorage.setItem("pharos.theme", JSON.stringify(t)), theme);
      await open(path, "main > *");
      await page.waitForTimeout(900);
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"] }));
      must(violations.length === 0, violations.map((v) => `${v.id} (${v.nodes.length}): ${v.nodes[0].html.slice(0, 140)} ${v.nodes[0].any?.[0]?.message ?? ""}`).join(" | "));
    });
  }
}

tally.check("no console errors, no policy violations", errors.length === 0, errors.slice(0, 4).join(" | "));
await browser.close();
tally.finish();
