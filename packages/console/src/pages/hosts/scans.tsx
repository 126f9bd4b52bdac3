import type { HostDetail, HostScans as Scans, ScanRun } from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { hostScansQuery } from "../../api/queries.ts";
import { count, plural, size } from "../../format/size.ts";
import { span } from "../../format/time.ts";
import { Button } from "../../ui/button.tsx";
import { Bullets, Facts, PaneActions, Section } from "../../ui/parts.tsx";
import { Failed, Waiting } from "../../ui/states.tsx";
import { Middle, Mono, Muted, Shown } from "../../ui/text.tsx";
import { At, useNow } from "../../ui/when.tsx";
import { Order } from "./order-form.tsx";
import { Schedule } from "./schedule.tsx";
import { ScanDiff } from "./scan-diff.tsx";
import { Signed } from "./signed.tsx";
import { scanProgress } from "./words.ts";
import s from "./scans.module.css";

/** A host's scans: the one that runs, when the next is due, and what each changed. */
export function HostScans({ of: it }: { readonly of: HostDetail }) {
  const { host } = it;
  const [open, setOpen] = useState<"scan" | "stop" | "schedule">();
  const { data } = useQuery(hostScansQuery(host.name));
  const waiting = it.orders.find((one) => one.order.verb === "scan" && one.state === "waiting");
  const isEnrolled = host.state !== "revoked";
  return (
    <>
      {isEnrolled && (
        <PaneActions>
          {host.scan ? (
            <Button look="main" onClick={() => setOpen("stop")}>
              Cancel the scan
            </Button>
          ) : (
            <Button look="main" onClick={() => setOpen("scan")}>
              Scan this host
            </Button>
          )}
          <Button onClick={() => setOpen("schedule")}>Schedule scans</Button>
        </PaneActions>
      )}
      <Now of={it} waiting={waiting !== undefined} schedule={data?.schedule} />
      <ScanHistory host={host.name} />
      {open === "scan" && (
        <Order
          host={host}
          order={{ verb: "scan", roots: [] }}
          says="Scan what its agent was started on"
          onClose={() => setOpen(undefined)}
        />
      )}
      {open === "stop" && (
        <Order host={host} order={{ verb: "stop-scan" }} says="Stop its scan" onClose={() => setOpen(undefined)} />
      )}
      {open === "schedule" && <Schedule host={host} schedule={data?.schedule} onClose={() => setOpen(undefined)} />}
    </>
  );
}

interface NowProps {
  readonly of: HostDetail;
  readonly waiting: boolean;
  readonly schedule: Scans["schedule"];
}

function Now({ of: { host }, waiting, schedule }: NowProps) {
  const now = useNow();
  const { scan } = host;
  return (
    <Section title="Now">
      {scan ? (
        <>
          <p>
            {scanProgress(scan)}, for {span(now - scan.startedAt)}
          </p>
          {scan.phase !== "walking" && (
            <progress
              className={s.progress}
              max={Math.max(1, scan.candidates)}
              value={scan.done}
              aria-label="Progress"
            />
          )}
        </>
      ) : waiting ? (
        <p>It is asked for a scan, and has not begun.</p>
      ) : (
        <Muted>No scan runs.</Muted>
      )}
      <p>
        {schedule ? (
          <>
            Scanned every {everyText(schedule.everyHours)}, next at <At at={schedule.nextAt} />, as{" "}
            <Shown>{schedule.by}</Shown> set it.
          </>
        ) : (
          <Muted>No schedule is set here. Its agent may have one of its own: outweigh agent run --every.</Muted>
        )}
      </p>
    </Section>
  );
}

function everyText(hours: number): string {
  return hours % 24 === 0 ? plural(hours / 24, "day") : plural(hours, "hour");
}

/** Every scan that is remembered of a host, with or without an agent. */
export function ScanHistory({ host }: { readonly host: string }) {
  const { data, error, refetch } = useQuery(hostScansQuery(host));
  if (error && !data) return <Failed what="Its scans cannot be read" error={error} again={() => void refetch()} />;
  if (!data) return <Waiting lines={6} />;
  const [latest] = data.runs;
  return (
    <>
      <Section title="Scans" aside={<Muted>{count(data.runs.length)}</Muted>}>
        {data.runs.length === 0 && (
          <p>None is remembered{data.looked.length > 0 && ": the last one came before they were"}.</p>
        )}
        {data.runs.map((it) => (
          <Run of={it} isLatest={it === latest} key={it.at} />
        ))}
      </Section>
      {latest && <NotSeen of={data} />}
      {data.asked.length > 0 && <Asked of={data.asked} />}
    </>
  );
}

function Run({ of: it, isLatest }: { readonly of: ScanRun; readonly isLatest: boolean }) {
  const [open, setOpen] = useState(isLatest);
  return (
    <div className={s.run}>
      <div className={s.head}>
        <Button look="quiet" onClick={() => setOpen(!open)}>
          {open ? "−" : "+"}
        </Button>
        <strong>
          <At at={it.at} />
        </strong>
        <Muted>
          {plural(it.copies, "copy", "copies")}, {plural(it.paths, "theft path")}
          {it.pathsBefore !== undefined && it.pathsBefore !== it.paths && `, ${count(it.pathsBefore)} before`},{" "}
          {plural(it.filesSeen, "file")} in {span(it.at - it.startedAt)}
        </Muted>
      </div>
      {open && (
        <div className={s.more}>
          <ScanDiff of={it.change} />
          <Facts
            rows={[
              ["Folders", it.roots.length === 0 ? "none" : <Bullets items={it.roots} key="roots" />],
              ["Read", size(it.bytesRead)],
              ["Tokens found", count(it.tokens)],
              ["Listeners", count(it.listeners)],
              ["Not seen", count(it.notSeen)],
              ["Signed", <Signed of={it.signed} key="signed" />],
              ["Program", <Shown key="version">{it.version}</Shown>],
              [
                "SHA-256 of the report",
                <Middle copy key="digest">
                  {it.digest}
                </Middle>,
              ],
            ]}
          />
        </div>
      )}
    </div>
  );
}

/** Exactly what was asked of clouds: as `clouds` in outweigh.yml say. */
function Asked({ of }: { readonly of: Scans["asked"] }) {
  return (
    <Section title="Asked of clouds" aside={<Muted>{plural(of.length, "request")}</Muted>}>
      {of.map((it, i) => (
        <div className={s.line} key={i}>
          <Mono>{`${it.method} ${it.url}`}</Mono>
          <Muted>
            <Shown>{it.cloud}</Shown>
            {it.status !== undefined && ` · ${it.status}`}
            {it.problem !== undefined && (
              <>
                {" · "}
                <Shown>{it.problem}</Shown>
              </>
            )}
          </Muted>
        </div>
      ))}
    </Section>
  );
}

function NotSeen({ of: it }: { readonly of: Scans }) {
  const blind = it.looked.filter((one) => !one.complete);
  return (
    <Section title="What is not seen of it" aside={<Muted>{count(it.notSeen.length + blind.length)}</Muted>}>
      {it.notSeen.length + blind.length === 0 && <Muted>Nothing that the scan knows of.</Muted>}
      <Bullets
        items={[
          ...blind.map(({ kind, why }) => `${kind}: ${why ?? "not everywhere"}`),
          ...it.notSeen.slice(0, 50).map(({ what, why }) => `${what}: ${why}`),
        ]}
      />
      {it.notSeen.length > 50 && <Muted>{count(it.notSeen.length - 50)} more.</Muted>}
    </Section>
  );
}
