import { Link, useParams } from "@tanstack/react-router";
import { Page, Title } from "../../ui/parts.tsx";
import { Shown } from "../../ui/text.tsx";
import { ScanHistory } from "./scans.tsx";

/** Scans of a host by its name: also of one without an agent. */
export function ScansPage() {
  const { host = "" } = useParams({ strict: false });
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
      <ScanHistory host={host} />
    </Page>
  );
}
