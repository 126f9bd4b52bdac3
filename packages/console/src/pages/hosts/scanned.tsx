import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { hostScansQuery, postureQuery } from "../../api/queries.ts";
import { count, plural } from "../../format/size.ts";
import { Section } from "../../ui/parts.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import { At } from "../../ui/when.tsx";

/** Most hosts that are told here: each asks once. */
const maxShown = 10;

/** Hosts that were scanned although none has an agent: this machine, at the server's start, first of all. */
export function ScannedHosts() {
  const { data } = useQuery(postureQuery(undefined));
  const hosts = [...new Set((data?.scans ?? []).map((it) => it.host ?? "this host"))];
  if (hosts.length === 0) return undefined;
  return (
    <Section title="Scanned, without an agent" aside={<Muted>{count(hosts.length)}</Muted>}>
      {hosts.slice(0, maxShown).map((it) => (
        <Scanned host={it} key={it} />
      ))}
      {hosts.length > maxShown && <Muted>{count(hosts.length - maxShown)} more.</Muted>}
      <Muted>A scan tells what lay there then. Enrol the host to see what happens to it.</Muted>
    </Section>
  );
}

/** What the latest scan of a host knows of it. */
function Scanned({ host }: { readonly host: string }) {
  const { data } = useQuery(hostScansQuery(host));
  const run = data?.runs[0];
  return (
    <p>
      <Link to="/scans/$host" params={{ host }}>
        <Shown>{host}</Shown>
      </Link>{" "}
      {run && (
        <Muted>
          {plural(run.copies, "copy", "copies")} of models, {plural(run.paths, "theft path")},{" "}
          {plural(run.listeners, "listener")}, {plural(run.tokens, "token")} in {plural(run.filesSeen, "file")}, scanned
          at <At at={run.at} />
        </Muted>
      )}
    </p>
  );
}
