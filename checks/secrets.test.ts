// Nothing that looks like a credential, a registry address or a path of somebody's machine stands in a tracked file.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");

/** Shapes of real secrets. Split, so that this file does not find itself. */
const shapes: readonly (readonly [string, RegExp])[] = [
  ["an AWS access key", new RegExp("\\b" + "AKIA" + "(?!IOSFODNN7EXAMPLE|X{4})[0-9A-Z]{16}\\b")],
  ["a Hugging Face token", new RegExp("\\b" + "hf_" + "[A-Za-z0-9]{34}\\b")],
  ["a GitHub token", new RegExp("\\b" + "gh[pousr]_" + "[A-Za-z0-9]{36}\\b")],
  ["a private key", new RegExp("-----BEGIN " + "(?:[A-Z]+ )?PRIVATE KEY-----\\n[A-Za-z0-9+/=\\n]{60}")],
  ["a Slack token", new RegExp("\\b" + "xox[abpr]-" + "[0-9A-Za-z-]{20,}")],
];

/** Binary and generated files, and the lockfile's hashes, are not prose. */
const passedOver = /(?:^|\/)(?:package-lock\.json|.*\.(?:png|woff2|gz|bin|pt|onnx|zip|gguf|safetensors))$/;

const tracked = listTracked();

test("finds a planted secret", () => {
  const planted = `token = "${"hf_"}${"a".repeat(34)}"`;
  assert.ok(shapes.some(([, shape]) => shape.test(planted)));
});

test("no tracked file holds a secret", { skip: tracked === undefined && "not a git checkout" }, () => {
  const found: string[] = [];
  for (const file of tracked ?? []) {
    const text = readFileSync(join(root, file), "utf8");
    for (const [what, shape] of shapes) if (shape.test(text)) found.push(`${file}: ${what}`);
  }
  assert.deepEqual(found, []);
});

test("the lockfile names no registry", () => {
  assert.doesNotMatch(readFileSync(join(root, "package-lock.json"), "utf8"), /"resolved": "[^"]*:/);
});

function listTracked(): string[] | undefined {
  try {
    return execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
      .split("\0")
      .filter(
        (it) => it !== "" && !passedOver.test(it) && statSync(join(root, it), { throwIfNoEntry: false })?.isFile(),
      );
  } catch {
    return undefined;
  }
}
