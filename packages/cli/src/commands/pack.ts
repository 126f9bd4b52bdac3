import { packPreview, redactKind, timeIn, type PackPreview } from "@outweigh/schema";
import { z } from "zod";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import { CliError, type ExitCode } from "../error.ts";
import { incidentId } from "../incident-id.ts";
import { dataOption, known, withSession } from "../server-client.ts";
import type { Terminal } from "../terminal.ts";
import { plural, sizeText, timeText } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";

const kinds: readonly string[] = redactKind.options;

const options = {
  ...configOption,
  ...dataOption,
  redact: {
    type: "string",
    value: "KINDS",
    about: `What its receiver is not shown, with commas between: ${kinds.join(", ")}. The record as it arrived goes with any of them`,
  },
  preview: { type: "boolean", about: "Print what the receiver would see, and make no pack" },
} as const;

export const pack = command({
  summary: "Prints an incident with its evidence, for others to verify",
  usage: "INCIDENT",
  positionals: [1, 1],
  options,
  about: [
    "INCIDENT is its number (7 or INC-7) or its id. The pack goes to stdout: write it to a file.",
    "With --redact, proofs hold as before: what is left out stands as a digest with a salt that stays with the server, and no id confirms a guess.",
    "With --json: what is in it, as one object whose field pack holds the text; with --preview, what is shown.",
  ],
  examples: [
    { line: "outweigh pack 7 > incident-7.pack", about: "Incident 7 of the running server" },
    {
      line: "outweigh pack INC-7 --data /var/lib/outweigh > incident-7.pack",
      about: "Of the server that works in that folder",
    },
    { line: "outweigh pack 7 --redact principal,address --preview", about: "What somebody outside would see" },
  ],
  run,
});

async function run({ positionals: [name = ""], values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const redact = redactIn(values.redact);
  const query = { redact: redact === "" ? undefined : redact };
  const data = values.data ?? config.server.data;
  if (values.preview) {
    const { id, preview } = await withSession(data, async (api) => {
      const id = await incidentId(name, api);
      const asked = api.get("/api/incidents/{id}/pack/preview", { path: { id }, query });
      return { id, preview: await known(packPreview, asked) };
    });
    if (json) terminal.printJson({ incident: id, ...preview });
    else printPreview(preview, terminal);
    return 0;
  }
  const { id, text } = await withSession(data, async (api) => {
    const id = await incidentId(name, api);
    return { id, text: await known(z.string(), api.get("/api/incidents/{id}/pack", { path: { id }, query })) };
  });
  if (json) terminal.printJson({ incident: id, bytes: Buffer.byteLength(text), pack: text });
  else terminal.printRaw(text);
  if (redact !== "") terminal.say(`its receiver knows the incident as ${visible(calledIn(text))}`);
  terminal.say(`${sizeText(Buffer.byteLength(text))}; outweigh verify checks it without this server`);
  return 0;
}

/** What a pack calls its incident: its first line says it (FORMAT.md). */
function calledIn(text: string): string {
  return z.object({ incident: z.string() }).parse(JSON.parse(text.slice(0, text.indexOf("\n")))).incident;
}

/** @throws {CliError} USAGE for what is no kind. */
function redactIn(value: string | undefined): string {
  const names = (value ?? "").split(",").flatMap((it) => it.trim() || []);
  const wrong = names.find((it) => !kinds.includes(it));
  if (wrong !== undefined)
    throw new CliError("USAGE", `--redact names ${JSON.stringify(wrong)}, expected ${kinds.join(", ")}`);
  return names.join(",");
}

function printPreview(it: PackPreview, terminal: Terminal): void {
  for (const { kind, id, shown, redacted } of it.documents) {
    terminal.print(terminal.bold(`${kind} ${visible(id)}`));
    for (const { name, value } of shown) {
      const at = timeIn(name, value);
      terminal.print(`   ${visible(name)}: ${at === undefined ? visible(value) : timeText(at)}`);
    }
    if (redacted.length > 0) terminal.print(`   left out: ${redacted.map(visible).join(", ")}`);
  }
  if (it.total > it.documents.length) terminal.print(`and ${plural(it.total - it.documents.length, "more document")}`);
  terminal.print(
    `${plural(it.shown, "member")} shown, ${it.redacted} left out, ${plural(it.entries, "entry", "entries")} of the log, ${it.leftOut} left out whole`,
  );
  for (const limit of it.limits) terminal.print(`   ${limit}`);
}
