/** What the server did for each query: its tree, and what every node read, held and took. */
import { describeDuration } from "../base/duration";
import { formatNumber, formatUnit } from "../base/units";
import { type PlanData, type Planned, sharesOf } from "./plan";

const MOST_NODES = 2000;

function Tree({ plan, letter, several }: Planned & { several: boolean }) {
  const shares = sharesOf(plan.nodes);
  const most = Math.max(...shares);
  return (
    <section aria-label={`Plan of query ${letter}`}>
      <p class="note row plan-sums">
        {several && <b>{letter}</b>}
        <span>waited <b>{describeDuration(plan.queueSeconds * 1000)}</b></span>
        <span>parsed and planned in <b>{describeDuration(plan.prepareSeconds * 1000)}</b></span>
        <span>evaluated in <b>{describeDuration(plan.evalSeconds * 1000)}</b></span>
        <span>held <b>{formatUnit(plan.peakBytes, "bytes")}</b> at most</span>
        {plan.cacheSteps > 0 && <span title="This plan evaluated all of them, so that every node is seen."><b>{plan.cachedSteps}</b> of {plan.cacheSteps} steps are kept from earlier answers</span>}
      </p>
      <div class="scroll-x result-table" tabIndex={0} role="group" aria-label="Nodes of the plan">
        <table class="plan">
          <thead>
            <tr><th scope="col">Node</th><th scope="col" class="num">Series</th><th scope="col" class="num">Samples read</th><th scope="col" class="num">With what is below</th><th scope="col">Its own time</th></tr>
          </thead>
          <tbody>
            {plan.nodes.slice(0, MOST_NODES).map((n, i) => (
              <tr key={i} class={shares[i] === most && most > 0 ? "most" : ""}>
                <th scope="row" class="mono" style={{ paddingLeft: `${10 + 18 * Math.min(n.depth, 24)}px` }} title={n.label}>
                  {n.label}
                  {n.once && <span class="tag" title="The same at every step: evaluated at one.">once</span>}
                  {n.shared && <span class="tag" title="Another selector has the same matchers: selected once for both.">shared</span>}
                </th>
                <td class="num">{formatNumber(n.series, 6)}</td>
                <td class="num">{formatNumber(n.samples, 7)}</td>
                <td class="num">{describeDuration(n.seconds * 1000)}</td>
                <td>
                  <div class="plan-own">
                    <div class="bar"><i style={{ width: `${100 * shares[i]!}%` }} /></div>
                    <span class="num">{describeDuration(n.selfSeconds * 1000)}</span>
                  </div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {plan.nodes.length > MOST_NODES && <p class="note">The first {MOST_NODES} of {plan.nodes.length} nodes are shown.</p>}
    </section>
  );
}

export function PlanView({ data }: { data: PlanData }) {
  return <>{data.plans.map((p) => <Tree key={p.letter} {...p} several={data.plans.length > 1} />)}</>;
}
