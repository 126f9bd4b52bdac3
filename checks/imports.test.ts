// Holds the code to "Who may import whom" of ARCHITECTURE.md, so that neither drifts from the other.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");

/** What a library may take from Node: modules that only compute. */
const computing = ["node:crypto", "node:zlib"];

/** Names through which a library would reach a clock, a die, a timer, the environment or the screen. */
const impure =
  /\bnew Date\(\)|\b(?:Date\.now|Math\.random|performance|process|console|setTimeout|setInterval)\b(?=[.(])/;

const page = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
const rows = [...page.matchAll(/^\| ([a-z]+) \| ([^|]*) \|$/gm)].slice(1);
const table = new Map(rows.map(([, name = "", list = ""]) => [name, names(list)]));
const libraries = names(/^Libraries: (.*)\.$/m.exec(page)?.[1] ?? "");

test("every package has a row, and every row a package", () => {
  assert.deepEqual([...table.keys()].sort(), readdirSync(join(root, "packages")).sort());
});

test("the libraries named have rows", () => {
  assert.ok(libraries.length > 0);
  assert.deepEqual(
    libraries.filter((it) => !table.has(it)),
    [],
  );
});

for (const [name, allowed] of table) {
  const home = join(root, "packages", name);

  test(`${name} declares what it may import, and nothing else`, () => {
    const { dependencies = {} } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
    assert.deepEqual(Object.keys(dependencies).sort(), [...allowed].sort());
  });

  test(`${name} imports only what it may${libraries.includes(name) ? ", and only computes" : ""}`, () => {
    const wrong: string[] = [];
    for (const file of sources(join(home, "src"))) {
      const text = withoutComments(readFileSync(file, "utf8"));
      const outside = imports(text).filter(
        (it) => !it.startsWith(".") || !join(dirname(file), it).startsWith(home + sep),
      );
      for (const it of outside.map(packageOf)) {
        const ofNode = it.startsWith("node:");
        if (!ofNode && !allowed.includes(it)) wrong.push(`${file} imports ${it}`);
        if (ofNode && libraries.includes(name) && !computing.includes(it)) wrong.push(`${file} imports ${it}`);
      }
      const found = libraries.includes(name) ? impure.exec(text) : null;
      if (found) wrong.push(`${file} uses ${found[0]}`);
    }
    assert.deepEqual(wrong, []);
  });

  test(`${name} is entered by its index alone, which lists names`, () => {
    assert.doesNotMatch(readFileSync(join(home, "src", "index.ts"), "utf8"), /export \*/);
  });
}

function names(list: string): string[] {
  return list
    .split(",")
    .map((it) => it.trim())
    .filter((it) => it !== "" && it !== "—");
}

function sources(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files
    .filter((it) => /\.tsx?$/.test(it) && !it.includes(".test.") && !it.split(sep).includes("testing"))
    .map((it) => join(folder, it));
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
}

/** What stands in its static, dynamic and side-effect imports. */
function imports(text: string): string[] {
  const statements = /(?:^|\n)\s*(?:import|export)\s[^"'`;]*?\bfrom\s*"([^"]+)"/g;
  const others = /\bimport\s*\(\s*"([^"]+)"|(?:^|\n)\s*import\s+"([^"]+)"/g;
  return [...text.matchAll(statements), ...text.matchAll(others)].map(([, a, b]) => a ?? b ?? "");
}

/** "@outweigh/schema/event" and "zod/v4" belong to "@outweigh/schema" and "zod". */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
