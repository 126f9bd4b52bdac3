import type { Posture } from "@outweigh/schema";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useRouter } from "@tanstack/react-router";
import { addresses } from "../../api/address.ts";
import { postureQuery } from "../../api/queries.ts";
import { keep } from "../../api/client.ts";
import { count, plural } from "../../format/size.ts";
import { Button } from "../../ui/button.tsx";
import { Actions, Dotted, Page, Section, Tabs, Title } from "../../ui/parts.tsx";
import { useUrl } from "../../ui/list-state.ts";
import { useShortcuts } from "../../ui/shortcuts.ts";
import { Empty, Failed, Problem, Waiting } from "../../ui/states.tsx";
import { Mono, Muted, Shown } from "../../ui/text.tsx";
import { At } from "../../ui/when.tsx";
import { Controls } from "./controls.tsx";
import { Coverage, Techniques } from "./coverage.tsx";
import { Paths } from "./paths.tsx";
import { Vectors } from "./vectors.tsx";
import s from "./posture.module.css";

const tabs = [
  { id: "controls", title: "Controls" },
  { id: "paths", title: "Theft paths" },
  { id: "coverage", title: "Who looks where" },
] as const;
type TabId = (typeof tabs)[number]["id"];

/** Which controls hold and what proves it, how models could be taken, and what is looked at. */
export function PosturePage() {
  const router = useRouter();
  const { search, go } = useUrl();
  const space = /^space:([\w.-]+)$/.exec(search.filter ?? "")?.[1];
  const { data, error, errorUpdatedAt, refetch } = useQuery(postureQuery(space));
  useShortcuts({
    back: () => {
      if (search.sel !== undefined) go({ sel: undefined }, true);
      else if (router.history.canGoBack()) router.history.back();
    },
  });
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
  const { search, go } = useUrl();
  const tab: TabId = tabs.find(({ id }) => id === search.tab)?.id ?? "controls";
  const taken = useMutation({
    mutationFn: (as: string) => keep(addresses.postureExport(as, it.space), `outweigh-controls.${as}`),
  });
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
                it.space !== undefined && `in ${it.space}`,
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
      actions={
        <Actions>
          {(["csv", "sarif", "json"] as const).map((as) => (
            <Button
              onClick={() => taken.mutate(as)}
              disabled={taken.isPending}
              label={`Take it as ${as.toUpperCase()}`}
              key={as}
            >
              {as.toUpperCase()}
            </Button>
          ))}
        </Actions>
      }
      tabs={<Tabs label="Of posture" tabs={tabs} value={tab} onChange={(id) => go({ tab: id, sel: undefined })} />}
      side={<Side of={it} />}
    >
      {taken.error && <Problem error={taken.error} />}
      {tab === "controls" && it.controls.length === 0 && <Empty title="No controls came with this server" />}
      {tab === "controls" && <Controls of={it.controls} />}
      {tab === "paths" && <Paths of={it} />}
      {tab === "coverage" && (
        <>
          <Coverage of={it.coverage} />
          {it.vectors && <Vectors of={it.vectors} />}
          <Techniques of={it.techniques} />
        </>
      )}
    </Page>
  );
}

function Side({ of: it }: { readonly of: Posture }) {
  const { go } = useUrl();
  return (
    <>
      {it.spaces.length > 0 && (
        <Section title="Of which models">
          <div className={s.spaces}>
            <Button look={it.space === undefined ? "main" : "quiet"} onClick={() => go({ filter: undefined })}>
              All
            </Button>
            {it.spaces.map((name) => (
              <Button
                look={it.space === name ? "main" : "quiet"}
                onClick={() => go({ filter: `space:${name}`, sel: undefined, by: undefined })}
                key={name}
              >
                {name}
              </Button>
            ))}
          </div>
        </Section>
      )}
      <Section title="Told from scans of" aside={<Muted>{count(it.scans.length)}</Muted>}>
        {it.scans.length === 0 && <Muted>None. Scans of other hosts come from their agents.</Muted>}
        {it.scans.map(({ host, finishedAt }) => (
          <p key={`${host} ${finishedAt}`}>
            <Link to="/scans/$host" params={{ host: host ?? "this host" }}>
              <Shown>{host ?? "a host without a name"}</Shown>
            </Link>{" "}
            <Muted>
              <At at={Date.parse(finishedAt)} />
            </Muted>
          </p>
        ))}
      </Section>
      <Section title="Mitigations of ATLAS">
        {it.mitigations.map(({ id, name, passed, tested }) => (
          <p key={id}>
            <Mono>{id}</Mono> {name !== undefined && <Shown>{`${name}: `}</Shown>}
            {count(passed)} of {count(tested)} controls pass
          </p>
        ))}
        <Muted>Each control carries a mitigation out in part. None says that it is done.</Muted>
      </Section>
    </>
  );
}
