import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { includesRole, type Grant, type Overview, type Role } from "@outweigh/schema";
import { ApiError } from "../../api/client.ts";
import { listen } from "../../api/live.ts";
import { overviewQuery, sessionQuery } from "../../api/queries.ts";
import { count } from "../../format/size.ts";
import { shortcuts, type ShortcutId } from "../../keys.ts";
import { nextTheme } from "../../preferences.ts";
import { isSample } from "../../sample/mode.ts";
import { Keys } from "../../ui/button.tsx";
import { useShortcuts, type Handlers } from "../../ui/shortcuts.ts";
import { Failed } from "../../ui/states.tsx";
import { Account } from "./account.tsx";
import { Footer } from "./footer.tsx";
import { SampleMark } from "./sample-mark.tsx";
import s from "./frame.module.css";

const Guide = lazy(() => import("./guide.tsx").then((it) => ({ default: it.Guide })));
const SignIn = lazy(() => import("../sign-in/sign-in.tsx").then((it) => ({ default: it.SignIn })));
const Palette = lazy(() => import("./palette.tsx").then((it) => ({ default: it.Palette })));

/** What stands around every page: where one can go, and whether the console can see. */
export function Frame() {
  const isInvited = useLocation({ select: (it) => it.pathname === "/invitation" });
  const session = useQuery({ ...sessionQuery, enabled: !isInvited });
  // Who comes by an invitation has no session, and may be somebody else than who has one here.
  if (isInvited) return <Outlet />;
  if (session.isError) return <NoSession error={session.error} again={() => void session.refetch()} />;
  if (session.isPending) return null;
  return <SignedIn />;
}

function SignedIn() {
  const [open, setOpen] = useState<"guide" | "palette">();
  useEffect(() => (isSample ? undefined : listen()), []);
  useGoing();
  useShortcuts({ guide: () => setOpen("guide"), palette: () => setOpen("palette"), theme: nextTheme });
  return (
    <div className={s.frame}>
      {isSample && <SampleMark />}
      <Nav onGuide={() => setOpen("guide")} onPalette={() => setOpen("palette")} />
      <main className={s.main}>
        <Outlet />
      </main>
      <Footer />
      <Suspense>
        {open === "guide" && <Guide onClose={() => setOpen(undefined)} />}
        {open === "palette" && <Palette onClose={() => setOpen(undefined)} />}
      </Suspense>
    </div>
  );
}

/** The "Go" shortcuts of the table. */
function useGoing(): void {
  const navigate = useNavigate();
  const going: Handlers = {};
  for (const it of shortcuts) {
    if ("to" in it) going[it.id as ShortcutId] = () => void navigate({ to: it.to });
  }
  useShortcuts(going);
}

type Counted = "openIncidents" | "alerts" | "models" | "sources" | "hosts" | "clients" | "rules" | "actions";

interface Place {
  readonly to: string;
  readonly title: string;
  readonly counts?: Counted;
  /** Pages that are reached from it, and lie in no group of their own. */
  readonly holds?: readonly string[];
  /** Begins a group. */
  readonly apart?: true;
  /** The role that it needs everywhere: who has it in some spaces alone finds nothing there. */
  readonly everywhere?: Role;
  /** The role that it needs in any space. */
  readonly needs?: Role;
}

/** What happened; what is protected, and from whom; by what we see it; what was done about it. */
const pages: readonly Place[] = [
  { to: "/incidents", title: "Incidents", counts: "openIncidents" },
  { to: "/alerts", title: "Alerts", counts: "alerts" },
  { to: "/events", title: "Events", needs: "analyst" },
  { to: "/watched", title: "Watched" },
  { to: "/models", title: "Models", counts: "models", apart: true },
  { to: "/posture", title: "Posture", holds: ["/scans"] },
  { to: "/hosts", title: "Hosts", counts: "hosts", everywhere: "viewer" },
  { to: "/clients", title: "Clients", counts: "clients", everywhere: "viewer", holds: ["/client-keys", "/captures"] },
  { to: "/sources", title: "Sources", counts: "sources", apart: true, everywhere: "viewer" },
  { to: "/rules", title: "Rules", counts: "rules", holds: ["/own-rules"] },
  { to: "/actions", title: "Actions", counts: "actions", apart: true },
  { to: "/evidence", title: "Evidence", everywhere: "viewer" },
  { to: "/report", title: "Report", everywhere: "viewer" },
  { to: "/settings", title: "Settings", apart: true },
];

function Nav({ onGuide, onPalette }: { readonly onGuide: () => void; readonly onPalette: () => void }) {
  const { data } = useQuery(overviewQuery);
  const { data: session } = useQuery(sessionQuery);
  const here = useLocation({ select: (it) => it.pathname });
  return (
    <nav className={s.nav} aria-label="Pages">
      <span className={s.brand}>Outweigh</span>
      {pages
        .filter((it) => isOpenTo(it, session?.user.grants))
        .map(({ to, title, counts, apart, holds = [] }) => (
          <Link
            to={to}
            className={`${s.link} ${apart ? s.apart : ""} ${holds.some((it) => here.startsWith(it)) ? s.within : ""}`}
            key={to}
          >
            {title}
            <span>{counts && data ? shownCount(data, counts) : ""}</span>
          </Link>
        ))}
      <span className={s.spring} />
      <button type="button" className={s.tool} onClick={onPalette}>
        Find anything <Keys of="palette" />
      </button>
      <button type="button" className={s.tool} onClick={onGuide}>
        Keys <Keys of="guide" />
      </button>
      <Account className={s.tool ?? ""} />
    </nav>
  );
}

function isOpenTo({ everywhere, needs }: Place, grants: readonly Grant[] = []): boolean {
  if (needs !== undefined) return grants.some((it) => includesRole(it.role, needs));
  return everywhere === undefined || grants.some((it) => it.space === undefined && includesRole(it.role, everywhere));
}

function shownCount(data: Overview, counts: Counted): string {
  return data[counts] === 0 ? "" : count(data[counts]);
}

function NoSession({ error, again }: { readonly error: Error; readonly again: () => void }) {
  if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
    return (
      <Suspense>
        <SignIn />
      </Suspense>
    );
  }
  return (
    <div className={s.signedOut}>
      <Failed
        what="The server cannot be reached"
        error={error}
        again={again}
        stillWorks="Logs that arrive meanwhile are read on from where it stopped. The outweigh command works without it."
      />
    </div>
  );
}
