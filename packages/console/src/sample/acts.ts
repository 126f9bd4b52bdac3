// What a person may try in the made-up day: it changes what this page remembers, and nothing else.
import type { ActionPreview, ActionRow } from "@outweigh/schema";
import { no, ok, type Answer, type Body } from "./answer.ts";
import type { State } from "./state.ts";

/** Assigns, decides, comments and acts in memory; whatever else is sent is undefined here. */
export function tried(state: State, noun: string, id: string, verb: string, body: Body): Answer | undefined {
  if (noun === "actions") return act(state, id, verb, body);
  if (noun !== "incidents" || !["assign", "status", "comments"].includes(verb)) return undefined;
  const it = state.incidents.find((row) => row.id === id);
  if (!it) return no(404, "NOT_FOUND", `there is no incident ${id}`);
  if (verb === "assign") {
    if (body["assignee"]) it.assignee = body["assignee"];
    else delete it.assignee;
  }
  if (verb === "status")
    Object.assign(it, { status: body["status"], ...(body["verdict"] && { verdict: body["verdict"] }) });
  if (verb === "comments") {
    const said = state.comments.get(id) ?? [];
    state.comments.set(id, [...said, { at: Date.now(), by: "ana", text: body["text"] ?? "" }]);
  }
  return ok(it);
}

function act(state: State, id: string, verb: string, body: Body): Answer | undefined {
  if (id === "preview") return ok(previewOf(state, body));
  if (id !== "") return change(state, id, verb, body);
  const preview = previewOf(state, body);
  const done: ActionRow = {
    id: `act-${state.actions.length + 1}`,
    verb: preview.verb,
    target: preview.target,
    title: preview.title,
    incident: body["incident"] ?? "inc-214",
    incidentNumber: 214,
    state: "verified",
    by: "ana",
    reason: body["reason"] ?? "",
    at: Date.now(),
    effects: preview.effects,
    approval: preview.approval,
    digest: preview.digest,
    verifiedAt: Date.now() + 700,
    undoable: preview.undoable,
  };
  state.actions.unshift(done);
  return ok(done);
}

function change(state: State, id: string, verb: string, body: Body): Answer | undefined {
  const it = state.actions.find((row) => row.id === id);
  if (!it) return no(404, "NOT_FOUND", `there is no action ${id}`);
  const reason = body["reason"] ?? "";
  const decided = { decidedAt: Date.now(), decidedBy: "ana", decidedReason: reason };
  if (verb === "undo")
    Object.assign(it, {
      state: "undone",
      undoneAt: Date.now(),
      undoneBy: "ana",
      undoneReason: reason,
      undoable: false,
    });
  else if (verb === "approve") Object.assign(it, { ...decided, state: "verified", verifiedAt: Date.now() + 700 });
  else if (verb === "decline") Object.assign(it, { ...decided, state: "declined" });
  else return undefined;
  return ok(it);
}

function previewOf(state: State, body: Body): ActionPreview {
  const preview = body["verb"] === "label-only" ? orderPreview(body["target"] ?? "") : plainPreview(body);
  return { ...preview, effects: [...state.previewSays, ...preview.effects] };
}

const agreedPreviews: Readonly<
  Record<string, Pick<ActionPreview, "verb" | "title" | "effects" | "undoable" | "lasts">>
> = {
  "stop-process": {
    verb: "stop-process",
    title: "Hold the process 4711 on gpu-9",
    effects: ["It stands still until this is undone; what it serves stops"],
    undoable: true,
  },
  "open-capture": {
    verb: "open-capture",
    title: "Open the capture ORD-5e0f4f0a1c2b: what resell/eu asked and was answered",
    effects: [
      "For an hour a lead gets its key, by outweigh capture open or the API. Each time stands in the evidence",
      "What was read cannot be unread",
    ],
    undoable: true,
    lasts: 3_600_000,
  },
  "block-egress": {
    verb: "block-egress",
    title: "Block what every process but the agent of gpu-9 opens to outside for 60 minutes",
    effects: [
      "New and open connections to outside stop; it ends by itself",
      "What serves from this host to outside stops too",
    ],
    undoable: true,
    lasts: 3_600_000,
  },
};

function plainPreview(body: Body): ActionPreview {
  const agreed = agreedPreviews[body["verb"] ?? ""];
  if (agreed) return { ...agreed, target: body["target"] ?? "", approval: "two-people", digest: "agreed" };
  const moves = body["verb"] === "quarantine-file";
  return {
    verb: moves ? "quarantine-file" : "notify",
    target: body["target"] ?? "",
    title: moves ? "Move /home/dev/m.gguf (26.1 GB) to quarantine on gpu-9" : "Tell soc-webhook of INC-214",
    effects: moves
      ? [
          "The file leaves /home/dev/m.gguf; a note stays in its place.",
          "Nobody but the platform's user can read it any more.",
          "A program that has it open keeps its handle until it closes it.",
        ]
      : ["Title, severity, models and principals go to https://soc.example/hook; no event and no record does."],
    undoable: moves,
    approval: "person",
    digest: "agreed",
  };
}

function orderPreview(target: string): ActionPreview {
  return {
    verb: "label-only",
    target,
    title: "Give resell/eu labels without probabilities for 1 day",
    effects: [
      "The label gets 1, everything else 0; log-probabilities and logits are left out",
      "At the gateway main: 1 key of resell/eu, all models",
      "Not touched: 1 account linked with it, resell/us",
      'It is told: "this key is under review", the order\'s number, and to ask ml-security@acme.example',
      "It ends by itself, survives a restart of the gateway, and stands in the evidence of both",
    ],
    undoable: true,
    approval: "person",
    digest: "agreed",
  };
}
