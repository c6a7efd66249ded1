/** Which colour is which series. A click shows one alone, with Ctrl or Shift it hides or shows one. */
import { strokeOf } from "../base/palette";
import { theme } from "../state/theme";
import { type ChartModel, formatValue, slotOf } from "./options";
import { afterClick } from "./legend-state";
import { type Line, summarize } from "./reshape";

export function Swatch({ slot }: { slot: number }) {
  const { color, dash } = strokeOf(slot, theme.value);
  return (
    <svg class="swatch" viewBox="0 0 14 10" aria-hidden="true">
      <line x1="0" y1="5" x2="14" y2="5" stroke={color} stroke-width="3" stroke-dasharray={dash.join(" ")} />
    </svg>
  );
}

interface Props {
  model: ChartModel;
  onHidden(hidden: Set<string>): void;
}

function clickHandler({ model, onHidden }: Props, line: Line) {
  return (event: MouseEvent) =>
    onHidden(afterClick(model.lines.map((l) => l.key), model.hidden, line.key, event.ctrlKey || event.metaKey || event.shiftKey));
}

export function InlineLegend(props: Props) {
  const { model } = props;
  return (
    <ul class="legend-inline">
      {model.lines.map((line, i) => (
        <li key={line.key}>
          <button
            type="button" class="legend-item" aria-pressed={!model.hidden.has(line.key)} onClick={clickHandler(props, line)}
            title={`${line.name}: click to show alone, Ctrl click to hide`}
          >
            <Swatch slot={slotOf(model, line, i)} />
            <span>{line.name}</span>
            <b>{formatValue(model, summarize(line.values).last)}</b>
          </button>
        </li>
      ))}
    </ul>
  );
}

const MAX_ROWS = 200;

export function TableLegend(props: Props) {
  const { model } = props;
  const shown = model.lines.slice(0, MAX_ROWS);
  return (
    <div class="legend-table scroll-x">
      <table>
        <caption class="sr">Series of the graph above</caption>
        <thead>
          <tr>
            <th scope="col">Series</th>
            <th scope="col" class="num">min</th>
            <th scope="col" class="num">mean</th>
            <th scope="col" class="num">max</th>
            <th scope="col" class="num">last</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((line, i) => {
            const sum = summarize(line.values);
            return (
              <tr key={line.key} class={model.hidden.has(line.key) ? "off" : ""}>
                <th scope="row">
                  <button
                    type="button" class="legend-item" aria-pressed={!model.hidden.has(line.key)} onClick={clickHandler(props, line)}
                    title="Click to show alone, Ctrl click to hide"
                  >
                    <Swatch slot={slotOf(model, line, i)} />
                    <span class="mono">{line.name}</span>
                  </button>
                </th>
                <td class="num">{formatValue(model, sum.min)}</td>
                <td class="num">{formatValue(model, sum.mean)}</td>
                <td class="num">{formatValue(model, sum.max)}</td>
                <td class="num">{formatValue(model, sum.last)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {model.lines.length > MAX_ROWS && <p class="note">{model.lines.length - MAX_ROWS} more series are drawn but not listed. Narrow the query to see them.</p>}
    </div>
  );
}
