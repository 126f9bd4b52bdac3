import type { Posture } from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { Link, useRouter } from "@tanstack/react-router";
import { postureQuery } from "../../api/queries.ts";
import { count, plural } from "../../format/size.ts";
import { Dotted, Page, Section, Title } from "../../ui/parts.tsx";
import { useShortcuts } from "../../ui/shortcuts.ts";
import { Empty, Failed, Waiting } from "../../ui/states.tsx";
import { Mono, Muted, Shown } from "../../ui/text.tsx";
import { At } from "../../ui/when.tsx";
import { PathList } from "../models/paths.tsx";
import { Controls } from "./controls.tsx";
import { Coverage } from "./coverage.tsx";

/** Most theft paths drawn: the quickest ones are what one mends first. */
const maxDrawn = 25;

/** Which controls hold and what proves it, how models could be taken, and what is looked at. */
export function PosturePage() {
  const router = useRouter();
  const { data, error, errorUpdatedAt, refetch } = useQuery(postureQuery);
  useShortcuts({ back: () => router.history.canGoBack() && router.history.back() });
  if (data) return <Told of={data} />;
  if (!error) return <Waiting lines={12} />;
  return (
    <Failed
      what="Posture cannot be read"
      error={error}
      since={errorUpdatedAt}
      again={() => void refetch()}
      stillWorks="outweigh scan says on each host how its models could be taken."
    />
  );
}

function Told({ of: it }: { readonly of: Posture }) {
  const failed = it.controls.filter(({ state }) => state === "fail").length;
  const unknown = it.controls.filter(({ state }) => state === "unknown").length;
  return (
    <Page
      title="Posture"
      crumb={<Muted>What holds before anything happens</Muted>}
      head={
        <Title
          meta={
            <Dotted>
              {[
                `${count(failed)} of ${count(it.controls.length)} controls failed`,
                `${count(unknown)} could not be told`,
                plural(it.pathCount, "theft path"),
              ]}
            </Dotted>
          }
        >
          Posture
        </Title>
      }
      side={<Side of={it} />}
    >
      {it.controls.length === 0 && <Empty title="No controls came with this server" />}
      <Controls of={it.controls} />
      <Section title="How models could be taken" aside={<Muted>{count(it.pathCount)}</Muted>}>
        {it.pathCount === 0 && <NoPath scans={it.scans.length} />}
        <PathList of={it.paths.slice(0, maxDrawn)} withModel />
        {it.pathCount > maxDrawn && (
          <Muted>
            {count(it.pathCount - maxDrawn)} more take longer; each model's page and outweigh scan --json have them.
          </Muted>
        )}
      </Section>
      <Coverage of={it.coverage} />
    </Page>
  );
}

function NoPath({ scans }: { readonly scans: number }) {
  if (scans > 0) return <Muted>None was found in {count(scans)} scans. The controls say what was not looked at.</Muted>;
  return (
    <p>
      Nothing was scanned yet: <Mono>outweigh scan</Mono> on a host, or ask one of the <Link to="/hosts">hosts</Link>.
    </p>
  );
}

function Side({ of: it }: { readonly of: Posture }) {
  return (
    <>
      <Section title="Told from scans of" aside={<Muted>{count(it.scans.length)}</Muted>}>
        {it.scans.length === 0 && <Muted>None. Scans of other hosts come from their agents.</Muted>}
        {it.scans.map(({ host, finishedAt }) => (
          <p key={`${host} ${finishedAt}`}>
            <Shown>{host ?? "a host without a name"}</Shown>{" "}
            <Muted>
              <At at={Date.parse(finishedAt)} />
            </Muted>
          </p>
        ))}
      </Section>
      <Section title="Mitigations of ATLAS">
        {it.mitigations.map(({ id, passed, tested }) => (
          <p key={id}>
            <Mono>{id}</Mono> {count(passed)} of {count(tested)} controls pass
          </p>
        ))}
        <Muted>Each control carries a mitigation out in part. None says that it is done.</Muted>
      </Section>
    </>
  );
}
