import { command, type Call } from "../command.ts";
import { CliError, type ExitCode } from "../error.ts";
import { agentDataOption, defaultAgentData } from "../agent-data.ts";

const options = { ...agentDataOption } as const;

export const agentHelper = command({
  summary: "Compiles the helper: tier T2, access lists and capabilities",
  usage: "",
  positionals: [0, 0],
  options,
  about: [
    "A small C program, compiled here with cc. To tell who opens weights it needs the right CAP_SYS_ADMIN when it starts, and with CAP_SYS_NICE is run before others; it drops every right at once and only writes to the agent.",
    "A scan finds it where this command puts it without --data, and reads access lists and capabilities through it. That takes no right.",
  ],
  examples: [{ line: "outweigh agent helper", about: "Prints where it lies and how to give it those rights" }],
  run,
});

async function run({ values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { buildHelper, helperFile } = await import("@outweigh/agent");
  const path = helperFile(values.data ?? defaultAgentData());
  const problem = await buildHelper(path);
  if (problem !== undefined) throw new CliError("FAILED", `the helper could not be compiled: ${problem}`);
  if (json) terminal.printJson({ path });
  else {
    terminal.print(path);
    terminal.say("an agent that does not run as root needs: sudo setcap cap_sys_admin,cap_sys_nice+ep " + path);
  }
  return 0;
}
