import type { HostDetail } from "@outweigh/schema";
import { Mono } from "../../ui/text.tsx";
import { Empty } from "../../ui/states.tsx";
import { Ago, At } from "../../ui/when.tsx";
import { count } from "../../format/size.ts";

/** No event matches: why that is worth something, or nothing. */
export function NothingSeen({ of: { host }, filter }: { readonly of: HostDetail; readonly filter: string }) {
  return (
    <Empty title="No process handled watched weights in this time">
      {host.state === "reporting" && host.lastSeenAt !== undefined && (
        <p>
          The host is seen: its agent reported <Ago at={host.lastSeenAt} inWords /> and watches{" "}
          {count(host.watchedFiles ?? 0)} files of weights
          {host.tier === "T2" ? ", as the kernel tells it." : ", looking four times a second."}
          {(host.dropped ?? 0) > 0 && ` It lost ${count(host.dropped ?? 0)} lines.`}
        </p>
      )}
      {host.state === "reporting" && host.watchedFiles === 0 && (
        <p>Nothing is watched: no scan found weights there. Ask it for a scan, under Scans.</p>
      )}
      {host.state === "silent" && (
        <p>
          The host is not seen
          {host.lastSeenAt !== undefined && (
            <>
              {" "}
              since <At at={host.lastSeenAt} />
            </>
          )}
          : what happens there is not known.
        </p>
      )}
      {host.state === "waiting" && <p>Its agent has not reported yet: outweigh agent run starts it.</p>}
      {host.state === "revoked" && <p>Its agent was revoked: its reports are refused.</p>}
      {filter !== "" && (
        <p>
          The filter narrows what is looked at: <Mono>{filter}</Mono>
        </p>
      )}
    </Empty>
  );
}
