import assert from "node:assert/strict";
import { test } from "node:test";
import type { OcsfEvent } from "@outweigh/schema";
import type { StoredAgent } from "../store/agents.ts";
import { anEvent } from "../testing/an-event.ts";
import { optionsOn } from "./host-options.ts";

const digest = "ab".repeat(32);
const agent = {
  id: "h-1",
  host: { name: "gpu-9", system: "Debian", kernel: "6.1", arch: "x64", version: "0.1.0", user: "root" },
  publicKey: "",
  enrolledAt: 0,
  enrolledBy: "ana",
} satisfies StoredAgent;
const withLeave = (...may: ("stop-process" | "block-egress")[]): StoredAgent =>
  ({ ...agent, health: { may } }) as unknown as StoredAgent;
const by = (pid: number, name: string): OcsfEvent => anEvent("e", { actor: { process: { pid, name } } });
const process = { pid: 4711, name: "curl", key: "4711:99", program: digest };

test("a process of the incident that is still there is held by its key and its program, and the host's connections are blocked for an hour", () => {
  assert.deepEqual(optionsOn({ agent, events: [by(4711, "curl")], processes: [process] }), [
    {
      verb: "stop-process",
      target: "host:h-1",
      label: "Hold curl (4711) on gpu-9",
      terms: { order: { verb: "stop-process", process: "4711:99", program: digest, how: "hold" } },
    },
    {
      verb: "block-egress",
      target: "host:h-1",
      label: "Block what gpu-9 opens to outside, for 60 minutes",
      terms: { order: { verb: "block-egress", whose: { of: "host" }, minutes: 60 } },
    },
  ]);
});

test("a process that the incident does not name, or that cannot be named for good, is not offered", () => {
  const verbs = (processes: Parameters<typeof optionsOn>[0]["processes"]) =>
    optionsOn({ agent, events: [by(4711, "curl")], processes }).map((it) => it.verb);
  const { key: _, ...keyless } = process;
  for (const it of [{ ...process, pid: 4712 }, { ...process, name: "bash" }, { ...process, program: "?" }, keyless, {}])
    assert.deepEqual(verbs([it]), ["block-egress"]);
  assert.equal(verbs(Array.from({ length: 500 }, () => process)).length, 11);
});

test("an agent that was started without leave is not offered what it would refuse", () => {
  const offered = (it: StoredAgent) =>
    optionsOn({ agent: it, events: [by(4711, "curl")], processes: [process] }).map(({ verb }) => verb);
  assert.deepEqual(offered(withLeave()), []);
  assert.deepEqual(offered(withLeave("stop-process")), ["stop-process"]);
  assert.deepEqual(offered(withLeave("block-egress")), ["block-egress"]);
});
