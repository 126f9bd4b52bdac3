import type { Command } from "./command.ts";

/** Every command by its words, in the order of the help. Each is loaded only when it is wanted. */
export const commands: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ["scan", async () => (await import("./commands/scan.ts")).scan],
  ["init", async () => (await import("./commands/init.ts")).init],
  ["register", async () => (await import("./commands/register.ts")).register],
  ["check", async () => (await import("./commands/check.ts")).check],
  ["replay", async () => (await import("./commands/replay.ts")).replay],
  ["compare", async () => (await import("./commands/compare.ts")).compare],
  ["up", async () => (await import("./commands/up.ts")).up],
  ["open", async () => (await import("./commands/open.ts")).open],
  ["pack", async () => (await import("./commands/pack.ts")).pack],
  ["export", async () => (await import("./commands/export.ts")).exportIncident],
  ["verify", async () => (await import("./commands/verify.ts")).verify],
  ["token create", async () => (await import("./commands/token-create.ts")).tokenCreate],
  ["token list", async () => (await import("./commands/token-list.ts")).tokenList],
  ["token rotate", async () => (await import("./commands/token-rotate.ts")).tokenRotate],
  ["token revoke", async () => (await import("./commands/token-revoke.ts")).tokenRevoke],
  ["agent token", async () => (await import("./commands/agent-token.ts")).agentToken],
  ["agent enrol", async () => (await import("./commands/agent-enrol.ts")).agentEnrol],
  ["agent run", async () => (await import("./commands/agent-run.ts")).agentRun],
  ["agent helper", async () => (await import("./commands/agent-helper.ts")).agentHelper],
  ["gateway", async () => (await import("./commands/gateway.ts")).gateway],
  ["gateway key", async () => (await import("./commands/gateway-key.ts")).gatewayKey],
  ["gateway clients", async () => (await import("./commands/gateway-clients.ts")).gatewayClients],
  ["gateway order", async () => (await import("./commands/gateway-order.ts")).gatewayOrder],
  ["rules test", async () => (await import("./commands/rules-test.ts")).rulesTest],
]);
