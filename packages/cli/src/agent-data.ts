import { homedir } from "node:os";
import { join } from "node:path";

/** Where an agent keeps its key and what was not sent yet. */
export function defaultAgentData(): string {
  return process.geteuid?.() === 0 ? "/var/lib/outweigh-agent" : join(homedir(), ".local", "state", "outweigh-agent");
}

/** The command that starts an agent with this folder, for a shell. @param quoted Makes one word of a path; undefined if that cannot be shown. */
export function runLine(data: string | undefined, quoted: (path: string) => string | undefined): string {
  return data === undefined ? "npx outweigh agent run" : `npx outweigh agent run --data ${quoted(data) ?? "DIR"}`;
}

export const agentDataOption = {
  data: {
    type: "string",
    value: "DIR",
    about: "The agent's folder (default: /var/lib/outweigh-agent for root, ~/.local/state/outweigh-agent else)",
  },
} as const;
