// `npm run bench -- <name> [--json] […]`: every number that a document quotes comes from here.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** What a bench exports: measures, prints a table for people, and with `json` one object on stdout. */
interface Bench {
  run(options: { readonly json: boolean; readonly args: readonly string[] }): Promise<void>;
}

const [name = "", ...rest] = process.argv.slice(2);
const here = import.meta.dirname;
const file = [`${name}.ts`, join(name, "run.ts")].map((it) => join(here, it)).find((it) => existsSync(it));

if (!/^[a-z][a-z-]*$/.test(name) || !file || name === "run") {
  const known = readdirSync(here)
    .map((it) => it.replace(/\.ts$/, ""))
    .filter((it) => it !== "run");
  process.stderr.write(`npm run bench -- <name> [--json]\nknown: ${known.join(", ")}\n`);
  process.exit(2);
}

const bench: Bench = await import(file);
await bench.run({ json: rest.includes("--json"), args: rest.filter((it) => it !== "--json") });
