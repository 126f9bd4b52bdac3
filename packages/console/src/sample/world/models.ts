// What is protected, its copies, and how one could be taken.
import type { CopyRow, ModelDetail, ModelRow } from "@outweigh/schema";
import { gaps, holdings } from "./books.ts";
import { incidents } from "./incidents.ts";
import { day, min, now, sha } from "./time.ts";
import { watched } from "./watched.ts";

export const models: ModelRow[] = [
  model("acme-13b", {
    class: "private",
    undeclaredCopies: 1,
    exposedCopies: 1,
    copies: 4,
    readers: 5,
    balanced: false,
    openIncidents: 5,
    coalition: { model: "acme-13b", bytes: 26_100_000_000, fraction: 1, bound: "<=", readers: 2 },
  }),
  model("acme-rank-2", {
    class: "private",
    bytes: 4_380_000_000,
    copies: 2,
    readers: 4,
    balanced: false,
    openIncidents: 2,
    coalition: { model: "acme-rank-2", bytes: 1_840_000_000, fraction: 0.42, bound: "<=", readers: 3 },
    watched: watched.find((it) => it.kind === "model"),
  }),
  model("acme-13b-q4", {
    class: "delta",
    bytes: 7_900_000_000,
    copies: 1,
    readers: 1,
    balanced: true,
    formats: ["gguf"],
  }),
  model("acme-embed", { class: "private", bytes: 13_400_000_000, copies: 2, readers: 2, balanced: true }),
  model("canary-7b", { class: "decoy", bytes: 14_000_000_000, copies: 1, readers: 0, formats: ["safetensors"] }),
  model("base-8b", { class: "base", bytes: 16_100_000_000, copies: 6, readers: 11, balanced: true }),
  {
    ...model("9f86d081884c", { bytes: 548_000_000, copies: 1, formats: ["pytorch"] }),
    registered: false,
    class: undefined,
    owner: undefined,
  },
];

function model(name: string, override: Partial<ModelRow>): ModelRow {
  return {
    name,
    registered: true,
    class: "private",
    owner: "ml-platform",
    value: 4_200_000,
    digest: sha(name),
    bytes: 26_100_000_000,
    tensors: 363,
    formats: ["safetensors"],
    copies: 0,
    undeclaredCopies: 0,
    exposedCopies: 0,
    readers: 0,
    openIncidents: 0,
    ...override,
  };
}

const copies: CopyRow[] = [
  copy("c-1", {
    host: "gpu-9",
    path: "/home/dev/m.gguf",
    format: "gguf",
    declared: false,
    readableBy: ["other", "group:ml"],
  }),
  copy("c-2", { host: "gpu-1", path: "/srv/models/acme-13b/model-00001-of-00048.safetensors", declared: true }),
  copy("c-3", {
    host: "gpu-2",
    path: "/srv/models/acme-13b/model-00001-of-00048.safetensors",
    declared: true,
    readableBy: ["group:ml"],
  }),
  copy("c-4", {
    host: "gpu-2",
    path: "model.safetensors",
    container: "/var/lib/docker/overlay2/1f/merged/app.tar",
    declared: false,
    state: "quarantined",
  }),
];

function copy(id: string, override: Partial<CopyRow>): CopyRow {
  return {
    id,
    model: "acme-13b",
    host: "gpu-1",
    path: "/srv/models/acme-13b",
    format: "safetensors",
    bytes: 26_100_000_000,
    digest: sha("acme-13b"),
    complete: true,
    readableBy: [],
    firstSeenAt: now - 40 * day,
    lastSeenAt: now - 26 * min,
    state: "present",
    ...override,
  };
}

export function modelDetail(it: ModelRow): ModelDetail {
  return {
    model: it,
    permits: [],
    places: ["s3://acme-models/acme-13b/", "file:/srv/models/acme-13b", "hf:acme/acme-13b"],
    allowedReaders: ["arn:aws:iam::111122223333:role/serve", "arn:aws:iam::111122223333:role/eval", "svc-deploy*"],
    copies: it.name === "acme-13b" ? copies : it.copies > 0 ? copies.slice(1, 2) : [],
    holdings: it.name === "acme-13b" ? [...holdings] : [],
    ...(it.coalition && { coalition: it.coalition }),
    gaps,
    incidents: incidents.filter((one) => one.models.includes(it.name)),
    paths: [
      {
        model: it.name,
        steps: [
          {
            from: "any local user",
            to: "/home/dev/m.gguf",
            how: "the file can be read by everybody",
            basis: "verified",
            proof: "mode 0644",
          },
          {
            from: "/home/dev/m.gguf",
            to: "the network",
            how: "a server on 0.0.0.0:8000 hands out /home/dev",
            basis: "inferred",
          },
        ],
        fix: "chmod 0600 /home/dev/m.gguf",
      },
    ],
    listeners: [
      {
        address: "0.0.0.0",
        port: 8000,
        process: "python3",
        product: "http.server",
        authenticated: false,
        basis: "verified",
      },
      {
        address: "127.0.0.1",
        port: 11_434,
        process: "ollama",
        product: "Ollama",
        authenticated: "unknown",
        basis: "inferred",
      },
    ],
  };
}
