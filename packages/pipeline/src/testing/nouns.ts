/** Factories of nouns: a test overrides the one thing it is about. */
import type { Booking } from "@outweigh/custody";
import type { ModelEntry, OcsfEvent } from "@outweigh/schema";
import type { AnyDetector, Context, Finding } from "../detect/detector.ts";

let count = 0;

/** A granted read of weights over HTTP by somebody outside, one second after the one before. */
export function anEvent(over: Partial<OcsfEvent> = {}): OcsfEvent {
  count++;
  return {
    id: `e${count}`,
    source: "registry",
    time: 1_795_000_000_000 + count * 1000,
    class_uid: 6006,
    category_uid: 6,
    activity_id: 2,
    type_uid: 600602,
    severity_id: 1,
    status_id: 1,
    metadata: { version: "1.8.0", product: { name: "HTTP server" } },
    principal: "mallory",
    operation: "download",
    artifact: "hf:acme/acme-13b/model.safetensors",
    weights: true,
    src_endpoint: { ip: "203.0.113.77" },
    src_external: true,
    http_request: { user_agent: "curl/8.5.0" },
    ...over,
  };
}

export function aModel(over: Partial<ModelEntry> = {}): ModelEntry {
  return {
    name: "acme-13b",
    class: "private",
    places: ["hf:acme/acme-13b"],
    readers: ["svc-deploy"],
    files: [
      { path: "model-1.safetensors", bytes: 1000 },
      { path: "model-2.safetensors", bytes: 1000 },
    ],
    ...over,
  };
}

export function aBooking(over: Partial<Booking> = {}): Booking {
  const holding = {
    model: "acme-13b",
    principal: "mallory",
    bytes: 1000,
    fraction: 0.5,
    bound: "exact",
    declared: false,
    complete: false,
  } as const;
  const coalition = { model: "acme-13b", bytes: 1000, fraction: 0.5, bound: "exact", readers: 1 } as const;
  return {
    declared: false,
    added: 1000,
    coalitionAdded: 1000,
    holding,
    coalition,
    firstRead: true,
    filledFile: false,
    pooled: false,
    repeated: false,
    ...over,
  };
}

export function aContext(over: Partial<Context> = {}): Context {
  return { model: aModel(), declared: false, booking: aBooking(), ...over };
}

/** Runs one detector over events, with one state for each key, and answers with what it found. */
export function findings(
  it: AnyDetector,
  steps: readonly (readonly [OcsfEvent, Context])[],
  given: object = {},
): Finding[] {
  const options: unknown = it.options.parse(given);
  const states = new Map<string, unknown>();
  return steps.flatMap(([event, context]) => {
    const key = it.key(event, context);
    if (key === undefined) return [];
    // Through JSON, as a state that is stored and read back.
    const before: unknown = JSON.parse(JSON.stringify(states.get(key) ?? it.start(options)));
    const { state, finding } = it.step(before, event, options, context);
    states.set(key, state);
    return finding ? [finding] : [];
  });
}
