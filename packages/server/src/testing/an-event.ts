import { event, type OcsfEvent } from "@outweigh/schema";

/** An event with what every event has. */
export function anEvent(id: string, over: Partial<OcsfEvent> = {}): OcsfEvent {
  return event.parse({
    id,
    source: "registry",
    time: 1_000,
    class_uid: 6006,
    category_uid: 6,
    activity_id: 2,
    type_uid: 600_602,
    severity_id: 1,
    metadata: { version: "1.8.0", product: { name: "test" } },
    principal: "ana",
    ...over,
  });
}
