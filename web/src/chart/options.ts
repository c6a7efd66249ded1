/** Everything that turns our idea of a chart into uPlot's options. */
import type uPlot from "uplot";
import { axisLabels } from "../base/clock";
import { type Theme, fade, strokeOf } from "../base/palette";
import { type Unit, axisIncrements, formatUnit } from "../base/units";
import { lonelyPoints, stack, type Column, type Line } from "./reshape";

export interface ChartModel {
  xs: number[];
  lines: Line[];
  /** Keys of lines not to draw. */
  hidden: ReadonlySet<string>;
  unit: Unit;
  stacked: boolean;
  /** Values below zero are the other direction, not negative: print them without sign. */
  mirrored?: boolean;
  yMax?: number;
  fromS: number;
  toS: number;
  threshold?: number;
  /** Palette position per line key, when it must not follow the order of lines. */
  slot?: (line: Line, index: number) => number;
}

export interface Ink {
  text: string;
  grid: string;
  axis: string;
  accent: string;
}

export function readInk(element: Element): Ink {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return { text: token("--ink-soft"), grid: token("--grid"), axis: token("--line"), accent: token("--danger") };
}

const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

export function slotOf(model: ChartModel, line: Line, index: number): number {
  return model.slot ? model.slot(line, index) : index;
}

export function formatValue(model: Pick<ChartModel, "unit" | "mirrored">, value: number | null, digits?: number): string {
  if (value === null) return "–";
  return formatUnit(model.mirrored ? Math.abs(value) : value, model.unit, digits);
}

/** Position in uPlot's columns of line `index`. A stack is drawn from the top down, so that a layer of nothing does not cover the edge below it. */
export function columnOf(model: ChartModel, index: number): number {
  return model.stacked ? model.lines.length - index : index + 1;
}

/** Columns as drawn: hidden lines are empty, stacked ones are running sums of the visible ones. */
export function drawnData(model: ChartModel): uPlot.AlignedData {
  const shown = (line: Line) => !model.hidden.has(line.key);
  const empty = (line: Line): Column => line.values.map(() => null);
  if (!model.stacked) {
    return [model.xs, ...model.lines.map((l) => (shown(l) ? l.values : empty(l)))] as uPlot.AlignedData;
  }
  const sums = stack(model.lines.filter(shown).map((l) => l.values));
  let next = 0;
  const columns = model.lines.map((l): Column => (shown(l) ? sums[next++]! : empty(l)));
  return [model.xs, ...columns.reverse()] as uPlot.AlignedData;
}

function yRange(model: ChartModel) {
  return (_: uPlot, dataMin: number | null, dataMax: number | null): [number, number] => {
    let min = dataMin ?? 0;
    let max = dataMax ?? 1;
    if (model.threshold !== undefined) {
      min = Math.min(min, model.threshold);
      max = Math.max(max, model.threshold);
    }
    // Zero belongs on the axis of areas, and wherever it costs little of the height.
    if (model.stacked || model.mirrored || (min > 0 && min < max * 0.6)) min = Math.min(0, min);
    if (model.yMax !== undefined) return [min, Math.max(model.yMax, max)];
    if (min === max) return min === 0 ? [0, 1] : min > 0 ? [min * 0.9, max * 1.1] : [min * 1.1, max * 0.9];
    const pad = (max - min) * 0.06;
    return [min === 0 ? 0 : min - pad, max === 0 ? 0 : max + pad];
  };
}

