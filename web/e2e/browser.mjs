/** A headless Chromium with the flags that a build machine needs. */
import { chromium } from "playwright-core";

export const BASE_URL = (process.env.BASE_URL ?? "http://127.0.0.1:8080/").replace(/\/?$/, "/");

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
}

const MAX_CASE_MS = 30_000;

/** A page that spins must fail its case, not the whole run. */
function hangs() {
  return new Promise((_, fail) => setTimeout(() => fail(new Error(`no end after ${MAX_CASE_MS / 1000} s`)), MAX_CASE_MS).unref());
}

/** Counts outcomes and prints the closing line. */
export class Tally {
  passed = 0;
  failed = 0;

  check(name, ok, detail = "") {
    if (ok) this.passed++;
    else this.failed++;
    console.log(`${ok ? "ok  " : "FAIL"} ${name}${ok || !detail ? "" : `: ${detail}`}`);
  }

  async run(name, work) {
    try {
      await Promise.race([work(), hangs()]);
      this.check(name, true);
    } catch (error) {
      this.check(name, false, String(error.message ?? error).split("\n").slice(0, 3).join(" "));
    }
  }

  finish() {
    console.log(`${this.passed} passed, ${this.failed} failed`);
    process.exit(this.failed ? 1 : 0);
  }
}

/** Collects what must not happen: console errors, failed scripts, policy violations. `expected` matches harmless ones. */
export function watchErrors(page, expected = /$^/) {
  const errors = [];
  page.on("console", (message) => {
    const text = `${message.text()} ${message.location().url ?? ""}`;
    if (message.type() === "error" && !expected.test(text)) errors.push(text);
  });
  page.on("pageerror", (error) => errors.push(String(error)));
  return errors;
}

/** Number of canvas pixels of the first chart that are painted in a saturated colour, i.e. lines and areas, not axes. */
export function drawnPixels(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll(".chart canvas")].map((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) {
        const spread = Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]);
        if (data[i + 3] > 60 && spread > 40) count++;
      }
      return count;
    }),
  );
}
