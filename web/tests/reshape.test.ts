import { describe, expect, it } from "vitest";
import { chooseGrid, chooseStep, rateWindow } from "../src/base/grid";
import { fillLegend, firstTime, gridTimes, lonelyPoints, stack, summarize, toColumn, toLines } from "../src/chart/reshape";
import { type ChartModel, columnOf, drawnData } from "../src/chart/options";
import { afterClick } from "../src/chart/legend-state";

const grid = { startS: 100, endS: 140, stepS: 10 };

describe("grids", () => {
  it("picks round steps", () => {
    expect(chooseStep(1_800_000, 600)).toBe(5);
    expect(chooseStep(1_800_000, 600, 15)).toBe(15);
    expect(chooseStep(30 * 86_400_000, 600)).toBe(7200);
    expect(chooseStep(10_000, 600)).toBe(1);
  });
  it("starts on multiples of the step and stays inside the span", () => {
    expect(chooseGrid({ from: 101_000, to: 199_000 }, 20)).toEqual({ startS: 105, endS: 195, stepS: 5 });
  });
  it("keeps several scrapes in a rate window", () => {
    expect(rateWindow(5, 15)).toBe("60s");
    expect(rateWindow(7200, 15)).toBe("7200s");
  });
});

describe("columns", () => {
  it("puts samples on the grid and leaves gaps", () => {
    expect(toColumn({ metric: {}, values: [[100, "1"], [120, "NaN"], [130, "2.5"], [139.999, "3"]] }, grid)).toEqual([1, null, null, 2.5, 3]);
    expect(toColumn({ metric: {} }, grid)).toEqual([null, null, null, null, null]);
    expect(gridTimes(grid)).toEqual([100, 110, 120, 130, 140]);
  });
  it("names lines by legend or by what differs", () => {
    const result = [{ metric: { job: "a", mode: "x" }, values: [] }, { metric: { job: "a", mode: "y" }, values: [] }];
    expect(toLines(result, grid).map((l) => l.name)).toEqual(["x", "y"]);
    expect(toLines(result, grid, { legend: "{{ mode }} of {{job}}" })[0]!.name).toBe("x of a");
    expect(toLines(result, grid, { lead: "A " })[0]!.name).toBe("A x");
    expect(fillLegend("{{missing}}!", {})).toBe("!");
  });
  it("stacks from the bottom, a gap adds nothing", () => {
    expect(stack([[1, null, 3], [1, 2, null], [1, 1, 1]])).toEqual([[1, null, 3], [2, 2, null], [3, 3, 4]]);
    expect(stack([])).toEqual([]);
  });
  it("sums up", () => {
    expect(summarize([null, 2, 4, null])).toEqual({ min: 2, mean: 3, max: 4, last: 4 });
    expect(summarize([null])).toEqual({ min: null, mean: null, max: null, last: null });
  });
  it("finds the first data and lonely points", () => {
    const line = (values: (number | null)[]) => ({ key: "", name: "", labels: {}, values });
    expect(firstTime([1, 2, 3], [line([null, null, 5]), line([null, 4, 4])])).toBe(2);
    expect(firstTime([1], [line([null])])).toBeNull();
    expect(lonelyPoints([1, null, 2, 3, null, 4])).toEqual([0, 5]);
  });
});

describe("drawing order", () => {
  const line = (key: string, values: number[]) => ({ key, name: key, labels: {}, values });
  const model = (more: Partial<ChartModel>): ChartModel => ({
    xs: [1, 2], lines: [line("a", [1, 1]), line("b", [2, 2]), line("c", [0, 0])], hidden: new Set(), unit: "none", stacked: false, fromS: 1, toS: 2, ...more,
  });
  it("keeps the order of plain lines and empties hidden ones", () => {
    expect(drawnData(model({ hidden: new Set(["b"]) }))).toEqual([[1, 2], [1, 1], [null, null], [0, 0]]);
  });
  it("draws a stack from the top down", () => {
    const stacked = model({ stacked: true });
    const data = drawnData(stacked);
    expect(data).toEqual([[1, 2], [3, 3], [3, 3], [1, 1]]);
    expect(data[columnOf(stacked, 0)]).toEqual([1, 1]);
  });
  it("stacks only what is shown", () => {
    expect(drawnData(model({ stacked: true, hidden: new Set(["a"]) }))).toEqual([[1, 2], [2, 2], [2, 2], [null, null]]);
  });
});

describe("legend clicks", () => {
  const all = ["a", "b", "c"];
  it("shows one alone, and all again", () => {
    const alone = afterClick(all, new Set(), "b", false);
    expect([...alone]).toEqual(["a", "c"]);
    expect(afterClick(all, alone, "b", false).size).toBe(0);
    expect([...afterClick(all, alone, "a", false)]).toEqual(["b", "c"]);
  });
  it("toggles one", () => {
    expect([...afterClick(all, new Set(), "b", true)]).toEqual(["b"]);
    expect([...afterClick(all, new Set(["b"]), "b", true)]).toEqual([]);
  });
});
