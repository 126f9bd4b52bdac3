import { z } from "zod";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import { CliError, type ExitCode } from "../error.ts";
import { incidentId } from "../incident-id.ts";
import { dataOption, known, withSession } from "../server-client.ts";

const formats = ["html", "pdf", "ocsf", "stix", "csv"] as const;

const options = {
  ...configOption,
  ...dataOption,
  as: {
    type: "string",
    value: "FORMAT",
    about:
      "html: a report to read; pdf: the same, printed by a Chromium on this machine; ocsf: findings of OCSF 1.8.0, one a line; " +
      "stix: a STIX 2.1 bundle; csv: its events",
  },
} as const;

export const exportIncident = command({
  summary: "Prints an incident as a report, or for another system: OCSF, STIX or CSV",
  usage: "INCIDENT --as FORMAT",
  positionals: [1, 1],
  options,
  about: [
    "INCIDENT is its number (7 or INC-7) or its id. What is exported is not signed: outweigh pack prints what others can verify.",
    "With --json: one object whose field text holds the export; a PDF is in Base64.",
  ],
  examples: [
    { line: "outweigh export 7 --as pdf > incident-7.pdf", about: "For whoever does not use the console" },
    { line: "outweigh export 7 --as stix > incident-7.stix.json", about: "For a threat intelligence platform" },
    { line: "outweigh export 7 --as ocsf", about: "For a SIEM" },
  ],
  run,
});

async function run({ positionals: [name = ""], values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  if (values.as === undefined) throw new CliError("USAGE", `say for what: --as ${formats.join(", --as ")}`);
  const as = formats.find((it) => it === values.as);
  if (as === undefined)
    throw new CliError("USAGE", `--as is ${JSON.stringify(values.as)}, expected ${formats.join(", ")}`);
  const { config } = loadConfig(values.config);
  const query = as === "pdf" ? ({ as: "html", printed: as } as const) : { as };
  const { id, text } = await withSession(values.data ?? config.server.data, async (api) => {
    const id = await incidentId(name, api);
    return { id, text: await known(z.string(), api.get("/api/incidents/{id}/export", { path: { id }, query })) };
  });
  if (as === "pdf") {
    const { printedPage } = await import("../printed-page.ts");
    const pdf = await printedPage(text);
    if (json) terminal.printJson({ incident: id, as, text: pdf.toString("base64") });
    else terminal.printRaw(pdf);
  } else if (json) terminal.printJson({ incident: id, as, text });
  else terminal.printRaw(text);
  return 0;
}
