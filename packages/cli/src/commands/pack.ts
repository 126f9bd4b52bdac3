import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import type { ExitCode } from "../error.ts";
import { incidentId } from "../incident-id.ts";
import { dataOption, withSession } from "../server-client.ts";
import { sizeText } from "../text/amounts.ts";

const options = {
  ...configOption,
  ...dataOption,
} as const;

export const pack = command({
  summary: "Prints an incident with its evidence, for others to verify",
  usage: "INCIDENT",
  positionals: [1, 1],
  options,
  about: [
    "INCIDENT is its number (7 or INC-7) or its id. The pack goes to stdout: write it to a file.",
    "With --json: what is in it, as one object whose field pack holds the text.",
  ],
  examples: [
    { line: "outweigh pack 7 > incident-7.pack", about: "Incident 7 of the running server" },
    {
      line: "outweigh pack INC-7 --data /var/lib/outweigh > incident-7.pack",
      about: "Of the server that works in that folder",
    },
  ],
  run,
});

async function run({ positionals: [name = ""], values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const { id, text } = await withSession(values.data ?? config.server.data, async (session) => {
    const found = await incidentId(name, session);
    return { id: found, text: await (await session.get(`/api/incidents/${encodeURIComponent(found)}/pack`)).text() };
  });
  if (json) terminal.printJson({ incident: id, bytes: Buffer.byteLength(text), pack: text });
  else terminal.printRaw(text);
  terminal.say(`${sizeText(Buffer.byteLength(text))}; outweigh verify checks it without this server`);
  return 0;
}
