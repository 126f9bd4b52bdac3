// The command line is what the documents say it is: every command they name exists, every example parses, four of them load nothing native.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readArguments } from "../packages/cli/src/arguments.ts";
import { commands } from "../packages/cli/src/commands.ts";
import { commonOptions, type Options } from "../packages/cli/src/command.ts";
import { main } from "../packages/cli/src/main.ts";
import { Terminal } from "../packages/cli/src/terminal.ts";
import { safetensors } from "../e2e/world/weights.ts";

const root = join(import.meta.dirname, "..");
const program = join(root, "packages", "cli", "bin", "outweigh.js");

const pages = [
  ...readdirSync(root).filter((it) => it.endsWith(".md")),
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((it) => it.endsWith(".md"))
    .map((it) => join("docs", it)),
];

for (const page of pages) {
  test(`${page}: every command and option it shows exists`, async () => {
    const wrong: string[] = [];
    for (const line of shown(readFileSync(join(root, page), "utf8"))) {
      if (line === "help") continue;
      const name = nameIn(line);
      if (name === undefined) {
        wrong.push(line);
        continue;
      }
      const { options } = await load(name);
      const known: Options = { ...options, ...commonOptions };
      for (const [, option = ""] of line.matchAll(/\s--([a-z][a-z-]*)/g)) if (!(option in known)) wrong.push(line);
    }
    assert.deepEqual(wrong, []);
  });
}

for (const name of commands.keys()) {
  test(`outweigh ${name}: has a help, and examples that parse`, async () => {
    const it = await load(name);
    assert.ok(it.examples.length > 0);
    for (const { line, about } of it.examples) {
      assert.ok(line.startsWith(`outweigh ${name}`), line);
      assert.ok(about.length > 0);
      const words = wordsOf(line.slice(`outweigh ${name}`.length));
      assert.doesNotThrow(() => readArguments(name, it, words), line);
    }
    const help = await helpOf(name);
    assert.ok(help.includes(it.summary));
    assert.ok(help.split("\n").every((line) => line.length <= 100));
  });
}

test("scan, replay, compare and verify load no native module", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-native-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const model = join(folder, "a.bin");
  const log = join(folder, "access.log");
  writeFileSync(model, safetensors("acme-13b", [0, 1, 2]));
  writeFileSync(
    log,
    '203.0.113.7 - - [24/Nov/2026:09:00:00 +0000] "GET /files/m.safetensors HTTP/1.1" 200 10 "-" "curl/8"\n',
  );
  const refuse = `data:text/javascript,process.dlopen=()=>{process.stderr.write("a native module was loaded\\n");process.exit(9)}`;
  for (const args of [
    ["scan", folder, "--match"],
    ["scan", folder],
    ["replay", log],
    ["compare", model, model],
    ["verify", log],
  ]) {
    const { status, stderr } = run([...args, "--json"], folder, ["--import", refuse]);
    assert.doesNotMatch(stderr, /native module/, args.join(" "));
    assert.ok(status !== null && status <= 2, `${args.join(" ")} ended with ${status}: ${stderr}`);
  }
});

test("what a process prints as help is what the command line prints here", async () => {
  const { status, stdout, stderr } = run(["rules", "test", "--help"]);
  assert.deepEqual([status, stdout], [0, await helpOf("rules test")], stderr);
});

/** What the command line prints, in this process: a process for each command takes a third of a second. */
async function helpOf(name: string): Promise<string> {
  const said = { stdout: "", stderr: "" };
  const into = (where: keyof typeof said) => ({ write: (text: string | Uint8Array) => (said[where] += String(text)) });
  const terminal = new Terminal({
    stdout: into("stdout"),
    stderr: into("stderr"),
    isTerminal: false,
    colour: false,
    now: () => 0,
  });
  assert.equal(await main([...name.split(" "), "--help"], terminal), 0, said.stderr);
  return said.stdout;
}

async function load(name: string) {
  const found = commands.get(name);
  assert.ok(found, `there is no command ${name}`);
  return found();
}

/** Lines that begin with `outweigh` or `npx outweigh` in code blocks, and such code in running text. */
function shown(text: string): string[] {
  const blocks = [...text.matchAll(/^```[^\n]*\n([^]*?)^```/gm)].flatMap(([, block = ""]) => block.split("\n"));
  const spans = [...text.replace(/^```[^]*?^```/gm, "").matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
  return [...blocks, ...spans]
    .map((line) => /^\s*(?:\$ )?(?:npx )?outweigh (?=[a-z])(.*?)(?:\s+#.*)?$/.exec(line)?.[1]?.trim())
    .filter((it) => it !== undefined);
}

function nameIn(line: string): string | undefined {
  const words = line.split(/\s+/);
  return [words.slice(0, 2).join(" "), words[0] ?? ""].find((it) => commands.has(it));
}

/** As a shell cuts it, as far as examples need: quotes hold blanks, a redirection ends it. */
function wordsOf(text: string): string[] {
  const [before = ""] = text.split(" > ");
  return [...before.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

function run(args: readonly string[], cwd = root, node: readonly string[] = []) {
  return spawnSync(process.execPath, [...node, program, ...args], {
    cwd,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
}
