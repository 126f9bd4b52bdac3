import type { Overview } from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { healthQuery, overviewQuery } from "../../api/queries.ts";
import { plural } from "../../format/size.ts";
import { agoInWords } from "../../format/time.ts";
import { SampleOffer } from "../../ui/sample-offer.tsx";
import { Empty } from "../../ui/states.tsx";
import { Shown } from "../../ui/text.tsx";
import { useNow } from "../../ui/when.tsx";

/** A quiet queue proves that it can see, or says what to do so that it will. */
export function NoIncidents({ filter }: { readonly filter: string }) {
  const { data } = useQuery(overviewQuery);
  const health = useQuery(healthQuery);
  if (!data || !health.data) return null;
  const open = filter === "status:open";
  if (open && !health.data.items.some((it) => it.kind !== "scan")) return <FirstStart of={data} />;
  return (
    <Empty title={open ? "No open incident" : "No incident matches the filter"}>
      <Seen of={data} />
      {data.silent.length > 0 && (
        <p>
          <Shown>{data.silent.join(", ")}</Shown> {data.silent.length === 1 ? "is" : "are"} silent: what happens there
          is not seen. <Link to="/sources">Sources</Link> says why.
        </p>
      )}
      <p>
        <Link to="/incidents" search={{ filter: "" }}>
          All incidents
        </Link>
      </p>
    </Empty>
  );
}

function Seen({ of: data }: { readonly of: Overview }) {
  const now = useNow();
  const last = data.lastAlertAt === undefined ? "no alert yet" : `last alert ${agoInWords(data.lastAlertAt, now)}`;
  return (
    <p>
      {data.sending} of {plural(data.sources, "source")} sent {plural(data.events24h, "event")} in 24 h; {last}.
    </p>
  );
}

/** Nothing but scans yet: what they found, and what to do so that more is seen. */
function FirstStart({ of: { scan, models } }: { readonly of: Overview }) {
  return (
    <Empty title="No open incident, and no source of logs yet">
      <p>
        {scan.state === "running" && "This machine is being scanned. "}
        {scan.state === "failed" && "The scan of this machine failed. "}
        {models > 0 ? (
          <>
            Scans found <Link to="/models">{plural(models, "model")}</Link>. What happens to them cannot be seen without
            logs.
          </>
        ) : (
          "What happens to your models cannot be seen without logs."
        )}
      </p>
      <ol>
        <li>
          Name the models that matter: <code>npx outweigh init</code> proposes a register from a scan.
        </li>
        <li>
          Name logs that you have: <code>npx outweigh up --logs PATH</code>, or <code>sources:</code> in{" "}
          <code>outweigh.yml</code>.
        </li>
        <li>
          Try it on old logs first: <code>npx outweigh replay FILES…</code> prints what would have been an incident.
        </li>
      </ol>
      <SampleOffer />
    </Empty>
  );
}
