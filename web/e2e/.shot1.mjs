import { launch } from "/work/main/web/e2e/browser.mjs";
const b = await launch(); const [,, url, out, w, h, theme] = process.argv;
const c = await b.newContext({ viewport: { width: +w, height: +h }, colorScheme: theme });
const p = await c.newPage(); p.on("console", m => m.type()==="error" && console.log(m.text())); await p.goto(url); await p.waitForTimeout(4000); await p.screenshot({ path: out }); await b.close();