function axes(model: ChartModel, ink: Ink, compact: boolean): uPlot.Axis[] {
  const common = { stroke: ink.text, font: FONT, ticks: { show: false }, grid: { stroke: ink.grid, width: 1 } };
  const increments = axisIncrements(model.unit);
  return [
    {
      ...common,
      grid: { show: false },
      ticks: { show: true, stroke: ink.axis, width: 1, size: 4 },
      border: { show: true, stroke: ink.axis, width: 1 },
      space: compact ? 64 : 80,
      size: 26,
      gap: 2,
      values: (_u, splits, _axis, _space, step) => axisLabels(splits, step),
    },
    {
      ...common,
      ...(increments && { incrs: increments }),
      space: compact ? 26 : 34,
      gap: 6,
      values: (_u, splits) => splits.map((v) => formatValue(model, v)),
      size: (_u, values) => Math.max(36, Math.max(0, ...(values ?? []).map((v) => v.length)) * 6.4 + 14),
    },
  ];
}

function drawThreshold(model: ChartModel, ink: Ink) {
  return (u: uPlot) => {
    if (model.threshold === undefined) return;
    const y = Math.round(u.valToPos(model.threshold, "y", true));
    const { left, width } = u.bbox;
    u.ctx.save();
    u.ctx.strokeStyle = ink.accent;
    u.ctx.fillStyle = ink.accent;
    u.ctx.lineWidth = devicePixelRatio;
    u.ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
    u.ctx.beginPath();
    u.ctx.moveTo(left, y);
    u.ctx.lineTo(left + width, y);
    u.ctx.stroke();
    u.ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    u.ctx.textAlign = "right";
    u.ctx.textBaseline = "bottom";
    u.ctx.fillText(`limit ${formatValue(model, model.threshold)}`, left + width - 4, y - 2);
    u.ctx.restore();
  };
}

export interface Hooks {
  onCursor(u: uPlot): void;
  onSelect(fromMs: number, toMs: number): void;
  onBack(): void;
}

export function buildOptions(model: () => ChartModel, theme: Theme, ink: Ink, size: { width: number; height: number }, syncKey: string, hooks: Hooks): uPlot.Options {
  const first = model();
  const series: uPlot.Series[] = [{}];
  const order = first.lines.map((_, i) => i);
  if (first.stacked) order.reverse();
  for (const i of order) {
    const line = first.lines[i]!;
    const { color, dash } = strokeOf(slotOf(first, line, i), theme);
    series.push({
      label: line.name,
      stroke: color,
      dash,
      width: first.stacked ? 1 : 1.5,
      spanGaps: false,
      ...(first.mirrored && !first.stacked && { fill: fade(color, 0.14), fillTo: 0 }),
      ...(first.stacked && { fill: fade(color, theme === "dark" ? 0.42 : 0.38) }),
      points: {
        show: (u, index) => lonelyPoints(u.data[index] as Column).length > 0,
        filter: (u, index) => lonelyPoints(u.data[index] as Column),
        size: 4,
        fill: color,
      },
    });
  }
  return {
    ...size,
    series,
    legend: { show: false },
    padding: [8, 12, 0, 0],
    scales: {
      x: { time: true, range: () => [model().fromS, model().toS] },
      y: { range: (u, min, max) => yRange(model())(u, min, max) },
    },
    axes: axes(first, ink, size.height < 200),
    ...(first.stacked && { bands: stackBands(first) }),
    cursor: {
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 },
      sync: { key: syncKey, setSeries: false, scales: ["x", null] },
      bind: { dblclick: () => () => (hooks.onBack(), null) },
    },
    hooks: {
      setCursor: [(u) => hooks.onCursor(u)],
      setSelect: [
        (u) => {
          if (u.select.width < 6) return;
          const from = u.posToVal(u.select.left, "x");
          const to = u.posToVal(u.select.left + u.select.width, "x");
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          hooks.onSelect(from * 1000, to * 1000);
        },
      ],
      draw: [(u) => drawThreshold(model(), ink)(u)],
    },
  };
}

/** Fills between a line and the next visible one below it; the lowest fills to zero by itself. */
function stackBands(model: ChartModel): uPlot.Band[] {
  const shown = model.lines.flatMap((l, i) => (model.hidden.has(l.key) ? [] : [columnOf(model, i)]));
  return shown.slice(1).map((column, k) => ({ series: [column, shown[k]!] as [number, number] }));
}
