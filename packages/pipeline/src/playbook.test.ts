import assert from "node:assert/strict";
import { test } from "node:test";
import { PipelineError } from "./error.ts";
import { playbookHeadings, readPlaybook } from "./playbook.ts";

const page = (headings: readonly string[]) => `# A page\n\n${headings.map((it) => `## ${it}\n\nText.\n`).join("\n")}`;

test("reads the title and the four headings", () => {
  const { title, sections } = readPlaybook("a", page(playbookHeadings));
  assert.equal(title, "A page");
  assert.deepEqual(
    sections.map((it) => it.heading),
    [...playbookHeadings],
  );
  assert.deepEqual(
    sections.map((it) => it.text),
    ["Text.", "Text.", "Text.", "Text."],
  );
});

test("names the first heading that is missing or empty", () => {
  const bad = (text: string, message: RegExp) =>
    assert.throws(
      () => readPlaybook("a", text),
      (error) => error instanceof PipelineError && message.test(error.message),
    );
  bad(page(playbookHeadings.slice(1)), /no heading "What it means" as number 1/);
  bad(page(playbookHeadings).replace("Text.", ""), /says nothing under "What it means"/);
  bad("text", /no title/);
  bad(page(playbookHeadings).replace("Text.", "```hunt\nIts reads\nprincipal:{who}\n```"), /there is no {who}/);
});
