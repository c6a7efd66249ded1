/**
 * Waits until Home shows a graph with a drawn series: what a newcomer waits for.
 *   BASE_URL=http://127.0.0.1:9090/ LIMIT_S=15 node e2e/first.mjs
 */
import { BASE_URL, drawnPixels, launch } from "./browser.mjs";

const until = Date.now() + 1000 * Number(process.env.LIMIT_S ?? 15);
const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1366, height: 768 } });
await page.goto(BASE_URL);
let drawn = [];
while (Date.now() < until) {
  drawn = await drawnPixels(page);
  if (drawn.filter((count) => count > 50).length >= 3) break;
  await page.waitForTimeout(200);
}
await browser.close();
const good = drawn.filter((count) => count > 50).length;
console.log(`${good} graphs are drawn`);
process.exit(good >= 3 ? 0 : 1);
