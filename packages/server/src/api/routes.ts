// Every route of the server: who may call it, what it does, what it takes and answers. The server refuses to start with a route
// that is not here; /api/openapi.json is made from these lines.
import {
  acceptBody,
  accepted,
  accountBody,
  accountPage,
  accountRow,
  actionPage,
  actionPreview,
  actionRow,
  addressBody,
  alertDetail,
  alertPage,
  applyBody,
  approveBody,
  assignBody,
  backtestBody,
  backtestReport,
  captureKey,
  clientDetail,
  clientKeyPage,
  clientPage,
  commentBody,
  connectionPage,
  connectionTest,
  draftQuery,
  enrolAnswer,
  enrolBody,
  enrolment,
  entityDetail,
  entityQuery,
  eventPage,
  eventSummary,
  evidenceCheckpoint,
  evidencePage,
  exceptionQuery,
  gatewayEnrolBody,
  gatewayPage,
  gatewayReportAnswer,
  gatewayRow,
  grantsBody,
  hostActivity,
  hostActivityQuery,
  hostDetail,
  hostPage,
  hostProcessPage,
  hostRow,
  hostScans,
  hunt,
  huntBody,
  huntNameBody,
  huntPage,
  incidentDetail,
  incidentGraph,
  incidentPage,
  incidentRow,
  ingestAnswer,
  invitation,
  invitationBody,
  invited,
  listQuery,
  madeKey,
  mergeBody,
  modelDetail,
  modelPage,
  newKeyBody,
  newToken,
  opened,
  orderRequestBody,
  overview,
  ownDraft,
  ownRule,
  ownRuleBody,
  ownRulePage,
  ownStageBody,
  pinBody,
  playbookText,
  posture,
  postureExportQuery,
  postureQuery,
  previewBody,
  reasonBody,
  reportAnswer,
  rotateKeyBody,
  ruleDraft,
  rulePage,
  scanReport,
  scanSchedule,
  scheduleBody,
  session,
  signInBody,
  signInWays,
  sourcePage,
  splitBody,
  statusBody,
  summaryQuery,
  tokenBody,
  tokenPage,
  tokenRow,
  undoBody,
  unpinBody,
  watchedPage,
  report,
  reportQuery,
} from "@outweigh/schema";
import { z } from "zod";
import type { Needs } from "../auth/rights.ts";

/** One route. */
export interface Route {
  readonly needs: Needs;
  /** One sentence, for the description of the API. */
  readonly does: string;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** The answer's shape. A text: its media type. Absent: it answers with no body. */
  readonly answer?: z.ZodType | string;
}

const list = (needs: Needs, does: string, answer: z.ZodType): Route => ({ needs, does, query: listQuery, answer });

const exportFormat = z.enum(["ocsf", "stix", "csv", "html"]);
export type ExportFormat = z.infer<typeof exportFormat>;
export const exportQuery = z.object({ as: exportFormat });
/** What asking an agent answers; `action`, where it changes the host: who must agree, the policy says. */
export const orderAnswer = z.object({ id: z.string(), action: actionRow.optional() });
/** A token for one host by its name, or for any that we know nothing of. */
export const enrolmentBody = z.strictObject({ host: z.string().min(1).max(256).optional() });

