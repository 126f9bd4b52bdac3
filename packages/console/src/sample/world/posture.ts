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

const weights = "/srv/models/acme-13b and 2 more";

/** Ways on one host, most of them by root's rights. */
const onHost: Posture["paths"] = [
  {
    model: "acme-13b",
    host: "gpu-9",
    kind: "docker-socket",
    minutes: 11,
    fix: "gpasswd --delete ann docker",
    steps: [
      {
        from: "member of docker: ann",
        to: "root of gpu-9",
        how: "starts a container with the host's disk",
        basis: "verified",
        proof: "/run/docker.sock 0660 root:docker; /etc/group:52 docker:x:998:ann",
        effort: "trick",
      },
      { from: "root of gpu-9", to: weights, how: "reads any file", basis: "verified", proof: "uid 0", effort: "hand" },
    ],
  },
  {
    model: "acme-13b",
    host: "gpu-9",
    kind: "setuid",
    minutes: 11,
    fix: "chmod u-s /usr/bin/find",
    steps: [
      {
        from: "any local user",
        to: "root of gpu-9",
        how: "runs find as root",
        basis: "verified",
        proof: "/usr/bin/find 4755 root:root",
        effort: "trick",
      },
      { from: "root of gpu-9", to: weights, how: "reads any file", basis: "verified", proof: "uid 0", effort: "hand" },
    ],
  },
  {
    model: "acme-13b",
    host: "gpu-9",
    kind: "listener",
    minutes: 390,
    fix: "iptables -I INPUT -p tcp --dport 11434 ! -i lo -j DROP",
    steps: [
      {
        from: "network peer",
        to: "Ollama on 0.0.0.0 port 11434",
        how: "connects: a firewall is not seen",
        basis: "inferred",
        effort: "look",
      },
      {
        from: "Ollama on 0.0.0.0 port 11434",
        to: weights,
        how: "pushes the model to a registry of its own",
        basis: "inferred",
        proof: "/proc/net/tcp: 00000000:2CAA LISTEN, pid 812 ollama",
        effort: "trick",
      },
    ],
  },
  {
    model: "acme-tts",
    host: "gpu-9",
    kind: "file-mode",
    minutes: 1,
    fix: "chmod o-r /srv/tts/voice.onnx",
    steps: [
      {
        from: "any local user",
        to: "/srv/tts/voice.onnx",
        how: "reads the file",
        basis: "verified",
        proof: "/ 0755, /srv 0755, /srv/tts 0755, /srv/tts/voice.onnx 0644",
        effort: "hand",
      },
    ],
  },
];

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
      fixIs: "command",
      history: [
        { at: now - 2 * hour, state: "fail" },
        { at: now - 9 * day, state: "pass" },
      ],
    }),
    control({
      name: "hosts_watched",
      title: "Every host with weights has an agent that reports",
      stage: "serve",
      state: "fail",
      why: "1 of 2 hosts with copies have no agent that reports",
      evidence: ["nb-eve"],
      fix: "Enrol the host with npx outweigh agent token --host NAME, then npx outweigh agent enrol there.",
      fixIs: "words",
      history: [
        { at: now - 3 * hour, state: "fail" },
        { at: now - 30 * day, state: "pass" },
        { at: now - 50 * day, state: "unknown" },
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
  paths: [{ ...open, host: "gpu-9" }, ...onHost],
  pathCount: 1 + onHost.length,
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
    { id: "AML.T0025", name: "Exfiltration via Cyber Means", rules: 5, seeing: 3 },
    { id: "AML.T0035", name: "AI Artifact Collection", rules: 4, seeing: 0 },
  ],
  mitigations: [{ id: "AML.M0005", name: "Control Access to AI Models and Data at Rest", passed: 1, tested: 3 }],
  vectors: {
    source: "RAND RR-A2849-1 (2024)",
    title: "Securing AI Model Weights: 38 ways to take weights, in nine groups",
    groups: [
      {
        name: "around-security",
        title: "Going around the defence, by a wrong setting, a copy that is guarded less or another way",
        ways: 3,
        state: "covered",
        measures: [
          {
            kind: "control",
            name: "files_closed_to_others",
            title: "Weights on disk are closed to others",
            state: "fails",
          },
          { kind: "rule", name: "undeclared-copy", title: "A copy that nobody declared", state: "holds" },
        ],
        beyond: "Copies on hosts that nobody scans, and in memory.",
      },
      {
        name: "supply-chain",
        title: "What is bought or downloaded",
        ways: 3,
        state: "unknown",
        measures: [
          {
            kind: "control",
            name: "formats_without_code",
            title: "Weights are kept in formats that run no code",
            state: "unknown",
          },
        ],
        beyond: "Hardware, and programs and packages themselves.",
      },
      {
        name: "physical",
        title: "Physical access",
        ways: 7,
        state: "uncovered",
        measures: [],
        beyond: "Doors, machines, cables and disks that are carried out are not looked at.",
      },
    ],
  },
  scans: [{ host: "gpu-9", finishedAt: new Date(now - hour).toISOString() }],
  change: {
    gone: [
      { host: "gpu-9", at: now - hour, what: "any local user → /srv/models/acme-13b", says: "acme-13b, file-mode" },
    ],
    fresh: [],
  },
  spaces: ["vision", "audio"],
};
