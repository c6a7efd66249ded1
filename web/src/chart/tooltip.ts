/** The box beside the crosshair: time, then the values of that moment, largest first. Plain DOM: it moves with every mouse event. */
import type uPlot from "uplot";
import { formatStamp, formatUtc } from "../base/clock";
import { type Theme, strokeOf } from "../base/palette";
import { type ChartModel, columnOf, formatValue, slotOf } from "./options";

const MAX_ROWS = 12;
const GAP = 14;

export class Tooltip {
  private readonly box = document.createElement("div");
  private active = false;

  constructor(
    private readonly parent: HTMLElement,
    private readonly model: () => ChartModel,
    private readonly theme: Theme,
  ) {
    this.box.className = "tip";
    this.box.hidden = true;
    this.box.setAttribute("role", "status");
    parent.append(this.box);
    parent.addEventListener("focus", this.enter);
    parent.addEventListener("blur", this.leave);
  }

  attach(u: uPlot): void {
    u.over.addEventListener("mouseenter", this.enter);
    u.over.addEventListener("mouseleave", this.leave);
  }

  remove(): void {
    this.parent.removeEventListener("focus", this.enter);
    this.parent.removeEventListener("blur", this.leave);
    this.box.remove();
  }

  private readonly enter = () => {
    this.active = true;
  };

  private readonly leave = () => {
    this.active = false;
    this.box.hidden = true;
  };

  /** Only the chart under the pointer shows a box; the others show their crosshair. */
  update(u: uPlot): void {
    const { idx, left = -1, top = 0 } = u.cursor;
    if (!this.active || idx === null || idx === undefined || left < 0) {
      this.box.hidden = true;
      return;
    }
    this.fill(u, idx, top);
    this.box.hidden = false;
    const area = u.over.getBoundingClientRect();
    const frame = this.parent.getBoundingClientRect();
    const width = this.box.offsetWidth;
    const x = area.left - frame.left + left;
    const flip = frame.left + x + GAP + width > document.documentElement.clientWidth - 4;
    const shifted = flip ? x - GAP - width : x + GAP;
    this.box.style.left = `${Math.max(4 - frame.left, shifted)}px`;
    const y = Math.min(top, frame.height - this.box.offsetHeight);
    this.box.style.top = `${Math.max(4, y)}px`;
  }

  private fill(u: uPlot, idx: number, top: number): void {
    const model = this.model();
    const rows = model.lines
      .map((line, i) => ({ line, slot: slotOf(model, line, i), value: line.values[idx] ?? null, drawn: u.data[columnOf(model, i)]?.[idx] ?? null }))
      .filter((r) => r.value !== null && !model.hidden.has(r.line.key));
    let near = -1;
    let best = Infinity;
    rows.forEach((row, i) => {
      const distance = Math.abs(u.valToPos(row.drawn!, "y") - top);
      if (distance < best) [best, near] = [distance, i];
    });
    const nearest = rows[near];
    const sorted = model.stacked ? rows.slice().reverse() : rows.slice().sort((a, b) => b.value! - a.value!);
    const shown = sorted.slice(0, MAX_ROWS);
    if (nearest && !shown.includes(nearest)) shown[MAX_ROWS - 1] = nearest;

    const at = (model.xs[idx] ?? 0) * 1000;
    const head = document.createElement("div");
    head.className = "tip-time";
    head.textContent = formatStamp(at);
    const utc = document.createElement("span");
    utc.textContent = formatUtc(at).slice(11);
    head.append(utc);
    this.box.replaceChildren(head);
    for (const row of shown) {
      const { color } = strokeOf(row.slot, this.theme);
      this.add(row.line.name, formatValue(model, row.value), color, row === nearest);
    }
    if (model.stacked && rows.length > 1) {
      this.add("total", formatValue(model, rows.reduce((sum, r) => sum + r.value!, 0)), "transparent", false);
    }
    if (sorted.length > shown.length) this.add(`${sorted.length - shown.length} more`, "", "transparent", false);
    if (rows.length === 0) this.add("no data here", "", "transparent", false);
  }

  private add(name: string, value: string, color: string, near: boolean): void {
    const row = document.createElement("div");
    row.className = near ? "tip-row near" : "tip-row";
    const swatch = document.createElement("i");
    swatch.style.background = color;
    const label = document.createElement("span");
    label.textContent = name;
    const number = document.createElement("b");
    number.textContent = value;
    row.append(swatch, label, number);
    this.box.append(row);
  }
}
