import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { test } from "node:test";
import { aGateway } from "../testing/a-gateway.ts";
import { until } from "../testing/until.ts";

/** How nice each thread of this process is. Source: proc(5), field 19 of stat. */
function threads(): number[] {
  return readdirSync("/proc/self/task").map((it) => {
    const stat = readFileSync(`/proc/self/task/${it}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
  });
}

const skip = process.platform !== "linux" && "only Linux gives a thread a priority of its own";

test("detectors ask for less of a core than requests do", { skip }, async (t) => {
  const own = getPriority();
  const it = await aGateway({ upstreams: [{ name: "m", protocol: "openai", url: "http://127.0.0.1:9" }] });
  t.after(() => it.close());
  await until("a thread that is nicer", () => threads().includes(Math.min(19, own + 5)));
  assert.equal(getPriority(), own);
});