const working: Record<string, Route> = {
  "GET /api/session": { needs: "viewer in a space", does: "Who asks, and what they may do", answer: session },
  "POST /api/session/end": { needs: "viewer in a space", does: "Signs this browser out" },
  "POST /api/session/end-all": { needs: "viewer in a space", does: "Signs every browser of this person out" },
  "GET /api/overview": { needs: "viewer in a space", does: "How much there is of each noun", answer: overview },
  "GET /api/report": { needs: "viewer", does: "What happened in a time, counted", query: reportQuery, answer: report },
  "GET /api/live": { needs: "viewer in a space", does: "What changed, as it changes", answer: "text/event-stream" },

  "GET /api/incidents": list("viewer in a space", "Incidents, open ones first, then the worst", incidentPage),
  "GET /api/incidents/:id": { needs: "viewer in a space", does: "One incident, whole", answer: incidentDetail },
  "GET /api/incidents/:id/graph": {
    needs: "viewer in a space",
    does: "Its events as a graph, from who acted to where the model went",
    answer: incidentGraph,
  },
  "GET /api/incidents/:id/pack": {
    needs: "analyst in a space",
    does: "Its part of the evidence, verifiable without us",
    answer: "application/x-ndjson",
  },
  "GET /api/incidents/:id/export": {
    needs: "analyst in a space",
    does: "It in the words of another system",
    query: exportQuery,
    answer: "application/json",
  },
  "POST /api/incidents/:id/assign": {
    needs: "analyst in a space",
    does: "Gives it to somebody, or to nobody",
    body: assignBody,
    answer: incidentRow,
  },
  "POST /api/incidents/:id/status": {
    needs: "analyst in a space",
    does: "Sets its status and verdict",
    body: statusBody,
    answer: incidentRow,
  },
  "POST /api/incidents/:id/merge": {
    needs: "analyst in a space",
    does: "Merges others into it: it holds what they held, and their addresses lead to it",
    body: mergeBody,
    answer: incidentRow,
  },
  "POST /api/incidents/:id/split": {
    needs: "analyst in a space",
    does: "Takes alerts out of it into a new incident, and answers with that one",
    body: splitBody,
    answer: incidentRow,
  },
  "POST /api/incidents/:id/groupings/:grouping/undo": {
    needs: "analyst in a space",
    does: "Undoes a merging or splitting",
    body: undoBody,
    answer: incidentRow,
  },
  "GET /api/watched": {
    needs: "viewer in a space",
    does: "Models that are watched after a confirmed theft",
    answer: watchedPage,
  },
  "POST /api/models/:name/watch/end": {
    needs: "analyst in a space",
    does: "Ends the watch of a model",
    body: reasonBody,
    answer: z.object({ ended: z.string() }),
  },
  "POST /api/incidents/:id/comments": {
    needs: "analyst in a space",
    does: "Adds a comment",
    body: commentBody,
    answer: incidentRow,
  },
  "GET /api/alerts": list("viewer in a space", "Alerts, the latest first", alertPage),
  "GET /api/alerts/:id": { needs: "viewer in a space", does: "One alert with its events", answer: alertDetail },
  "GET /api/events": list("analyst in a space", "Events by filter: a hunt", eventPage),
  "GET /api/events/summary": {
    needs: "analyst in a space",
    does: "How the events of a filter lie in time, and which values of a field they have most",
    query: summaryQuery,
    answer: eventSummary,
  },
  "GET /api/events/rule": {
    needs: "analyst in a space",
    does: "A filter as a rule to begin with",
    query: draftQuery,
    answer: ruleDraft,
  },
  "GET /api/entity": {
    needs: "analyst in a space",
    does: "All that is known of a principal, an address, a key or a place",
    query: entityQuery,
    answer: entityDetail,
  },
  "GET /api/hunts": { needs: "analyst", does: "The filters of events that are kept", answer: huntPage },
  "POST /api/hunts": { needs: "analyst", does: "Keeps a filter of events for everybody", body: huntBody, answer: hunt },
  "POST /api/hunts/remove": { needs: "analyst", does: "Removes a kept hunt", body: huntNameBody },
  "POST /api/incidents/:id/pins": { needs: "analyst in a space", does: "Ties an event to the incident", body: pinBody },
  "POST /api/incidents/:id/pins/remove": {
    needs: "analyst in a space",
    does: "Takes an event out of it",
    body: unpinBody,
  },
  "GET /api/models": list("viewer in a space", "Models, registered ones first", modelPage),
  "GET /api/models/:name": { needs: "viewer in a space", does: "One model with its books", answer: modelDetail },

  "GET /api/actions": list("viewer in a space", "Actions, the latest first", actionPage),
  "POST /api/actions/preview": {
    needs: "analyst in a space",
    does: "What an action would do; changes nothing",
    body: previewBody,
    answer: actionPreview,
  },
  "POST /api/actions": {
    needs: "analyst in a space",
    does: "Does what was previewed, or proposes it where somebody else must agree",
    body: applyBody,
    answer: actionRow,
  },
  "POST /api/actions/:id/approve": {
    needs: "lead in a space, a person",
    does: "Agrees to what somebody else proposed; it is done",
    body: approveBody,
    answer: actionRow,
  },
  "POST /api/actions/:id/decline": {
    needs: "analyst in a space, a person",
    does: "Declines a proposal, or takes one's own back",
    body: reasonBody,
    answer: actionRow,
  },
  "POST /api/actions/:id/undo": {
    needs: "lead in a space",
    does: "Takes an action back",
    body: undoBody,
    answer: actionRow,
  },
  "POST /api/actions/:id/keep": {
    needs: "lead in a space, a person",
    does: "Puts off the end of an action that expires",
    body: reasonBody,
    answer: actionRow,
  },
};

