// A made-up organisation on a bad day: what the fixture server answers. Shapes are checked against the schema on start.
export { now } from "./world/time.ts";
export { accounts, overview, session } from "./world/session.ts";
export { incidentDetail, incidents } from "./world/incidents.ts";
export { alertDetail, alerts } from "./world/alerts.ts";
export { events } from "./world/events.ts";
export { refused, rules } from "./world/rules.ts";
export { posture } from "./world/posture.ts";
export { hostDetail, hosts } from "./world/hosts.ts";
export { activity, hostEvents, hostScans, processes } from "./world/activity.ts";
export { clientDetail, clientKeys, clients, gateways } from "./world/clients.ts";
export { sources, tokens } from "./world/sources.ts";
export { modelDetail, models } from "./world/models.ts";
export { actions } from "./world/actions.ts";
export { connections } from "./world/connections.ts";
export { evidence } from "./world/evidence.ts";
export { incidentGraph } from "./world/graph.ts";
export { emptyReport, report } from "./world/report.ts";
export { hunts, ruleDraft } from "./world/hunts.ts";
