/** Retention: which samples stay how long, how much room they take, and when the next file goes. */
import type { StorageFacts, Tier } from "../api/storage";
import { strokeOf } from "../base/palette";
import { formatUnit } from "../base/units";
import { theme } from "../state/theme";
import { Moment } from "../ui/bits";
import { keptFor, nameOf, sharesOf, spanOf } from "./tiers";

function Row({ tier }: { tier: Tier }) {
  const files = tier.files ?? 0;
  return (
    <tr>
      <th scope="row" class={tier.kind === "rule" ? "mono wrap" : "wrap"}>{nameOf(tier)}</th>
      <td class="num" data-label="kept for">{keptFor(tier)}</td>
      <td class="num" data-label="there is">{tier.kind === "rule" ? "" : spanOf(tier) || <span class="soft">nothing yet</span>}</td>
      <td class="num" data-label="on disk">{tier.kind === "rule" ? "" : <span title={`${files} file${files === 1 ? "" : "s"}`}>{formatUnit(tier.bytes ?? 0, "bytes")}</span>}</td>
      <td class="num" data-label="next clean-up">{tier.nextCleanup === undefined ? <span class="soft">none</span> : <Moment ms={tier.nextCleanup} relative />}</td>
    </tr>
  );
}

export function Kept({ storage }: { storage: StorageFacts }) {
  const shares = sharesOf(storage);
  const color = (i: number) => strokeOf(i, theme.value).color;
  const rules = storage.tiers.some((t) => t.kind === "rule");
  return (
    <section class="panel kept" aria-label="What is kept">
      <div class="panel-head"><h2>What is kept</h2><span class="soft">{storage.retentionBytes > 0 ? `at most ${formatUnit(storage.retentionBytes, "bytes")}, the oldest go first` : "by age alone"}</span></div>
      <div class="panel-body">
        <table>
          <thead><tr><th scope="col">what</th><th scope="col" class="num">kept for</th><th scope="col" class="num">there is</th><th scope="col" class="num">on disk</th><th scope="col" class="num">next clean-up</th></tr></thead>
          <tbody>{storage.tiers.map((t, i) => <Row key={i} tier={t} />)}</tbody>
        </table>
        {rules && <p class="note">The first rule that matches a series says how long its samples are kept. The others are kept as “samples as they came”.</p>}
        {shares.length > 0 && (
          <>
            <div class="share-bar" aria-hidden="true">{shares.map((s, i) => <i key={s.name} style={{ flexGrow: s.share, background: color(i) }} />)}</div>
            <ul class="share-list">
              {shares.map((s, i) => <li key={s.name}><i style={{ background: color(i) }} aria-hidden="true" />{s.name} <b>{formatUnit(s.bytes, "bytes")}</b></li>)}
            </ul>
          </>
        )}
      </div>
    </section>
  );
}
