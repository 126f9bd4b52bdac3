import { actionPage, actionRow } from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import { CliError, type ExitCode } from "../error.ts";
import { dataOption, known, withSession } from "../server-client.ts";
import { visible } from "../text/visible.ts";

const options = {
  ...configOption,
  ...dataOption,
  reason: { type: "string", value: "TEXT", about: "Why, for the evidence" },
} as const;

export const permitEnd = command({
  summary: "Ends a permit before its time: what is read from then on is an alarm",
  usage: "ID --reason TEXT",
  positionals: [1, 1],
  options,
  examples: [
    {
      line: "outweigh permit end action-1a2b3c4d --reason 'the move is done'",
      about: "One that holds, by its id in the list",
    },
  ],
  run,
});

async function run({ positionals: [id = ""], values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { reason } = values;
  if (reason === undefined) throw new CliError("USAGE", `expected ${permitEnd.usage}`);
  const { config } = loadConfig(values.config);
  const permit = await withSession(values.data ?? config.server.data, async (api) => {
    const query = { filter: `verb:permit id:${JSON.stringify(id)}`, limit: 1 };
    const { items } = await known(actionPage, api.get("/api/actions", { query }));
    if (items[0]?.id !== id) throw new CliError("FAILED", `there is no permit ${visible(id)}: outweigh permit list`);
    return known(actionRow, api.post("/api/actions/{id}/undo", { path: { id }, body: { reason } }));
  });
  if (json) terminal.printJson({ permit });
  else terminal.print(visible(`${permit.title}: over`));
  return 0;
}
