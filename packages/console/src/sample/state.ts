import * as world from "./world.ts";

/** What the made-up day holds, as long as one looks at it. What may be changed is a copy. */
export function sampleState() {
  return {
    overview: world.overview,
    posture: world.posture,
    report: world.report,
    accounts: world.accounts,
    connections: world.connections,
    incidents: structuredClone(world.incidents),
    alerts: world.alerts,
    events: [...world.events.slice(0, -world.hostEvents.length), ...world.hostEvents],
    models: world.models,
    sources: world.sources,
    tokens: [...world.tokens],
    hosts: world.hosts,
    watched: world.watched,
    gateways: world.gateways,
    clients: world.clients,
    "client-keys": world.clientKeys,
    rules: world.rules,
    "own-rules": [...world.ownRules],
    actions: structuredClone(world.actions),
    evidence: world.evidence.items,
    hunts: structuredClone(world.hunts),
    comments: new Map<string, { at: number; by: string; text: string }[]>(),
    /** What every preview says before its own effects. */
    previewSays: ["This is the sample: nothing is moved, sent or asked, and nothing is kept."],
  };
}
export type State = ReturnType<typeof sampleState>;
