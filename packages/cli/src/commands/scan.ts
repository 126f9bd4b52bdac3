import type { HashMode, ScanOptions, ScanProgress } from "@outweigh/agent";
import type { SignedScan } from "@outweigh/evidence";
import type { Config, ScanReport } from "@outweigh/schema";
import type { Answered } from "@outweigh/server";
import { parse } from "yaml";
import { defaultAgentData } from "../agent-data.ts";
import { command, configOption, type Call } from "../command.ts";
import { fingerprintFolder } from "../config/fingerprints.ts";
import { loadConfig } from "../config/read.ts";
import { CliError, type ExitCode } from "../error.ts";
import { printChange, readReport } from "../scan/change.ts";
import { cloudsNotSeen } from "../scan/clouds-not-seen.ts";
import { isFinding } from "../scan/findings.ts";
import { printScan } from "../scan/print.ts";
import { writeSarif } from "../scan/sarif.ts";
import { signingKey } from "../scan/signing-key.ts";
import type { Terminal } from "../terminal.ts";
import { visible } from "../text/visible.ts";
import { countText, sizeText } from "../text/amounts.ts";

const modes = ["auto", "full", "none"];

const options = {
  ...configOption,
  hash: {
    type: "string",
    value: "MODE",
    about: "auto: declared places, then small files, up to 17 GB; full: everything; none: headers only",
  },
  match: {
    type: "boolean",
    about:
      "Also compare with the register's fingerprints, to recognise quantised, pruned, merged and fine-tuned copies",
  },
  watched: {
    type: "string",
    multiple: true,
    value: "MODEL",
    about: "With --match: a model that was stolen: what may come from it is told too; several times",
  },
  posture: {
    type: "string",
    value: "DIR",
    about: "A folder of exported policies, roles and repositories to find theft paths in (default: the config's)",
  },
  sarif: { type: "string", value: "FILE", about: "Also write the theft paths as SARIF 2.1.0" },
  before: {
    type: "string",
    value: "FILE",
    about: "An earlier scan's --json: says which theft paths are gone and which are new",
  },
  sign: {
    type: "string",
    value: "KEY",
    about: "Print the report signed with this key, a private Ed25519 key in PEM: outweigh verify checks it",
  },
  exclude: {
    type: "string",
    multiple: true,
    value: "PATH",
    about: "A folder to leave out; several times",
  },
} as const;

export const scan = command({
  summary: "Finds every copy of a model on this host by content, and who could take it",
  usage: "[PATH…]",
  positionals: [0, 1000],
  options,
  about: [
    "Archives are looked into, but by default not unpacked without end: what was left out to save time is counted under NOT SEEN; --hash full leaves out nothing.",
    "Without a path: all disks of this machine. Nothing is written, nothing runs, no link is followed, nobody is contacted but the clouds that outweigh.yml names.",
    "Which models are watched after a confirmed theft, the server knows: it tells the scan that it starts. A scan by hand knows what --watched says.",
    "Exit 1 if a registered model lies outside its declared places, or if somebody could take one: for models that are not registered, one of at least 1 MB.",
  ],
  examples: [
    { line: "outweigh scan", about: "All disks of this machine" },
    { line: "outweigh scan /home /srv/models --hash full", about: "Two folders, hashing all weights" },
    {
      line: "outweigh scan --posture exported --before scan.json",
      about: "Policies and roles too, and what changed since an earlier scan",
    },
    {
      line: "outweigh scan --json > scan.json",
      about: "The report for a machine, or for outweigh init --from scan.json",
    },
    {
      line: "outweigh scan --sign scan.key > scan.signed.json",
      about: "The report as whoever has its key's other half can check it",
    },
  ],
  run,
});

async function run({ values, positionals, json, terminal, signal }: Call<typeof options>): Promise<ExitCode> {
  const hash = modeOf(values.hash ?? "auto");
  const key = values.sign === undefined ? undefined : signingKey(values.sign);
  const { config, file } = loadConfig(values.config);
  const strange = values.watched.find((it) => !config.models.some(({ name }) => name === it));
  if (strange !== undefined)
    throw new CliError("USAGE", `--watched ${visible(strange)}: the register has no such model`);
  if (values.watched.length > 0 && values.match !== true)
    throw new CliError("USAGE", "--watched goes with --match, which finds what comes from a model: add --match");
  const roots = positionals.length > 0 ? positionals : ["/"];
  const answered = await answeredOf(config, terminal, signal);
  terminal.say(`scanning ${roots.join(", ")}: read-only${answered ? "" : ", no network"}`);
  const agent = await import("@outweigh/agent");
  const scanned = await scanOrExplain(agent, {
    roots,
    ...postureOf(values.posture ?? config.posture, answered),
    register: config.models,
    helper: await helperOf(agent),
    hash,
    ...(values.match && { match: { ...(await fingerprintsOf(file, config)), watched: new Set(values.watched) } }),
    exclude: [config.server.data, ...values.exclude],
    signal,
    onProgress: (it) => terminal.progress(() => progressText(it)),
  });
  const report = answered ? withClouds(scanned, answered) : scanned;
  if (values.sarif !== undefined) await writeSarif(values.sarif, report);
  if (key) await printSigned(agent.signScan(report, key), terminal);
  else if (json) terminal.printJson(report);
  else printScan(report, terminal);
  if (values.before !== undefined && !json && !key) printChange(readReport(values.before), report, terminal);
  return isFinding(report) ? 1 : 0;
}

