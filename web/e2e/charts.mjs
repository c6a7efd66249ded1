/** Measures how long 20 charts of 10 x 1000 points take to draw, and to draw again with new data. */
import { fileURLToPath } from "node:url";
import { createServer } from "vite";
import { Tally, launch } from "./browser.mjs";

const REPAINT_MS = 250;
const ROUNDS = 15;

const root = fileURLToPath(new URL("..", import.meta.url));
const server = await createServer({ root, server: { host: "127.0.0.1", port: 0 }, logLevel: "error" });
await server.listen();
const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1366, height: 900 } });
await page.goto(`http://127.0.0.1:${server.httpServer.address().port}/e2e/charts/index.html`);
await page.waitForFunction(() => globalThis.draw);

const first = await page.evaluate(() => globalThis.draw());
const again = [];
for (let i = 0; i < ROUNDS; i++) again.push(await page.evaluate(() => globalThis.draw()));
again.sort((a, b) => a - b);
const median = again[Math.floor(ROUNDS / 2)];
console.log(`first ${first.toFixed(0)} ms, again median ${median.toFixed(0)} ms (${again[0].toFixed(0)} to ${again.at(-1).toFixed(0)})`);

const tally = new Tally();
tally.check("20 canvases", (await page.locator("canvas").count()) === 20);
tally.check(`repaint in at most ${REPAINT_MS} ms`, median <= REPAINT_MS, `${median.toFixed(0)} ms`);
await browser.close();
await server.close();
tally.finish();