const watching: Record<string, Route> = {
  "GET /api/sources": list("viewer", "Sources, and whether each can be seen through", sourcePage),
  "GET /api/own-rules": {
    needs: "viewer",
    does: "Exceptions and rules that people wrote here",
    query: listQuery,
    answer: ownRulePage,
  },
  "GET /api/own-rules/draft": {
    needs: "analyst",
    does: "An exception to begin with, for an alert or a rule",
    query: exceptionQuery,
    answer: ownDraft,
  },
  "GET /api/own-rules/:name": { needs: "viewer", does: "One of them", answer: ownRule },
  "POST /api/own-rules": { needs: "analyst", does: "Keeps a draft", body: ownRuleBody, answer: ownRule },
  "POST /api/own-rules/:name/check": {
    needs: "analyst",
    does: "Runs its proofs, and tries an exception on stored alerts",
    answer: ownRule,
  },
  "POST /api/own-rules/:name/stage": {
    needs: "analyst",
    does: "Puts it on trial, or ends it; publishing is an action",
    body: ownStageBody,
    answer: ownRule,
  },
  "GET /api/rules": list("viewer in a space", "Rules and detectors, with how often each spoke", rulePage),
  "POST /api/rules/backtest": {
    needs: "analyst",
    does: "Tries rules on stored events; changes nothing",
    body: backtestBody,
    answer: backtestReport,
  },
  "GET /api/playbooks": {
    needs: "viewer in a space",
    does: "All playbooks",
    answer: z.object({ items: z.array(playbookText), total: z.int() }),
  },
  "GET /api/playbooks/:id": { needs: "viewer in a space", does: "One playbook", answer: playbookText },
  "GET /api/posture": {
    needs: "viewer in a space",
    does: "Which controls hold, with what proves it; how models could be taken; what is looked at",
    query: postureQuery,
    answer: posture,
  },
  "GET /api/posture/export": {
    needs: "viewer in a space",
    does: "Controls and coverage as a file for other tools",
    query: postureExportQuery,
    answer: "application/json",
  },
  "GET /api/scan": { needs: "viewer", does: "The latest scan report", answer: scanReport },
  "GET /api/scans/:host": {
    needs: "viewer",
    does: "Scans of one host over time, with what each changed",
    answer: hostScans,
  },
  "POST /api/hosts/:id/schedule": {
    needs: "lead",
    does: "Sets how often a host is asked for a scan",
    body: scheduleBody,
    answer: z.object({ schedule: scanSchedule.optional() }),
  },
  "GET /api/evidence": list("viewer", "Everything that was decided, the latest first", evidencePage),
  "POST /api/evidence/checkpoint": {
    needs: "viewer",
    does: "Where the evidence log stands now, signed",
    answer: evidenceCheckpoint,
  },
  "GET /api/hosts": list("viewer", "Hosts with an agent", hostPage),
  "GET /api/hosts/:id": { needs: "viewer", does: "One host, its facts and orders", answer: hostDetail },
  "GET /api/hosts/:id/processes": list("analyst", "Its processes that handled weights, as a tree", hostProcessPage),
  "GET /api/hosts/:id/activity": {
    needs: "analyst",
    does: "What can have left it and where to, and when it was not seen",
    query: hostActivityQuery,
    answer: hostActivity,
  },
  "POST /api/hosts/enrolments": {
    needs: "admin, a person",
    does: "Makes a token that enrols one host",
    body: enrolmentBody,
    answer: enrolment,
  },
  "POST /api/hosts/:id/orders": {
    needs: "analyst",
    does: "Asks an agent for facts or a scan; a change of the host, or taking one back, needs a lead",
    body: orderRequestBody,
    answer: orderAnswer,
  },
  "POST /api/hosts/:id/revoke": {
    needs: "admin, a person",
    does: "Ends an agent's enrolment",
    body: reasonBody,
    answer: hostRow,
  },
};

const gating: Record<string, Route> = {
  "GET /api/gateways": {
    needs: "viewer",
    does: "Gateways that enrolled, and what each last said",
    answer: gatewayPage,
  },
  "POST /api/gateways/enrolments": {
    needs: "admin, a person",
    does: "Makes a token that enrols one gateway",
    answer: enrolment,
  },
  "POST /api/gateways/:id/revoke": {
    needs: "admin, a person",
    does: "Ends a gateway's enrolment",
    body: reasonBody,
    answer: gatewayRow,
  },
  "POST /api/captures/:id/key": {
    needs: "lead",
    does: "The key of a sealed capture, while an action to open it holds, to which two people agreed",
    answer: captureKey,
  },
  "GET /api/clients": list("viewer", "Clients of the gateways, the busiest first", clientPage),
  "GET /api/clients/:id": { needs: "viewer", does: "One client, over time", answer: clientDetail },
  "GET /api/client-keys": list("viewer", "Keys of the gateways' clients, without their secrets", clientKeyPage),
  "POST /api/client-keys": {
    needs: "lead, a person",
    does: "Makes a key for a client",
    body: newKeyBody,
    answer: madeKey,
  },
  "POST /api/client-keys/:gateway/:id/rotate": {
    needs: "lead, a person",
    does: "Gives a client a new key; the old one ends",
    body: rotateKeyBody,
    answer: madeKey,
  },
  "POST /api/client-keys/:gateway/:id/revoke": {
    needs: "lead, a person",
    does: "Ends a client's key",
    body: reasonBody,
    answer: z.object({ id: z.string() }),
  },
};

