/** Fails when the built page is heavier than agreed. Sizes are gzip -9, as the binary embeds them. */
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const KB = 1000;
const LIMITS = { "first route": 60 * KB, "page with editor": 240 * KB, everything: 350 * KB };

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const gz = (file) => gzipSync(readFileSync(dist + file), { level: 9 }).length;
const assets = readdirSync(`${dist}assets`).map((f) => `assets/${f}`);

/** Scripts and style sheets that index.html names, and what those scripts import. */
function firstLoad() {
  const found = new Set(readFileSync(`${dist}index.html`, "utf8").match(/assets\/[\w.-]+\.(?:js|css)/g));
  for (const file of found) {
    if (!file.endsWith(".js")) continue;
    for (const [, name] of readFileSync(dist + file, "utf8").matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g)) found.add(`assets/${name}`);
  }
  // Home asks for this part as soon as it is drawn.
  for (const file of assets) if (/\/NextSteps-/.test(file)) found.add(file);
  return found;
}

const total = (files) => [...files].reduce((sum, f) => sum + gz(f), 0);
const first = firstLoad();
const explore = new Set([...first, ...assets.filter((f) => /\/(Explore|editor)-/.test(f))]);
const all = new Set(["index.html", ...assets]);
const sizes = { "first route": total(first), "page with editor": total(explore), everything: total(all) };

let failed = 0;
for (const [name, limit] of Object.entries(LIMITS)) {
  const size = sizes[name];
  if (size > limit) failed++;
  console.log(`${size > limit ? "FAIL" : "ok  "} ${name}: ${(size / KB).toFixed(1)} KB gz of ${limit / KB}`);
}
for (const f of [...all].sort()) console.log(`     ${(gz(f) / KB).toFixed(1).padStart(6)}  ${f}`);
console.log(`${Object.keys(LIMITS).length - failed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
