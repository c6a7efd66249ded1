import { formatStamp, formatUtc } from "../base/clock";
import { describeRange, shortRange } from "../base/range";
import { canZoomBack, range, shiftBy, span, zoomBack, zoomBy } from "../state/timerange";
import { Icon } from "../ui/Icon";
import { lazy } from "../ui/lazy";
import { Menu } from "../ui/Menu";

const RangeBox = lazy(() => import("./RangeBox").then((m) => m.RangeBox));

export function RangePicker() {
  const { from, to } = span.value;
  const detail = `${formatStamp(from)} to ${formatStamp(to)}\n${formatUtc(from)} to ${formatUtc(to)}`;
  return (
    <div class="btn-group range" title={detail}>
      <button type="button" class="btn icon wide-only" aria-label="Half a range back" title="Half a range back (t ←)" onClick={() => shiftBy(-0.5)}>
        <Icon name="left" />
      </button>
      <Menu label={`Time range: ${describeRange(range.value)}`} class="range-button" button={<><Icon name="clock" /><span class="range-long">{describeRange(range.value)}</span><span class="range-short">{shortRange(range.value)}</span></>}>
        {(close) => <RangeBox close={close} />}
      </Menu>
      <button type="button" class="btn icon wide-only" aria-label="Half a range forward" title="Half a range forward (t →)" onClick={() => shiftBy(0.5)}>
        <Icon name="right" />
      </button>
      <button type="button" class="btn icon wide-only" aria-label="Zoom out" title="Zoom out (t -)" onClick={() => zoomBy(2)}>
        <Icon name="zoomOut" />
      </button>
      <button type="button" class="btn icon wide-only" aria-label="Back to the range before" title="Back to the range before (t z, or double click a graph)" disabled={!canZoomBack.value} onClick={zoomBack}>
        <Icon name="undo" />
      </button>
    </div>
  );
}
