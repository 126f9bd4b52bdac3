import { command, type Call } from "../command.ts";
import { CliError, type ExitCode } from "../error.ts";
import { visible } from "../text/visible.ts";
import { agentDataOption, defaultAgentData } from "../agent-data.ts";

const options = { ...agentDataOption } as const;

export const agentRun = command({
  summary: "Watches this host's weights and reports to its server, until it is stopped",
  usage: "[PATH…]",
  positionals: [0, 1000],
  options,
  about: [
    "Scans the paths (default: all disks) for weights, follows who opens them, what is made from them and which of their readers connect elsewhere.",
    "Without root it sees this user's processes. With the helper of outweigh agent helper it also sees what is shorter than a quarter of a second.",
    "Sends no weights and no file contents. Does what its server signs, of a closed list: scan, collect.",
  ],
  examples: [
    { line: "outweigh agent run", about: "All disks" },
    { line: "outweigh agent run /srv/models /home", about: "Weights in two folders" },
  ],
  run,
});

async function run({ values, positionals, json, terminal, signal }: Call<typeof options>): Promise<ExitCode> {
  const { AgentError, runAgent } = await import("@outweigh/agent");
  try {
    await runAgent({
      dataDir: values.data ?? defaultAgentData(),
      roots: positionals.length > 0 ? positionals : ["/"],
      signal,
      say: (text) => terminal.say(visible(text)),
    });
    if (json) terminal.printJson({ ended: true });
    return 0;
  } catch (error) {
    if (error instanceof AgentError) throw new CliError("FAILED", error.message, { cause: error });
    throw error;
  }
}
