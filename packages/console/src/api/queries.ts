// The one query layer: what is read, under which key it is kept, and what is read again after a change.
import {
  accepted,
  accountPage,
  actionPage,
  actionPreview,
  actionRow,
  alertDetail,
  clientDetail,
  clientKeyPage,
  clientPage,
  alertPage,
  entityDetail,
  eventPage,
  eventSummary,
  evidencePage,
  gatewayPage,
  hostActivity,
  hostDetail,
  hostPage,
  hostProcessPage,
  hostScans,
  huntPage,
  incidentDetail,
  incidentGraph,
  incidentPage,
  madeKey,
  packPreview,
  modelDetail,
  modelPage,
  newToken,
  connectionPage,
  connectionTest,
  invitation,
  invited,
  opened,
  orderAnswer,
  overview,
  ownRulePage,
  posture,
  printFilter,
  report,
  ruleDraft,
  rulePage,
  session,
  signInWays,
  sourcePage,
  tokenPage,
  watchedPage,
  type ActionRow,
  type CountedField,
  type EntityKind,
  type Grant,
  type HostOrder,
} from "@outweigh/schema";
import { QueryClient, queryOptions } from "@tanstack/react-query";
import { addresses, listAddress, type ListQuery, type Order, type StatusChange } from "./address.ts";
import { keepKey } from "./key.ts";
import { anything, ApiError, read, send, type Shape } from "./client.ts";

/** Nothing is read again behind a reader's back: live messages say when, and the reader says when rows may move. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Number.POSITIVE_INFINITY,
      gcTime: 10 * 60_000,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      // No answer, or a server that is busy and says so: once more, a second or two later.
      retry: (failures, error) =>
        failures < 2 && error instanceof ApiError && (error.status === 0 || error.status === 503),
    },
  },
});

/** How often the frame is read although no message came, in ms: relative counts such as "in 24 h" move by themselves. */
const overviewMs = 30_000;

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => read(session, addresses.session, signal),
});

export const signInWaysQuery = queryOptions({
  queryKey: ["sign-in"],
  queryFn: ({ signal }) => read(signInWays, addresses.signIn, signal),
});

/** What an invitation is for: read by what its link holds. */
export const invitedQuery = (token: string) =>
  queryOptions({
    queryKey: ["invited", token],
    queryFn: () => send(invited, addresses.invited, { token }),
    retry: false,
  });

export const accountsQuery = queryOptions({
  queryKey: ["accounts"],
  queryFn: ({ signal }) => read(accountPage, addresses.accounts, signal),
  staleTime: 5_000,
});

export const overviewQuery = queryOptions({
  queryKey: ["overview"],
  queryFn: ({ signal }) => read(overview, addresses.overview, signal),
  refetchInterval: overviewMs,
});

/** Whether there are sources at all, and which are silent: for the frame and for lists that have nothing to show. */
export const healthQuery = queryOptions({
  queryKey: ["sources", "health"],
  queryFn: ({ signal }) => lists.sources({ filter: "" }, signal),
  refetchInterval: overviewMs,
});

/** What actions reach outside by: as many as the configuration names. */
export const connectionsQuery = queryOptions({
  queryKey: ["connections"],
  queryFn: ({ signal }) => read(connectionPage, addresses.connections, signal),
  staleTime: 15_000,
});

/** The tokens of all sources: few, and read as one. */
export const tokensQuery = queryOptions({
  queryKey: ["tokens"],
  queryFn: ({ signal }) => read(tokenPage, addresses.tokens, signal),
  staleTime: 15_000,
});

/** What all events of a filter have in common. `total` is how many the list beside it tells of: more of them, and it is read again. */
export const summaryQuery = (filter: string, by: CountedField, total: number) =>
  queryOptions({
    queryKey: ["events", "summary", filter, by, total],
    queryFn: ({ signal }) => read(eventSummary, addresses.summary(filter, by), signal),
  });

/** Incidents that an event may be pinned to. */
export const openIncidentsQuery = queryOptions({
  queryKey: ["incidents", "open"],
  queryFn: ({ signal }) => lists.incidents({ filter: "status:open" }, signal),
  staleTime: 5_000,
});

