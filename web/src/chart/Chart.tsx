/** A time series chart: uPlot on a canvas, with our tooltip, drag to zoom, keys, and a text for those who cannot see it. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "./chart.css";
import { formatTime } from "../base/clock";
import { theme } from "../state/theme";
import { zoomBack, zoomTo } from "../state/timerange";
import { type ChartModel, buildOptions, drawnData, formatValue, readInk } from "./options";
import { summarize } from "./reshape";
import { Tooltip } from "./tooltip";

interface Props {
  title: string;
  model: ChartModel;
  height: number;
  /** Charts with the same key share the crosshair. */
  syncKey?: string;
}

function describe(title: string, model: ChartModel): string {
  const shown = model.lines.filter((l) => !model.hidden.has(l.key));
  const latest = shown
    .map((l) => ({ name: l.name, last: summarize(l.values).last }))
    .filter((l) => l.last !== null)
    .sort((a, b) => Math.abs(b.last!) - Math.abs(a.last!))
    .slice(0, 3)
    .map((l) => `${l.name} ${formatValue(model, l.last)}`);
  const when = `${formatTime(model.fromS * 1000)} to ${formatTime(model.toS * 1000)}`;
  return `${title}. Graph of ${shown.length} series from ${when}. Latest: ${latest.join(", ") || "no data"}. Arrow keys read values.`;
}

/** What forces a new uPlot instance; anything else is new data in the old one. */
function shapeOf(model: ChartModel): string {
  return JSON.stringify([
    model.lines.map((l, i) => [l.key, model.slot?.(l, i) ?? i]),
    model.stacked ? [...model.hidden].sort() : 0,
    model.stacked, model.unit, model.mirrored, model.yMax,
  ]);
}

export function Chart({ title, model, height, syncKey = "page" }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(model);
  latest.current = model;
  const shape = shapeOf(model);
  const ink = theme.value;

  useEffect(() => {
    const element = box.current!;
    const tooltip = new Tooltip(element, () => latest.current, ink);
    const options = buildOptions(
      () => latest.current, ink, readInk(element), { width: Math.max(80, element.clientWidth), height }, syncKey,
      { onCursor: (u) => tooltip.update(u), onSelect: zoomTo, onBack: zoomBack },
    );
    const u = new uPlot(options, drawnData(latest.current), element);
    plot.current = u;
    tooltip.attach(u);
    const observer = new ResizeObserver(() => {
      const width = element.clientWidth;
      if (width > 0 && width !== u.width) u.setSize({ width, height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      tooltip.remove();
      u.destroy();
      plot.current = null;
    };
  }, [shape, ink, height, syncKey]);

  useEffect(() => {
    const u = plot.current;
    if (!u) return;
    u.batch(() => {
      u.setData(drawnData(model), true);
    });
  }, [model]);

  const onKeyDown = (event: KeyboardEvent) => {
    const u = plot.current;
    if (!u || !["ArrowLeft", "ArrowRight", "Escape"].includes(event.key)) return;
    event.preventDefault();
    if (event.key === "Escape") return u.setCursor({ left: -10, top: -10 });
    const xs = u.data[0];
    const here = u.cursor.idx ?? xs.length - 1;
    const index = Math.max(0, Math.min(xs.length - 1, here + (event.key === "ArrowLeft" ? -1 : 1)));
    u.setCursor({ left: u.valToPos(xs[index]!, "x"), top: u.over.clientHeight / 3 });
  };

  return (
    <div
      class="chart" ref={box} role="group" tabIndex={0} aria-label={describe(title, model)} style={{ height: `${height}px` }}
      data-lines={model.lines.filter((l) => l.values.some((v) => v !== null)).length}
      onKeyDown={onKeyDown} onBlur={() => plot.current?.setCursor({ left: -10, top: -10 })}
    />
  );
}
