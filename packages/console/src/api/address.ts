// Every address of the API that the console uses, in one place.
import type { ActionTerms, ActionVerb, IncidentStatus, Verdict } from "@outweigh/schema";

/** How many rows a list asks for at once: more than a screen shows, few enough to arrive at once. */
const pageRows = 200;

const id = encodeURIComponent;

/** What of a list is wanted; `after` is the `next` of the page before, in the same order. */
export interface ListQuery {
  readonly filter: string;
  readonly sort?: string | undefined;
  readonly after?: string | undefined;
}

/** A page of a list. */
export function listAddress(noun: string, { filter, sort, after }: ListQuery, limit = pageRows): string {
  const query = new URLSearchParams({ limit: String(limit) });
  if (filter !== "") query.set("filter", filter);
  if (sort !== undefined) query.set("sort", sort);
  if (after !== undefined) query.set("after", after);
  return `/api/${noun}?${query}`;
}

export const addresses = {
  session: "/api/session",
  overview: "/api/overview",
  live: "/api/live",
  signOut: "/api/session/end",
  signOutEverywhere: "/api/session/end-all",
  signIn: "/api/sign-in",
  provider: "/api/sign-in/provider",
  invited: "/api/invitations/read",
  accept: "/api/invitations/accept",
  accounts: "/api/accounts",
  resetAccount: (name: string) => `/api/accounts/${id(name)}/reset`,
  disableAccount: (name: string) => `/api/accounts/${id(name)}/disable`,
  grants: (name: string) => `/api/accounts/${id(name)}/grants`,
  approve: (it: string) => `/api/actions/${id(it)}/approve`,
  decline: (it: string) => `/api/actions/${id(it)}/decline`,
  keep: (it: string) => `/api/actions/${id(it)}/keep`,
  incident: (it: string) => `/api/incidents/${id(it)}`,
  graph: (it: string) => `/api/incidents/${id(it)}/graph`,
  assign: (it: string) => `/api/incidents/${id(it)}/assign`,
  status: (it: string) => `/api/incidents/${id(it)}/status`,
  comments: (it: string) => `/api/incidents/${id(it)}/comments`,
  /** An incident's part of the evidence as a file. */
  pack: (it: string, redact: readonly string[] = []) =>
    `/api/incidents/${id(it)}/pack${redact.length === 0 ? "" : `?redact=${redact.join(",")}`}`,
  packPreview: (it: string, redact: readonly string[]) =>
    `/api/incidents/${id(it)}/pack/preview?redact=${redact.join(",")}`,
  /** An incident in the words of another system. */
  exported: (it: string, as: string) => `/api/incidents/${id(it)}/export?as=${as}`,
  alert: (it: string) => `/api/alerts/${id(it)}`,
  model: (name: string) => `/api/models/${id(name)}`,
  backtest: "/api/rules/backtest",
  preview: "/api/actions/preview",
  apply: "/api/actions",
  posture: (space: string | undefined) =>
    space === undefined ? "/api/posture" : `/api/posture?${new URLSearchParams({ space })}`,
  postureExport: (as: string, space: string | undefined) =>
    `/api/posture/export?${new URLSearchParams({ as, ...(space !== undefined && { space }) })}`,
  host: (it: string) => `/api/hosts/${id(it)}`,
  hostActivity: (it: string, filter: string) => `/api/hosts/${id(it)}/activity?${new URLSearchParams({ filter })}`,
  hostSchedule: (it: string) => `/api/hosts/${id(it)}/schedule`,
  hostScans: (name: string) => `/api/scans/${id(name)}`,
  signedScan: (host: string, finishedAt: number) => `/api/scans/${id(host)}/signed/${finishedAt}`,
  askHost: (it: string) => `/api/hosts/${id(it)}/orders`,
  revokeAgent: (it: string) => `/api/hosts/${id(it)}/revoke`,
  connections: "/api/connections",
  testConnection: (name: string) => `/api/connections/${id(name)}/test`,
  tokens: "/api/tokens",
  accountAddress: (name: string) => `/api/accounts/${id(name)}/address`,
  revokeToken: (name: string) => `/api/tokens/${id(name)}/revoke`,
  /** What all events of a filter have in common. */
  summary: (filter: string, by: string) => `/api/events/summary?${new URLSearchParams({ filter, by })}`,
  /** A filter as a rule to begin with. */
  draft: (filter: string) => `/api/events/rule?${new URLSearchParams({ filter })}`,
  entity: (kind: string, name: string) => `/api/entity?${new URLSearchParams({ kind, name })}`,
  report: (days: number) => `/api/report?days=${days}`,
  hunts: "/api/hunts",
  removeHunt: "/api/hunts/remove",
  pins: (it: string) => `/api/incidents/${id(it)}/pins`,
  removePin: (it: string) => `/api/incidents/${id(it)}/pins/remove`,
  gateways: "/api/gateways",
  client: (it: string) => `/api/clients/${id(it)}`,
  clientKeys: "/api/client-keys",
  rotateKey: (gateway: string, it: string) => `/api/client-keys/${id(gateway)}/${id(it)}/rotate`,
  revokeKey: (gateway: string, it: string) => `/api/client-keys/${id(gateway)}/${id(it)}/revoke`,
  undo: (it: string) => `/api/actions/${id(it)}/undo`,
} as const;

/** What is sent there. */
export interface StatusChange {
  readonly status: IncidentStatus;
  readonly verdict?: Verdict;
  readonly reason: string;
}

export interface Order {
  readonly incident?: string;
  readonly verb: ActionVerb;
  readonly target: string;
  /** How long and how strongly, for orders to a gateway; exactly which, for a change of a host. */
  readonly terms?: ActionTerms;
}
