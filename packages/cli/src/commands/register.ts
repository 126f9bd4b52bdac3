import { createHash } from "node:crypto";
import { createReadStream, realpathSync, statSync } from "node:fs";
import { basename, dirname, relative } from "node:path";
import { modelClass, modelEntry, type ScannedCopy } from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { addModel, type NewModel } from "../config/add-model.ts";
import { fingerprintFolder } from "../config/fingerprints.ts";
import { defaultConfigFile } from "../config/read.ts";
import { CliError, type ExitCode } from "../error.ts";
import { oneModel } from "../one-model.ts";
import { plural, sizeText } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";

const options = {
  ...configOption,
  name: { type: "string", value: "NAME", about: "What the model is called everywhere" },
  class: { type: "string", value: "CLASS", about: "public, base, private, delta or decoy (default: private)" },
  owner: { type: "string", value: "WHO", about: "Who answers for it" },
  place: {
    type: "string",
    multiple: true,
    value: "ADDRESS",
    about: "Another place where a copy is declared to be, e.g. s3://bucket/prefix/; several times",
  },
  reader: {
    type: "string",
    multiple: true,
    value: "PRINCIPAL",
    about: "Who may read it, as the sources name them; several times",
  },
} as const;

export const register = command({
  summary: "Adds a model to outweigh.yml with its digest, files and fingerprint",
  usage: "PATH --name NAME",
  positionals: [1, 1],
  options,
  about: [
    "PATH is a file or a folder of shards: it becomes the first declared place. Reads all bytes once. No weights are stored: the fingerprint in .outweigh/fingerprints beside the file holds samples.",
  ],
  examples: [
    { line: "outweigh register /srv/models/acme-13b --name acme-13b --class private", about: "A folder of shards" },
    {
      line: "outweigh register acme.gguf --name acme --place s3://acme-models/acme/ --reader 'ci-*'",
      about: "With a bucket, and who may read from it",
    },
  ],
  run,
});

async function run({
  positionals: [path = ""],
  values,
  json,
  terminal,
  signal,
}: Call<typeof options>): Promise<ExitCode> {
  const file = values.config ?? defaultConfigFile;
  const name = modelEntry.shape.name.safeParse(values.name);
  if (values.name === undefined)
    throw new CliError("USAGE", "say what the model is called: --name NAME; see: outweigh register --help");
  const kind = modelClass.safeParse(values.class ?? "private");
  if (!name.success) throw new CliError("USAGE", `--name: ${name.error.issues[0]?.message ?? "expected a name"}`);
  if (!kind.success)
    throw new CliError(
      "USAGE",
      `--class is ${JSON.stringify(values.class)}, expected ${modelClass.options.join(", ")}`,
    );

  const { model, copy } = await oneModel(path, { hash: "full", terminal, signal });
  if (!copy.complete)
    throw new CliError("FAILED", `${path} is incomplete: ${(copy.missing ?? ["cut short"]).slice(0, 5).join(", ")}`);
  if (copy.container !== undefined)
    throw new CliError("FAILED", `the model lies inside ${copy.container}: unpack it first`);
  const place = realpathSync(path);
  const files = await filesOf(copy, place, (it) => terminal.progress(() => `reading ${it}`));
  const entry: NewModel = {
    name: name.data,
    ...(values.owner !== undefined && { owner: values.owner }),
    class: kind.data,
    bytes: files.reduce((sum, it) => sum + it.bytes, 0),
    digest: model.digest,
    files,
    places: [`file:${place}`, ...values.place],
    ...(values.reader.length > 0 && { readers: values.reader }),
  };
  addModel(file, entry);
  const fingerprint = await saveFingerprint(file, name.data, copy);
  if (json) terminal.printJson({ file, model: entry, fingerprint });
  else {
    terminal.print(
      `${name.data} is in ${visible(file)}: ${sizeText(model.bytes)} of weights, ${plural(files.length, "file")}, ${plural(model.tensors, "tensor")}, digest ${model.digest.slice(0, 16)}…`,
    );
    terminal.print(
      fingerprint === undefined
        ? "   no fingerprint: it has too few matrices to recognise changed copies by"
        : `   fingerprint ${visible(fingerprint)}: keep it and the key beside it to yourself`,
    );
    if (values.reader.length === 0)
      terminal.print("   nobody may read it yet: add readers, or every read is undeclared");
  }
  return 0;
}

async function saveFingerprint(configFile: string, name: string, copy: ScannedCopy): Promise<string | undefined> {
  const { openCopy } = await import("@outweigh/agent");
  const { fingerprint } = await import("@outweigh/weights");
  const folder = fingerprintFolder(configFile);
  const opened = await openCopy(copy);
  try {
    const made = await fingerprint(opened.parts, { key: folder.key() });
    if (!made.tensors.some((it) => it.unusable === undefined)) return undefined;
    return await folder.save(name, made);
  } finally {
    opened.close();
  }
}

/** The copy's files below the place, with the SHA-256 by which registries and caches call them. */
async function filesOf(
  { path, bytes, files = [{ path, bytes }] }: ScannedCopy,
  place: string,
  onFile: (path: string) => void,
): Promise<{ path: string; bytes: number; sha256: string }[]> {
  const base = statSync(place).isDirectory() ? place : dirname(place);
  const described: { path: string; bytes: number; sha256: string }[] = [];
  for (const it of files) {
    onFile(it.path);
    const hash = createHash("sha256");
    for await (const piece of createReadStream(it.path)) hash.update(piece);
    described.push({ path: relative(base, it.path) || basename(it.path), bytes: it.bytes, sha256: hash.digest("hex") });
  }
  return described;
}
