import { homedir } from "node:os";
import { join } from "node:path";

/** Where an agent keeps its key and what was not sent yet. */
export function defaultAgentData(): string {
  return process.geteuid?.() === 0 ? "/var/lib/outweigh-agent" : join(homedir(), ".local", "state", "outweigh-agent");
}

export const agentDataOption = {
  data: {
    type: "string",
    value: "DIR",
    about: "The agent's folder (default: /var/lib/outweigh-agent for root, ~/.local/state/outweigh-agent else)",
  },
} as const;
