import { queryInstant } from "../api/prom";
import { formatUnit } from "../base/units";
import { useResource } from "../state/resource";
import { href } from "../state/router";
import { span } from "../state/timerange";
import { ErrorBox } from "../ui/bits";
import { Icon } from "../ui/Icon";
import { toFilesystems } from "./filesystems";
import { type Host, filesystemQuery, hostKey, hostSelector } from "./host";

const WARN_SHARE = 0.8;
const DANGER_SHARE = 0.9;

export function Disks({ host }: { host: Host }) {
  const disks = useResource(`disks ${hostKey(host)}`, async (signal) => {
    const { data } = await queryInstant(filesystemQuery(host), span.peek().to / 1000, signal);
    return toFilesystems(data.resultType === "vector" ? data.result : []);
  });
  const s = hostSelector(host);
  const expr = `1 - node_filesystem_avail_bytes${s} / node_filesystem_size_bytes${s}`;
  return (
    <section class="panel" aria-labelledby="disks-title">
      <div class="panel-head">
        <h2 id="disks-title" class="grow">Disk space</h2>
        <a class="btn icon bare" href={href("/explore", { q: expr, unit: "ratio" })} aria-label="Open disk space in Explore" title="Open in Explore">
          <Icon name="explore" />
        </a>
      </div>
      <div class="panel-body disks">
        {disks.error && <ErrorBox error={disks.error} />}
        {disks.data?.length === 0 && <p class="soft">No file system is reported.</p>}
        <ul>
          {disks.data?.map((d) => {
            const tone = d.usedShare >= DANGER_SHARE ? "danger" : d.usedShare >= WARN_SHARE ? "warn" : "";
            return (
              <li key={d.mount} title={d.device}>
                <div class="row">
                  <b class="mono grow wrap">{d.mount}</b>
                  {tone && <Icon name={tone === "danger" ? "cross" : "warning"} />}
                  <span>{formatUnit(d.usedShare, "ratio")} used</span>
                </div>
                <div class={`bar ${tone}`} role="img" aria-label={`${d.mount}: ${formatUnit(d.usedShare, "ratio")} used`}>
                  <i style={{ width: `${d.usedShare * 100}%` }} />
                </div>
                <span class="soft">{formatUnit(d.availBytes, "bytes")} free of {formatUnit(d.sizeBytes, "bytes")}</span>
              </li>
            );
          })}
        </ul>
      </div>
    </section>
  );
}
