import type { Hunt } from "@outweigh/schema";
import { now } from "./time.ts";

export const hunts: readonly Hunt[] = [
  { name: "large reads from outside", filter: "external:true bytes:>=1GB", by: "ana", at: now - 86_400_000 },
  { name: "what old-ci did", filter: "principal:old-ci", by: "ben", at: now - 3_600_000 },
];

export const ruleDraft = `title: Draft from a hunt
name: draft_from_a_hunt
status: experimental
logsource:
  product: outweigh
  category: model_access
detection:
  principal:
    principal|cased:
      - old-ci
  condition: principal
level: low
`;
