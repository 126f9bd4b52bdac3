import type { CollectorHealth } from "@outweigh/schema";
import { count, plural } from "../../format/size.ts";
import { Facts, Section } from "../../ui/parts.tsx";
import { Mono, Muted, Shown } from "../../ui/text.tsx";
import { Ago, At } from "../../ui/when.tsx";

/** What fetches or receives a source's records by itself: where, how far, and what it did not take. */
export function Collector({ of: it }: { readonly of: CollectorHealth }) {
  const isBucket = it.way === "bucket";
  return (
    <Section title={isBucket ? "Bucket" : "Syslog"} aside={<Muted>since the server's start</Muted>}>
      {it.taken === 0 && it.waiting === 0 && <p>{nextStep(it)}</p>}
      <Facts
        rows={[
          [isBucket ? "Reads" : "Listens on", <Mono key="at">{it.at}</Mono>],
          [isBucket ? "Objects" : "Messages", count(it.taken)],
          ["Digests that hold", it.digests && digestsText(it.digests)],
          ["Newest object", it.position && <Shown key="position">{it.position}</Shown>],
          ["Last listed", it.lastPollAt && <Ago at={it.lastPollAt} key="poll" />],
          ["Last success", it.lastOkAt && <Ago at={it.lastOkAt} key="ok" />],
          ["Tried again", it.waiting === 0 ? undefined : <Failing of={it} key="failing" />],
          ["Not taken", it.shed.length === 0 ? undefined : <Shed of={it} key="shed" />],
          ["Last error", it.lastError && it.waiting === 0 ? <LastError of={it.lastError} key="error" /> : undefined],
        ]}
      />
    </Section>
  );
}

function digestsText({ held, upTo }: NonNullable<CollectorHealth["digests"]>): string {
  return upTo === undefined ? count(held) : `${count(held)}, up to ${upTo}`;
}

/** Nothing came yet: what to look at. */
function nextStep({ way, lastError }: CollectorHealth): string {
  if (lastError) return "Nothing was taken yet. The last error says why.";
  return way === "bucket"
    ? "No new object yet. Are logs delivered below this prefix, and is the look-back long enough?"
    : "Nothing came yet. Point a sender at this address; from elsewhere, only networks named in from: are heard.";
}

function Failing({ of: { waiting, failing } }: { readonly of: CollectorHealth }) {
  return (
    <>
      {plural(waiting, "object")}
      {failing.map(({ object, attempts, nextAt, reason }) => (
        <p key={object}>
          <Shown>{object}</Shown>: <Shown>{reason}</Shown>{" "}
          <Muted>
            {attempts > 0 && `${plural(attempts, "attempt")}, `}again <At at={nextAt} />
          </Muted>
        </p>
      ))}
    </>
  );
}

function Shed({ of: { shed } }: { readonly of: CollectorHealth }) {
  return shed.map(({ reason, count: times }) => (
    <div key={reason}>
      {count(times)} <Shown>{reason}</Shown>
    </div>
  ));
}

function LastError({ of: { at, message } }: { readonly of: NonNullable<CollectorHealth["lastError"]> }) {
  return (
    <>
      <Shown>{message}</Shown>{" "}
      <Muted>
        · <Ago at={at} />
      </Muted>
    </>
  );
}