export const entityQuery = (kind: EntityKind, name: string) =>
  queryOptions({
    queryKey: ["events", "entity", kind, name],
    queryFn: ({ signal }) => read(entityDetail, addresses.entity(kind, name), signal),
    staleTime: 15_000,
  });

export const reportQuery = (days: number) =>
  queryOptions({
    queryKey: ["report", days],
    queryFn: ({ signal }) => read(report, addresses.report(days), signal),
    staleTime: 60_000,
  });

export const draftQuery = (filter: string) =>
  queryOptions({
    queryKey: ["draft", filter],
    queryFn: ({ signal }) => read(ruleDraft, addresses.draft(filter), signal),
  });

/** The hunts that are kept: few, and read as one. */
export const huntsQuery = queryOptions({
  queryKey: ["hunts"],
  queryFn: ({ signal }) => read(huntPage, addresses.hunts, signal),
  staleTime: 15_000,
});

/** What a new client's key is made of. */
export interface NewKey {
  readonly gateway: string;
  readonly principal: string;
  readonly tenant?: string;
  readonly plan?: string;
  readonly models: readonly string[];
  readonly reason: string;
}

/** A page of any list. */
export interface ListPage<Row> {
  readonly items: readonly Row[];
  readonly total: number;
  readonly next?: string | undefined;
}

/** Reads one page of a list. */
export type ReadList<Page> = (query: ListQuery, signal: AbortSignal) => Promise<Page>;

function list<Page>(noun: string, shape: Shape<Page>): ReadList<Page> {
  return (query, signal) => read(shape, listAddress(noun, query), signal);
}

/** The same list, of those alone that a filter leaves, whatever else it is filtered by. */
function within<Page>(filter: string, all: ReadList<Page>): ReadList<Page> {
  return (query, signal) => all({ ...query, filter: `${filter} ${query.filter ?? ""}`.trim() }, signal);
}

export const lists = {
  incidents: list("incidents", incidentPage),
  alerts: list("alerts", alertPage),
  events: list("events", eventPage),
  models: list("models", modelPage),
  sources: list("sources", sourcePage),
  rules: list("rules", rulePage),
  actions: list("actions", actionPage),
  captures: within("verb:capture", list("actions", actionPage)),
  evidence: list("evidence", evidencePage),
  hosts: list("hosts", hostPage),
  clients: list("clients", clientPage),
  "client-keys": list("client-keys", clientKeyPage),
  "own-rules": list("own-rules", ownRulePage),
  watched: list("watched", watchedPage),
};
export type ListName = keyof typeof lists;

export const incidentQuery = (id: string) =>
  queryOptions({
    queryKey: ["incidents", "one", id],
    queryFn: ({ signal }) => read(incidentDetail, addresses.incident(id), signal),
    staleTime: 15_000,
  });

export const incidentGraphQuery = (id: string) =>
  queryOptions({
    queryKey: ["incidents", "one", id, "graph"],
    queryFn: ({ signal }) => read(incidentGraph, addresses.graph(id), signal),
    staleTime: 15_000,
  });

export const alertQuery = (id: string) =>
  queryOptions({
    queryKey: ["alerts", "one", id],
    queryFn: ({ signal }) => read(alertDetail, addresses.alert(id), signal),
    staleTime: 15_000,
  });

export const modelQuery = (name: string) =>
  queryOptions({
    queryKey: ["models", "one", name],
    queryFn: ({ signal }) => read(modelDetail, addresses.model(name), signal),
    staleTime: 15_000,
  });

/** Read again when one comes back to it: what it is told from changes all the time. */
export const postureQuery = (space: string | undefined) =>
  queryOptions({
    queryKey: ["posture", space],
    queryFn: ({ signal }) => read(posture, addresses.posture(space), signal),
    staleTime: 15_000,
  });

export const hostQuery = (id: string) =>
  queryOptions({
    queryKey: ["hosts", "one", id],
    queryFn: ({ signal }) => read(hostDetail, addresses.host(id), signal),
    staleTime: 5_000,
  });

/** Not under "hosts": an agent reports all the time, and these are asked of all its events. */
export const hostActivityQuery = (id: string, filter: string) =>
  queryOptions({
    queryKey: ["activity", id, filter],
    queryFn: ({ signal }) => read(hostActivity, addresses.hostActivity(id, filter), signal),
    staleTime: 15_000,
  });

