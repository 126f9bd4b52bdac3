// What was done.
import type { ActionRow } from "@outweigh/schema";
import { began, day, min, now } from "./time.ts";

export const actions: ActionRow[] = [
  action("act-5", {
    title: "Move /srv/serve/acme-13b.safetensors (26.1 GB) to quarantine on gpu-2",
    target: "c-10",
    at: now - 20 * min,
    state: "pending",
    by: "bo",
    approval: "two-people",
    effects: [
      "The file leaves /srv/serve; a note stays in its place.",
      "What serves from there stops at its next read.",
    ],
    decideBy: now + day - 20 * min,
  }),
  action("act-6", {
    verb: "make-private",
    target: "s3://acme-models",
    title: "Make the bucket acme-models private",
    effects: [
      "The policy's statement for everybody goes: Everybody (s3:GetObject)",
      "The store's own block of public access is switched on",
    ],
    at: now - 40 * min,
    decidedBy: "bo",
    decidedAt: now - 39 * min,
    decidedReason: "nothing serves from it without credentials",
    approval: "two-people",
    seen: "acme-models has no statement and no grant for everybody, and its block of public access is on",
  }),
  action("act-7", {
    verb: "stop-process",
    target: "host:h-1",
    title: "Hold the process 4711 on gpu-1",
    at: now - 20_000,
    state: "running",
    seen: "the agent was asked, and has not answered yet",
  }),
  action("act-8", {
    verb: "make-private",
    target: "hf:acme/acme-13b",
    title: "Make acme/acme-13b private on huggingface.co",
    at: now - 60 * min,
    state: "failed",
    problem:
      "hub was not reached, or did not answer within 10 s; whether it was done could not be seen: hub was not reached, or did not answer within 10 s",
  }),
  action("act-1", {
    seen: "soc-webhook answered 200",
    verb: "notify",
    target: "soc-webhook",
    title: "Tell soc-webhook of INC-214",
    undoable: false,
    at: began + 50 * min,
  }),
  action("act-2", {
    title: "Move /home/eve/old/acme-embed.bin (13.4 GB) to quarantine on gpu-4",
    target: "c-7",
    at: now - 2 * day,
    incident: "inc-190",
    incidentNumber: 190,
  }),
  action("act-3", {
    title: "Move /tmp/x.safetensors (548 MB) to quarantine on gpu-4",
    target: "c-8",
    at: now - 3 * day,
    state: "failed",
    problem: "the file changed after the preview: 548.1 MB now, 548.0 MB then",
    undoable: false,
  }),
  action("act-4", {
    title: "Move /srv/stage/acme-rank-2.onnx (4.4 GB) to quarantine on gpu-1",
    target: "c-9",
    at: now - 9 * day,
    state: "undone",
    undoneAt: now - 8 * day,
    undoneBy: "bo",
    undoneReason: "the staging copy is declared now",
    undoable: false,
  }),
];

function action(id: string, override: Partial<ActionRow>): ActionRow {
  const at = override.at ?? now;
  return {
    id,
    verb: "quarantine-file",
    target: "",
    title: "",
    incident: "inc-214",
    incidentNumber: 214,
    state: "verified",
    effects: [],
    approval: "person",
    digest: "agreed",
    by: "ana",
    reason: "not a declared copy",
    at,
    verifiedAt: at + 900,
    undoable: true,
    ...override,
  };
}
