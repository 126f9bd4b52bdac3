// What took part in the last theft that was confirmed, and is watched since.
import type { Watched } from "@outweigh/schema";
import { day, now } from "./time.ts";

export const watched: Watched[] = [
  after("model", "acme-rank-2"),
  after("principal", "svc-rank-export"),
  after("principal", "anonymous@203.0.113.77"),
  after("host", "nb-eve"),
  after("place", "s3://acme-models/acme-rank-2/"),
  after("address", "203.0.113.77"),
];

function after(kind: Watched["kind"], name: string): Watched {
  const [from, until] = [now - 12 * day, now + 78 * day];
  return { kind, name, thefts: [{ incident: "inc-187", number: 187, from, until }], from, until };
}