/** Reads a host's tree of processes, page by page. */
export const hostProcesses = (id: string) => list(`hosts/${encodeURIComponent(id)}/processes`, hostProcessPage);

export const hostScansQuery = (host: string) =>
  queryOptions({
    queryKey: ["models", "one", "scans", host],
    queryFn: ({ signal }) => read(hostScans, addresses.hostScans(host), signal),
    staleTime: 15_000,
  });

/** The first events of one process, in the order of time. */
export const processEventsQuery = (filter: string) =>
  queryOptions({
    queryKey: ["activity", "events", filter],
    queryFn: ({ signal }) => lists.events({ filter, sort: "time" }, signal),
    staleTime: 15_000,
  });

export const incidentsOfQuery = (principal: string) =>
  queryOptions({
    queryKey: ["incidents", "of", principal],
    queryFn: ({ signal }) =>
      lists.incidents(
        { filter: printFilter([{ field: "principal", op: "=", values: [principal], excluded: false }]) },
        signal,
      ),
    enabled: principal !== "",
    staleTime: 15_000,
  });

/** What the receiver of a pack would see, where these kinds are left out. */
export const packPreviewQuery = (incident: string, redact: readonly string[]) =>
  queryOptions({
    queryKey: ["pack-preview", incident, ...redact],
    queryFn: ({ signal }) => read(packPreview, addresses.packPreview(incident, redact), signal),
    staleTime: 0,
    gcTime: 0,
  });

export const clientQuery = (id: string) =>
  queryOptions({
    queryKey: ["clients", "one", id],
    queryFn: ({ signal }) => read(clientDetail, addresses.client(id), signal),
    staleTime: 5_000,
  });

/** The gateways: few, and read as one. */
export const gatewaysQuery = queryOptions({
  queryKey: ["gateways"],
  queryFn: ({ signal }) => read(gatewayPage, addresses.gateways, signal),
  refetchInterval: overviewMs,
});

