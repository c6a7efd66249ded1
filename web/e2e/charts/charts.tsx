/** Twenty charts of ten series with a thousand points, and a way to give them all new data. */
import { render } from "preact";
import "../../src/ui/tokens.css";
import { Chart } from "../../src/chart/Chart";
import type { ChartModel } from "../../src/chart/options";

const CHARTS = 20;
const SERIES = 10;
const POINTS = 1000;

function modelOf(chart: number, round: number): ChartModel {
  const xs = Array.from({ length: POINTS }, (_, i) => 1_700_000_000 + (i + round) * 5);
  const lines = Array.from({ length: SERIES }, (_, s) => ({
    key: `s${s}`, name: `series ${s}`, labels: {},
    values: xs.map((x) => 50 + s * 5 + 20 * Math.sin(x / 300 + s + chart) + ((x * 7919 + s * 104729) % 13)),
  }));
  return { xs, lines, hidden: new Set(), unit: "none", stacked: chart % 2 === 0, fromS: xs[0]!, toS: xs.at(-1)! };
}

let round = 0;
/** Prepares the data first: what is measured is drawing, up to the frame that shows it. */
async function draw(): Promise<number> {
  const models = Array.from({ length: CHARTS }, (_, i) => modelOf(i, round));
  round++;
  const started = performance.now();
  render(models.map((model, i) => <Chart key={i} title={`Chart ${i}`} model={model} height={160} />), document.getElementById("app")!);
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  return performance.now() - started;
}

(globalThis as unknown as { draw: typeof draw }).draw = draw;
