import { useMemo, useState } from "preact/hooks";
import { formatUnit, type Unit } from "../base/units";
import { guessUnit } from "../base/guessunit";
import { Empty, LabelChips, Moment } from "../ui/bits";
import { Icon } from "../ui/Icon";
import { type Row, sortRows, toTable } from "./rows";

const PAGE = 200;

interface Props {
  rows: Row[];
  exprs: string[];
  unit: "auto" | Unit;
  atMs: number;
  sort: string;
  onSort(sort: string): void;
}

export function TableView({ rows, exprs, unit, atMs, sort, onSort }: Props) {
  const [count, setCount] = useState(PAGE);
  const table = useMemo(() => toTable(rows), [rows]);
  const sorted = useMemo(() => sortRows(rows, sort), [rows, sort]);
  const several = exprs.length > 1;
  const shownUnit = unit === "auto" ? guessUnit(exprs[0] ?? "") : unit;

  if (rows.length === 0) return <Empty icon="list" title="No series at this moment">Nothing has this name and these labels at the end of the time range.</Empty>;

  const head = (column: string, text: string, kind = "") => {
    const [by, direction] = [sort.slice(0, sort.lastIndexOf(":")), sort.slice(sort.lastIndexOf(":") + 1)];
    const on = by === column;
    return (
      <th scope="col" key={column} class={kind} aria-sort={on ? (direction === "asc" ? "ascending" : "descending") : "none"}>
        <button type="button" class="sort" onClick={() => onSort(`${column}:${on && direction === "desc" ? "asc" : "desc"}`)}>
          {text}
          {on && <Icon name={direction === "asc" ? "up" : "down"} />}
        </button>
      </th>
    );
  };
  return (
    <>
      <p class="note row">
        <span>{rows.length} {rows.length === 1 ? "series" : "series"} at <Moment ms={atMs} /></span>
        {Object.keys(table.shared).length > 0 && <span>all with <LabelChips labels={table.shared} /></span>}
      </p>
      <div class="scroll-x result-table">
        <table>
          <thead>
            <tr>
              {several && head("query", "Query")}
              {table.columns.map((c) => head(c, c === "__name__" ? "metric" : c))}
              {head("value", "Value", "num")}
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, count).map((row, i) => (
              <tr key={i}>
                {several && <td>{row.query}</td>}
                {table.columns.map((c) => <td key={c} class="mono">{row.metric[c] ?? ""}</td>)}
                <td class="num mono value" title={shownUnit === "none" || Number.isNaN(row.value) ? undefined : formatUnit(row.value, shownUnit, 5)}>{row.text}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {sorted.length > count && <button type="button" class="btn" onClick={() => setCount(count + PAGE)}>Show more of {sorted.length - count}</button>}
    </>
  );
}