/** What a person decides. Each resolves when the server has it, and what it changed has been marked for reading again. */
export const decide = {
  assign: async (incident: string, assignee: string | null) => {
    await send(anything, addresses.assign(incident), { assignee });
    await incidentChanged(incident);
  },
  status: async (incident: string, change: StatusChange) => {
    await send(anything, addresses.status(incident), change);
    await incidentChanged(incident);
  },
  comment: async (incident: string, text: string) => {
    await send(anything, addresses.comments(incident), { text });
    await incidentChanged(incident);
  },
  preview: (order: Order) => send(actionPreview, addresses.preview, order),
  apply: async (order: Order & { digest: string; reason: string }) => {
    const done = await send(actionRow, addresses.apply, order);
    await actionChanged(order.incident);
    return done;
  },
  makeToken: async (source: string) => {
    const made = await send(newToken, addresses.tokens, { source });
    await queryClient.invalidateQueries({ queryKey: ["tokens"] });
    return made;
  },
  revokeToken: async (name: string) => {
    await send(anything, addresses.revokeToken(name), {});
    await queryClient.invalidateQueries({ queryKey: ["tokens"] });
  },
  ask: async (host: string, order: HostOrder["order"], reason: string) => {
    const answer = await send(orderAnswer, addresses.askHost(host), { order, reason });
    await queryClient.invalidateQueries({ queryKey: ["hosts"] });
    return answer;
  },
  scheduleScans: async (host: { readonly id: string; readonly name: string }, everyHours: number, reason: string) => {
    await send(anything, addresses.hostSchedule(host.id), { everyHours, reason });
    await queryClient.invalidateQueries({ queryKey: ["models", "one", "scans", host.name] });
  },
  revokeAgent: async (host: string, reason: string) => {
    await send(anything, addresses.revokeAgent(host), { reason });
    await queryClient.invalidateQueries({ queryKey: ["hosts"] });
  },
  keepHunt: async (name: string, filter: string) => {
    await send(anything, addresses.hunts, { name, filter });
    await queryClient.invalidateQueries({ queryKey: ["hunts"] });
  },
  removeHunt: async (name: string) => {
    await send(anything, addresses.removeHunt, { name });
    await queryClient.invalidateQueries({ queryKey: ["hunts"] });
  },
  pin: async (incident: string, event: { readonly id: string; readonly time: number }, reason: string) => {
    await send(anything, addresses.pins(incident), { event: event.id, time: event.time, reason });
    await incidentChanged(incident);
  },
  unpin: async (incident: string, event: string, reason: string) => {
    await send(anything, addresses.removePin(incident), { event, reason });
    await incidentChanged(incident);
  },
  makeKey: async (key: NewKey) => {
    const made = await send(madeKey, addresses.clientKeys, key);
    await queryClient.invalidateQueries({ queryKey: ["client-keys"] });
    return made;
  },
  rotateKey: async (gateway: string, key: string, reason: string) => {
    const made = await send(madeKey, addresses.rotateKey(gateway, key), { reason });
    await queryClient.invalidateQueries({ queryKey: ["client-keys"] });
    return made;
  },
  revokeKey: async (gateway: string, key: string, reason: string) => {
    await send(anything, addresses.revokeKey(gateway, key), { reason });
    await queryClient.invalidateQueries({ queryKey: ["client-keys"] });
  },
  signOut: () => send(anything, addresses.signOut, {}),
  signOutEverywhere: () => send(anything, addresses.signOutEverywhere, {}),
  signIn: async (who: { readonly name: string; readonly password: string; readonly code?: string }) => {
    keepKey((await send(opened, addresses.signIn, who)).key);
  },
  accept: async (it: { readonly token: string; readonly password: string; readonly code: string }) => {
    const done = await send(accepted, addresses.accept, it);
    keepKey(done.key);
    return done;
  },
  testConnection: (name: string) => send(connectionTest, addresses.testConnection(name), {}),
  invite: async (name: string, grants: readonly Grant[], address: string | undefined) => {
    const made = await send(invitation, addresses.accounts, {
      name,
      grants,
      ...(address !== undefined && { address }),
    });
    await queryClient.invalidateQueries({ queryKey: ["accounts"] });
    return made;
  },
  resetAccount: async (name: string) => {
    const made = await send(invitation, addresses.resetAccount(name), {});
    await queryClient.invalidateQueries({ queryKey: ["accounts"] });
    return made;
  },
  accountAddress: async (name: string, address: string) => {
    await send(anything, addresses.accountAddress(name), { address });
    await queryClient.invalidateQueries({ queryKey: ["accounts"] });
  },
  disableAccount: async (name: string) => {
    await send(anything, addresses.disableAccount(name), {});
    await queryClient.invalidateQueries({ queryKey: ["accounts"] });
  },
  grant: async (name: string, grants: readonly Grant[]) => {
    await send(anything, addresses.grants(name), { grants });
    await queryClient.invalidateQueries({ queryKey: ["accounts"] });
  },
  approve: async (action: ActionRow, reason: string) => {
    const done = await send(actionRow, addresses.approve(action.id), { digest: action.digest, reason });
    await actionChanged(action.incident);
    return done;
  },
  decline: async (action: ActionRow, reason: string) => {
    const done = await send(actionRow, addresses.decline(action.id), { reason });
    await actionChanged(action.incident);
    return done;
  },
  keep: async (action: ActionRow, reason: string) => {
    const done = await send(actionRow, addresses.keep(action.id), { reason });
    await actionChanged(action.incident);
    return done;
  },
  undo: async (action: string, reason: string, incident?: string) => {
    const done = await send(actionRow, addresses.undo(action), { reason });
    await actionChanged(incident);
    return done;
  },
};

/** One's own change is shown at once, rows and all: it is no surprise. */
async function incidentChanged(id: string): Promise<void> {
  await Promise.all([
    queryClient.invalidateQueries({ queryKey: ["incidents", "one", id] }),
    queryClient.invalidateQueries({ queryKey: ["incidents", "list"] }),
    queryClient.invalidateQueries({ queryKey: ["overview"] }),
  ]);
}

async function actionChanged(incident: string | undefined): Promise<void> {
  await Promise.all([
    queryClient.invalidateQueries({ queryKey: ["actions"] }),
    queryClient.invalidateQueries({ queryKey: ["captures"] }),
    queryClient.invalidateQueries({ queryKey: ["models"] }),
    queryClient.invalidateQueries({ queryKey: ["clients"] }),
    queryClient.invalidateQueries({ queryKey: ["overview"] }),
    ...(incident ? [queryClient.invalidateQueries({ queryKey: ["incidents", "one", incident] })] : []),
  ]);
}
