// What the browser must load before it shows the queue, measured on the built files.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { consoleDir } from "./index.ts";

/** Most script of the first page, in bytes after gzip: a second on a slow line. */
const maxFirstLoad = 250_000;

const built = existsSync(join(consoleDir, "index.html"));
const skip = !built && "the console is not built: npm run build";

test("the queue loads with little script", { skip }, (t) => {
  const page = readFileSync(join(consoleDir, "index.html"), "utf8");
  const loaded = new Set<string>();
  for (const [, file = ""] of page.matchAll(/<script[^>]* src="\/([^"]+)"/g)) follow(file, loaded);
  const queue = scripts().filter((it) => text(it).includes("IncidentList") && !loaded.has(it));
  assert.equal(queue.length, 1, "no single chunk holds the queue");
  follow(queue[0] ?? "", loaded);

  const bytes = [...loaded].reduce((sum, it) => sum + gzipSync(text(it)).length, 0);
  t.diagnostic(`first load: ${Math.round(bytes / 1000)} kB of script after gzip, in ${loaded.size} files`);
  assert.ok(bytes <= maxFirstLoad, `${bytes} bytes, at most ${maxFirstLoad}`);
});

test("nothing is loaded from elsewhere, inlined, or put in by markup", { skip }, () => {
  const page = readFileSync(join(consoleDir, "index.html"), "utf8");
  assert.doesNotMatch(page, /(?:src|href)="(?:https?:)?\/\//);
  assert.doesNotMatch(page, /<script(?![^>]* src=)|<style|\son\w+=/);
  for (const it of readdirSync(join(consoleDir, "assets")).filter((file) => file.endsWith(".css"))) {
    assert.doesNotMatch(readFileSync(join(consoleDir, "assets", it), "utf8"), /url\((?!"?\/assets\/)|@import/, it);
  }
});

/** A script and all that it imports before it runs. */
function follow(file: string, loaded: Set<string>): void {
  if (loaded.has(file)) return;
  loaded.add(file);
  for (const [, next = ""] of text(file).matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g)) {
    follow(`assets/${next}`, loaded);
  }
}

function scripts(): string[] {
  return readdirSync(join(consoleDir, "assets"))
    .filter((it) => it.endsWith(".js"))
    .map((it) => `assets/${it}`);
}

function text(file: string): string {
  return readFileSync(join(consoleDir, file), "utf8");
}