const administering: Record<string, Route> = {
  "GET /api/tokens": { needs: "admin", does: "Tokens, without their secrets", answer: tokenPage },
  "POST /api/tokens": { needs: "admin, a person", does: "Makes a token", body: tokenBody, answer: newToken },
  "POST /api/tokens/:name/rotate": { needs: "admin, a person", does: "Gives a token a new secret", answer: newToken },
  "POST /api/tokens/:name/revoke": { needs: "admin, a person", does: "Ends a token", answer: tokenRow },
  "GET /api/accounts": { needs: "admin", does: "Accounts and spaces", answer: accountPage },
  "POST /api/accounts": { needs: "admin, a person", does: "Invites a person", body: accountBody, answer: invitation },
  "POST /api/accounts/:name/reset": {
    needs: "admin, a person",
    does: "Invites the person anew: the password, the code and every session end",
    answer: invitation,
  },
  "POST /api/accounts/:name/disable": { needs: "admin, a person", does: "Ends an account", answer: accountRow },
  "POST /api/accounts/:name/address": {
    needs: "admin, a person",
    does: "Says whose an account is, so that two of one person are known as such",
    body: addressBody,
    answer: accountRow,
  },
  "GET /api/connections": {
    needs: "admin",
    does: "What actions reach outside by, without the secrets",
    answer: connectionPage,
  },
  "POST /api/connections/:name/test": {
    needs: "admin, a person",
    does: "Looks at the other side of a connection; changes and sends nothing",
    answer: connectionTest,
  },
  "POST /api/accounts/:name/grants": {
    needs: "admin, a person",
    does: "Sets an account's roles",
    body: grantsBody,
    answer: accountRow,
  },
};

const entering: Record<string, Route> = {
  "GET /healthz": { needs: "nobody", does: "Whether the server works", answer: "application/json" },
  "GET /metrics": { needs: "nobody", does: "Counters for Prometheus", answer: "text/plain" },
  "GET /open": { needs: "nobody", does: "Signs a browser in by a one-time link", answer: opened },
  "GET /signed-in.js": { needs: "nobody", does: "The script of the page after it", answer: "text/javascript" },
  "GET /api/openapi.json": { needs: "nobody", does: "This description", answer: "application/json" },
  "GET /api/sign-in": { needs: "nobody", does: "How a browser can sign in here", answer: signInWays },
  "POST /api/sign-in": { needs: "nobody", does: "Signs a person in", body: signInBody, answer: opened },
  "GET /api/sign-in/provider": { needs: "nobody", does: "Goes to the identity provider", answer: "text/html" },
  "GET /api/sign-in/back": { needs: "nobody", does: "Comes back from it", answer: "text/html" },
  "POST /api/invitations/read": {
    needs: "nobody",
    does: "What an invitation is for",
    body: invitationBody,
    answer: invited,
  },
  "POST /api/invitations/accept": {
    needs: "nobody",
    does: "Sets the password and signs in",
    body: acceptBody,
    answer: accepted,
  },
  "POST /api/links": {
    needs: "program",
    does: "Makes a one-time link, for whoever reads the data folder",
    answer: z.object({ path: z.string() }),
  },
  "POST /api/ingest/:source": {
    needs: "program",
    does: "Takes records, one a line, with a token of their source",
    answer: ingestAnswer,
  },
  "POST /api/ingest/:source/:token": {
    needs: "program",
    does: "Takes records of a sender that can set no header: its token stands in the address",
    answer: ingestAnswer,
  },
  "POST /v1/traces": {
    needs: "program",
    does: "Takes spans by OTLP, with a token of their source",
    answer: z.unknown(),
  },
  "POST /v1/logs": {
    needs: "program",
    does: "Takes log records by OTLP, with a token of their source",
    answer: z.unknown(),
  },
  "POST /api/agents/enrol": { needs: "program", does: "Enrols a host", body: enrolBody, answer: enrolAnswer },
  "POST /api/gateways/enrol": {
    needs: "program",
    does: "Enrols a gateway",
    body: gatewayEnrolBody,
    answer: enrolAnswer,
  },
  "POST /api/gateways/report": {
    needs: "program",
    does: "Takes a gateway's signed report",
    answer: gatewayReportAnswer,
  },
  "POST /api/agents/report": { needs: "program", does: "Takes an agent's signed report", answer: reportAnswer },
};

/** By method and address. */
export const routes: Readonly<Record<string, Route>> = {
  ...working,
  ...watching,
  ...gating,
  ...administering,
  ...entering,
};
