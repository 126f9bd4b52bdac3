import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { onlyEvent, readWith, whyNot } from "../testing/read.ts";
import { noSamples, samples } from "../testing/recordings.ts";
import { jupyter } from "./jupyter.ts";
import { detectKind } from "./sources.ts";

const event = (over: object = {}) => ({
  __timestamp__: "2026-11-23T21:16:16.330764+00:00Z",
  __schema__: "https://events.jupyter.org/jupyter_server/contents_service/v1",
  action: "get",
  path: "models/model.safetensors",
  ...over,
});
const line = "[W 2026-11-23 21:16:18.586 ServerApp] 403 GET /api/contents/models (@127.0.0.1) 0.95ms referer=None";

test("an event of the contents service names the file and nobody", () => {
  const it = onlyEvent(jupyter, event());
  assert.deepEqual(
    [it.operation, it.artifact, it.weights, it.vouched],
    ["open", "file:models/model.safetensors", true, false],
  );
  assert.equal(it.time, Date.UTC(2026, 10, 23, 21, 16, 16, 330));
  assert.equal(onlyEvent(jupyter, event({ action: "rename", source_path: "a" })).operation, "rename");
});

test("a line of the log is a request that failed or went elsewhere, or a terminal", () => {
  assert.equal(detectKind(line), "jupyter");
  const it = onlyEvent(jupyter, line);
  assert.deepEqual([it.status_id, it.src_endpoint, it.artifact], [2, { ip: "127.0.0.1" }, "file:models"]);
  assert.equal(
    onlyEvent(jupyter, "[I 2026-11-23 21:16:17.531 ServerApp] New terminal with automatic name: 1").operation,
    "terminal",
  );
});

test("messages are skipped and what is wrong is named", () => {
  assert.match(whyNot(jupyter, "[I 2026-11-23 21:16:14.053 ServerApp] Saving file at /train.ipynb"), /not a request/);
  assert.match(whyNot(jupyter, "    Traceback"), /continues another/);
  assert.match(whyNot(jupyter, event({ __timestamp__: "x" })), /^__timestamp__: /);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.jsonValue(), (text, it) =>
      [text, line + text, JSON.stringify(event({ path: it }))].every(
        (record) => typeof readWith(jupyter, record).ok === "boolean",
      ),
    ),
  );
});

test("the recording is read whole", { skip: noSamples }, () => {
  for (const name of ["jupyter_events.ndjson", "jupyter_server.log"]) {
    const rows = readFileSync(join(samples, "lab-jupyter", name), "utf8")
      .trim()
      .split("\n");
    assert.deepEqual(
      rows.map((it) => readWith(jupyter, it)).filter((it) => !it.ok),
      [],
      name,
    );
  }
});
