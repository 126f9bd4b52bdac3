import { changingVerbs, type ChangingVerb } from "@outweigh/schema";
import { command, type Call } from "../command.ts";
import { CliError, type ExitCode } from "../error.ts";
import { spanOf } from "../text/spans.ts";
import { visible } from "../text/visible.ts";
import { agentDataOption, defaultAgentData } from "../agent-data.ts";

const options = {
  ...agentDataOption,
  every: {
    type: "string",
    value: "SPAN",
    about: "Scan again after each such time: 12h, 7d (default: only at the start)",
  },
  may: {
    type: "string",
    multiple: true,
    value: "VERB",
    about: `Do what changes this host when the server asks: ${changingVerbs.join(", ")}; several times (default: none)`,
  },
} as const;

export const agentRun = command({
  summary: "Watches this host's weights and reports to its server, until it is stopped",
  usage: "[PATH…]",
  positionals: [0, 1000],
  options,
  about: [
    "Scans the paths (default: all disks) for weights, follows who opens them, what is made from them and which of their readers connect elsewhere.",
    "Without root, or the rights of tier T1, it sees this user's processes. With the helper of outweigh agent helper it also sees what is shorter than a quarter of a second.",
    "Sends no weights and no file contents. Does what its server signs, of a closed list: scan, collect; and with --may, what you name.",
  ],
  examples: [
    { line: "outweigh agent run", about: "All disks" },
    { line: "outweigh agent run /srv/models /home --every 1d", about: "Weights in two folders, scanned every day" },
    {
      line: "outweigh agent run --may quarantine-file --may stop-process",
      about: "Lets a lead move copies and stop processes",
    },
  ],
  run,
});

async function run({ values, positionals, json, terminal, signal }: Call<typeof options>): Promise<ExitCode> {
  const { every } = values;
  const everyMs = every === undefined ? undefined : everyOf(every);
  const may = new Set(values.may.map(verbOf));
  const { AgentError, runAgent } = await import("@outweigh/agent");
  try {
    await runAgent({
      dataDir: values.data ?? defaultAgentData(),
      roots: positionals.length > 0 ? positionals : ["/"],
      signal,
      may,
      ...(everyMs !== undefined && { everyMs }),
      say: (text) => terminal.say(visible(text)),
    });
    if (json) terminal.printJson({ ended: true });
    return 0;
  } catch (error) {
    if (error instanceof AgentError) throw new CliError("FAILED", error.message, { cause: error });
    throw error;
  }
}

function verbOf(text: string): ChangingVerb {
  const found = changingVerbs.find((it) => it === text);
  if (found) return found;
  throw new CliError("USAGE", `--may is ${JSON.stringify(text)}, expected one of ${changingVerbs.join(", ")}`);
}

/** In ms: at least an hour, since a scan reads every disk; at most 24 days, which is what timers hold. */
function everyOf(text: string): number {
  const ms = spanOf(text, "--every");
  if (ms >= 3_600_000 && ms <= 24 * 86_400_000) return ms;
  throw new CliError("USAGE", `--every is ${JSON.stringify(text)}, expected from 1h to 24d, such as 12h or 7d`);
}
