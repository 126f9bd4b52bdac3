import type { OwnCheck, OwnRule } from "@outweigh/schema";
import { day, hour, min, now } from "./time.ts";

const text = `title: "backup and acme-13b: work that looks like Many files of weights read in a short time"
name: exception_weights_bulk_read_6d11a86e
description: The nightly backup; its owner said so.
logsource:
  product: outweigh
  category: model_access
filter:
  rules:
    - weights_bulk_read_base
  selection:
    principal|cased: backup
    model|cased: acme-13b
  condition: not selection
`;

const check: OwnCheck = {
  at: now - 2 * hour,
  by: "ana",
  proofs: [
    { rule: "weights_bulk_read", case: "ten shards in a minute", kind: "attack", passed: true },
    { rule: "weights_bulk_read", case: "the serving stack starts", kind: "clean", passed: true },
    { rule: "weights_bulk_read", case: "an evaluation over public models", kind: "twin", passed: true },
  ],
  unproven: [],
  hides: {
    from: now - 30 * day,
    to: now - 2 * hour,
    alerts: 14,
    hidden: 9,
    partly: 1,
    confirmed: 0,
    unknown: 0,
    examples: [
      {
        id: "a-1",
        title: "Many files of weights read in a short time",
        rule: "weights_bulk_read",
        severity: "high",
        principal: "backup",
        model: "acme-13b",
        lastAt: now - 9 * hour,
        events: 24,
        hidden: 24,
        incident: "inc-214",
        incidentNumber: 214,
        confirmed: false,
      },
    ],
  },
  problems: [],
};

/** One of each stage that people look after. */
export const ownRules: readonly OwnRule[] = [
  {
    name: "exception_weights_bulk_read_6d11a86e",
    kind: "exception",
    title: "backup and acme-13b: work that looks like Many files of weights read in a short time",
    rules: ["weights_bulk_read_base"],
    text,
    days: 90,
    stage: "trial",
    by: "ana",
    at: now - 3 * hour,
    reason: "the nightly backup, said its owner",
    stageAt: now - 2 * hour,
    digest: "5b1f",
    check,
    count: { matches: 12, lastAt: now - 4 * min, event: "e-100" },
  },
  {
    name: "mirror_reads",
    kind: "exception",
    title: "The mirror reads what it mirrors",
    rules: ["unaccounted-read"],
    text: text.replaceAll("backup", "mirror"),
    days: 30,
    stage: "published",
    by: "kim",
    at: now - 3 * day,
    reason: "moved to its own network",
    stageAt: now - 2 * day,
    endsAt: now + 28 * day,
    digest: "77aa",
    count: { matches: 1840, lastAt: now - min },
    action: "act-2",
  },
  {
    name: "old_ci_reads",
    kind: "rule",
    title: "The old CI key reads again",
    rules: [],
    text: "title: The old CI key reads again\nname: old_ci_reads\n",
    space: "language",
    stage: "draft",
    by: "ana",
    at: now - 20 * min,
    reason: "seen twice this month",
    stageAt: now - 20 * min,
    digest: "91c0",
    count: { matches: 0 },
  },
];