function withClouds(scanned: ScanReport, { asked }: Answered): ScanReport {
  return { ...scanned, asked: [...asked], notSeen: [...scanned.notSeen, ...cloudsNotSeen(asked)] };
}

function postureOf(folder: string | undefined, answered: Answered | undefined): Pick<ScanOptions, "posture"> {
  if (folder === undefined && !answered) return {};
  return { posture: { folder, parseYaml: (text) => parse(text), ...(answered && { more: answered.files }) } };
}

/** The same document that an agent keeps of its scans. Who signed it is told apart, for whoever is to trust it. */
async function printSigned(signed: SignedScan, terminal: Terminal): Promise<void> {
  const { keyId, signedScanLine } = await import("@outweigh/evidence");
  terminal.print(signedScanLine(signed).trimEnd());
  terminal.say(`signed by ${keyId(signed.key)}`);
}

/** The agent's helper, where it was compiled: it reads what stands in extended attributes. */
async function helperOf({ helperFile, isRunnable }: typeof import("@outweigh/agent")): Promise<string | undefined> {
  const path = helperFile(defaultAgentData());
  return (await isRunnable(path)) ? path : undefined;
}

/** What configured clouds answer. Without `clouds` in outweigh.yml nobody is contacted. */
async function answeredOf(
  { clouds, models }: Config,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Answered | undefined> {
  if (clouds.length === 0) return undefined;
  terminal.say(`asking ${clouds.map((it) => it.name).join(", ")} for configuration, as clouds in outweigh.yml say`);
  const { askClouds } = await import("@outweigh/server");
  const answered = await askClouds({ clouds, register: models, env: process.env, signal });
  for (const { cloud, url, problem } of answered.asked)
    if (problem !== undefined) terminal.say(visible(`${cloud}: ${url === "" ? "" : `${url}: `}${problem}`));
  return answered;
}

/** @throws {CliError} USAGE for a path that is not there. */
async function scanOrExplain(
  { scan, ScanError }: typeof import("@outweigh/agent"),
  wanted: ScanOptions,
): Promise<ScanReport> {
  try {
    return await scan(wanted);
  } catch (error) {
    if (!(error instanceof ScanError) || error.code !== "NO_SUCH_ROOT") throw error;
    const message = `no such path: ${error.message}. Name a file or folder that is there; without one, all disks are scanned`;
    throw new CliError("USAGE", message, { cause: error });
  }
}

/** @throws {CliError} USAGE if there are none. */
async function fingerprintsOf(
  file: string | undefined,
  { models }: Config,
): Promise<NonNullable<ScanOptions["match"]>> {
  const folder = file === undefined ? undefined : fingerprintFolder(file);
  const known = (await folder?.load(new Set(models.map((it) => it.name)))) ?? [];
  if (!folder || known.length === 0)
    throw new CliError("USAGE", "there is no fingerprint to match with: outweigh register makes them");
  return { known, key: folder.key() };
}

function modeOf(text: string): HashMode {
  if (text === "auto" || text === "full" || text === "none") return text;
  throw new CliError("USAGE", `--hash is ${JSON.stringify(text)}, expected ${modes.join(", ")}`);
}

function progressText({ phase, files, bytesRead, candidates, done, toRead }: ScanProgress): string {
  switch (phase) {
    case "walking":
      return `${countText(files)} files seen, ${countText(candidates)} look like models or archives`;
    case "looking":
      return `${countText(done)} of ${countText(candidates)} likely files looked into, ${sizeText(bytesRead)} read`;
    case "hashing":
      return `${countText(done)} of ${countText(candidates)} files with weights hashed, ${sizeText(bytesRead)} read of about ${sizeText(toRead)}`;
  }
}
