import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { Frame } from "./pages/frame/frame.tsx";
import { Lost, PageFailed } from "./pages/frame/lost.tsx";
import { basepath } from "./sample/mode.ts";
import type { Leaving } from "./ui/shortcuts.ts";
import { parseSearch, printSearch, readSearch } from "./search.ts";

const root = createRootRoute({
  component: Frame,
  validateSearch: readSearch,
  notFoundComponent: Lost,
  errorComponent: PageFailed,
});

const start = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/incidents", replace: true });
  },
});

const lazyPages: ReturnType<typeof lazyRouteComponent>[] = [];

const page = <Path extends string>(path: Path, component: ReturnType<typeof lazyRouteComponent>) => {
  lazyPages.push(component);
  return createRoute({ getParentRoute: () => root, path, component, errorComponent: PageFailed });
};

/** Loads the other pages once the first one stands, so that a key is answered at once. They are small. */
export function warmPages(): void {
  requestIdleCallback(() => {
    for (const it of lazyPages) void it.preload?.();
  });
}

const incidents = page(
  "/incidents",
  lazyRouteComponent(() => import("./pages/incidents/list.tsx"), "IncidentList"),
);
const incident = page(
  "/incidents/$id",
  lazyRouteComponent(() => import("./pages/incidents/detail.tsx"), "IncidentPage"),
);
const alerts = page(
  "/alerts",
  lazyRouteComponent(() => import("./pages/alerts/list.tsx"), "AlertList"),
);
const alert = page(
  "/alerts/$id",
  lazyRouteComponent(() => import("./pages/alerts/detail.tsx"), "AlertPage"),
);
const events = page(
  "/events",
  lazyRouteComponent(() => import("./pages/events/list.tsx"), "EventList"),
);
const watched = page(
  "/watched",
  lazyRouteComponent(() => import("./pages/watched/list.tsx"), "WatchedList"),
);
const entity = page(
  "/entities/$kind/$name",
  lazyRouteComponent(() => import("./pages/entities/detail.tsx"), "EntityPage"),
);
const models = page(
  "/models",
  lazyRouteComponent(() => import("./pages/models/list.tsx"), "ModelList"),
);
const model = page(
  "/models/$name",
  lazyRouteComponent(() => import("./pages/models/detail.tsx"), "ModelPage"),
);
const sources = page(
  "/sources",
  lazyRouteComponent(() => import("./pages/sources/list.tsx"), "SourceList"),
);
const hosts = page(
  "/hosts",
  lazyRouteComponent(() => import("./pages/hosts/list.tsx"), "HostList"),
);
const host = page(
  "/hosts/$id",
  lazyRouteComponent(() => import("./pages/hosts/detail.tsx"), "HostPage"),
);
const scans = page(
  "/scans/$host",
  lazyRouteComponent(() => import("./pages/hosts/scans-page.tsx"), "ScansPage"),
);
const clients = page(
  "/clients",
  lazyRouteComponent(() => import("./pages/clients/list.tsx"), "ClientList"),
);
const client = page(
  "/clients/$id",
  lazyRouteComponent(() => import("./pages/clients/detail.tsx"), "ClientPage"),
);
const beside = page(
  "/clients/$id/beside/$other",
  lazyRouteComponent(() => import("./pages/clients/beside.tsx"), "BesidePage"),
);
const clientKeys = page(
  "/client-keys",
  lazyRouteComponent(() => import("./pages/clients/keys.tsx"), "ClientKeyList"),
);
const captures = page(
  "/captures",
  lazyRouteComponent(() => import("./pages/clients/captures.tsx"), "CaptureList"),
);
const posture = page(
  "/posture",
  lazyRouteComponent(() => import("./pages/posture/posture.tsx"), "PosturePage"),
);
const rules = page(
  "/rules",
  lazyRouteComponent(() => import("./pages/rules/list.tsx"), "RuleList"),
);
const ownRules = page(
  "/own-rules",
  lazyRouteComponent(() => import("./pages/own-rules/list.tsx"), "OwnRuleList"),
);
const ownDraft = page(
  "/own-rules/draft",
  lazyRouteComponent(() => import("./pages/own-rules/draft.tsx"), "OwnDraftPage"),
);
const actions = page(
  "/actions",
  lazyRouteComponent(() => import("./pages/actions/list.tsx"), "ActionList"),
);
const settings = page(
  "/settings",
  lazyRouteComponent(() => import("./pages/settings/settings.tsx"), "Settings"),
);
const invitation = page(
  "/invitation",
  lazyRouteComponent(() => import("./pages/sign-in/invitation.tsx"), "Invitation"),
);
const report = page(
  "/report",
  lazyRouteComponent(() => import("./pages/report/page.tsx"), "ReportPage"),
);
const evidence = page(
  "/evidence",
  lazyRouteComponent(() => import("./pages/evidence/list.tsx"), "EvidenceList"),
);

export const router = createRouter({
  routeTree: root.addChildren([
    start,
    incidents,
    incident,
    alerts,
    alert,
    events,
    watched,
    entity,
    models,
    model,
    sources,
    hosts,
    host,
    scans,
    clients,
    client,
    beside,
    clientKeys,
    captures,
    posture,
    rules,
    ownRules,
    ownDraft,
    actions,
    evidence,
    report,
    settings,
    invitation,
  ]),
  basepath,
  parseSearch,
  stringifySearch: printSearch,
  defaultPreload: "intent",
  scrollRestoration: false,
});

/** For keys that are pressed between two pages. */
export const leaving: Leaving = {
  now: () => router.state.status === "pending",
  // Once more behind the effects in which the new page starts to listen.
  arrived: (then) => void router.subscribe("onResolved", () => setTimeout(then)),
};

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
