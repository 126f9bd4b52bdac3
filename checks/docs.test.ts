// What the documents promise exists: links, commands of npm, files that a page names.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");

const pages = [
  ...readdirSync(root).filter((it) => it.endsWith(".md")),
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((it) => it.endsWith(".md"))
    .map((it) => join("docs", it)),
];
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

test("every page can be reached from another one", () => {
  const linked = new Set(
    pages.flatMap((from) =>
      [...readFileSync(join(root, from), "utf8").matchAll(/\]\(([^)#\s]+)/g)].map(([, to = ""]) =>
        join(dirname(from), to),
      ),
    ),
  );
  const reached = (page: string) =>
    linked.has(page) || (dirname(page) === "docs/decisions" && linked.has("docs/decisions"));
  assert.deepEqual(
    pages.filter((it) => it !== "README.md" && !reached(it)),
    [],
  );
});

for (const page of pages) {
  const text = readFileSync(join(root, page), "utf8");

  test(`${page}: every link inside the repository leads somewhere`, () => {
    const dead = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, to = ""]) => to)
      .filter((to) => !/^[a-z]+:/.test(to) && !existsSync(join(root, dirname(page), to)));
    assert.deepEqual(dead, []);
  });

  test(`${page}: every npm script it names exists`, () => {
    const named = [...text.matchAll(/\bnpm (?:run )?([a-z][a-z:-]*)/g)].map(([, it = ""]) => it);
    const own = new Set(["ci", "install", "run", "i", "pack", "view", "packages", "package", "scripts", "script"]);
    assert.deepEqual(
      named.filter((it) => !own.has(it) && !(it in scripts)),
      [],
    );
  });

  test(`${page}: every bench it names exists`, () => {
    const named = [...text.matchAll(/npm run bench -- ([a-z][a-z-]*)/g)].map(([, it = ""]) => it);
    const dead = named.filter(
      (it) => !existsSync(join(root, "bench", `${it}.ts`)) && !existsSync(join(root, "bench", it)),
    );
    assert.deepEqual(dead, [], relative(root, page));
  });
}

test("the version is one", () => {
  const versions = readdirSync(join(root, "packages")).map(
    (it) => JSON.parse(readFileSync(join(root, "packages", it, "package.json"), "utf8")).version,
  );
  assert.equal(new Set(versions).size, 1);
});
