// What controls and theft paths look like on that day: one bucket is open, one host was not looked at.
import type { ControlRow, Posture, TheftPath } from "@outweigh/schema";
import { day, hour, now } from "./time.ts";

const control = (over: Partial<ControlRow>): ControlRow => ({
  name: "files_closed_to_others",
  title: "Weights are closed to other local users",
  stage: "store",
  plane: "system",
  about: "No local user other than the owner can read a copy.",
  mitigations: ["AML.M0005"],
  blindspots: ["Access lists (ACLs) and capabilities."],
  state: "pass",
  why: "no theft path of this kind in 2 scans",
  evidence: [],
  history: [{ at: now - 3 * day, state: "pass" }],
  ...over,
});

const open: TheftPath = {
  model: "acme-13b",
  kind: "bucket-public",
  minutes: 1,
  fix: "aws s3api put-public-access-block --bucket acme-models --public-access-block-configuration BlockPublicPolicy=true",
  steps: [
    {
      from: "anonymous internet client",
      to: "s3://acme-models/acme-13b/",
      how: "reads objects of acme-models: its policy lets everybody",
      basis: "verified",
      proof: "s3/acme-models/policy.json:4#/Statement/0 (Sid Open): Effect Allow, Principal *",
      effort: "hand",
    },
  ],
};

export const posture: Posture = {
  controls: [
    control({
      name: "bucket_closed_to_everybody",
      title: "Buckets with weights are not public",
      state: "fail",
      why: "1 theft path, the quickest for anonymous internet client",
      evidence: ["acme-13b: anonymous internet client -> s3://acme-models/acme-13b/ (verified)"],
      minutes: 1,
      fix: open.fix,
      history: [
        { at: now - 2 * hour, state: "fail" },
        { at: now - 9 * day, state: "pass" },
      ],
    }),
    control({
      name: "cluster_rights_bounded",
      title: "Nobody in the cluster reaches a volume with weights but declared readers",
      stage: "deploy",
      state: "unknown",
      why: "cluster-grant: nothing exported was given: outweigh scan --posture",
      history: [{ at: now - 9 * day, state: "unknown" }],
    }),
    control({}),
  ],
  paths: [{ ...open, host: "gpu-9" }],
  pathCount: 1,
  coverage: [
    {
      method: "repositories",
      rules: 4,
      sees: [
        { kind: "cloudtrail", rules: 1 },
        { kind: "http-access", rules: 2 },
      ],
    },
    {
      method: "exposed-storage",
      rules: 6,
      sees: [
        { kind: "cloudtrail", rules: 4 },
        { kind: "http-access", rules: 0 },
      ],
    },
  ],
  techniques: [
    { id: "AML.T0025", rules: 5, seeing: 3 },
    { id: "AML.T0035", rules: 4, seeing: 0 },
  ],
  mitigations: [{ id: "AML.M0005", passed: 1, tested: 3 }],
  scans: [{ host: "gpu-9", finishedAt: new Date(now - hour).toISOString() }],
  change: {
    gone: [
      { host: "gpu-9", at: now - hour, what: "any local user → /srv/models/acme-13b", says: "acme-13b, file-mode" },
    ],
    fresh: [],
  },
  spaces: ["vision", "audio"],
};
