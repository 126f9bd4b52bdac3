import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { hostScansQuery } from "../../api/queries.ts";
import { Page, Title } from "../../ui/parts.tsx";
import { Shown } from "../../ui/text.tsx";
import { Watch } from "../watched/watch.tsx";
import { ScanHistory } from "./scans.tsx";

/** Scans of a host by its name: also of one without an agent. */
export function ScansPage() {
  const { host = "" } = useParams({ strict: false });
  const { data } = useQuery(hostScansQuery(host));
  return (
    <Page
      title={`Scans of ${host}`}
      crumb={
        <>
          <Link to="/posture">Posture</Link> / <Shown>{host}</Shown>
        </>
      }
      head={<Title>{`Scans of ${host}`}</Title>}
    >
      {data?.watched && <Watch of={data.watched} />}
      <ScanHistory host={host} />
    </Page>
  );
}
