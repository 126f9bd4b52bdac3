// Clients of one gateway: a thief who is found, two accounts that ask alike, and those who only work.
import type { ClientDetail, ClientKeyRow, ClientPoint, ClientRow, GatewayOrder, GatewayRow } from "@outweigh/schema";
import { day, hour, min, now } from "./time.ts";

const gatewayId = "9a1c6f5e-0d0b-4a53-9d3e-3f2f0a4b7c11";

export const gateways: GatewayRow[] = [
  {
    id: gatewayId,
    name: "main",
    host: "edge-1",
    state: "reporting",
    enrolledAt: now - 12 * day,
    enrolledBy: "ana",
    lastSeenAt: now - 3000,
    source: "gateway-main",
    status: {
      url: "http://127.0.0.1:7780",
      startedAt: now - 9 * hour,
      running: 4,
      blind: false,
      dropped: 0,
      evidence: 214,
      waitingBytes: 0,
      lost: 0,
      problems: [],
    },
  },
];

const throttle: GatewayOrder = {
  id: "ORD-1a2b3c4d5e6f",
  verb: "throttle",
  principal: "resell/eu",
  reason: "this key is under review",
  by: "ana",
  from: now - 40 * min,
  until: now + 23 * hour,
  requestsPerMinute: 6,
};

export const clients: ClientRow[] = [
  client("shop/search", { requests: 41_208, informationBits: 890_208 }),
  client("resell/eu", {
    tenant: "resell",
    requests: 2914,
    denied: 211,
    informationBits: 583_848,
    budget: { bitsPerDay: 2_000_000, used: 0.31 },
    reading: { model: "acme-clf", queries: 2914, state: "ready", novelty: 1.42, learning: 1.08, progress: 0.71 },
    group: ["resell/us"],
    standing: [throttle],
    orders: [throttle.id],
  }),
  client("resell/us", {
    tenant: "resell",
    requests: 2741,
    informationBits: 592_056,
    reading: { model: "acme-clf", queries: 2741, state: "ready", novelty: 0.94, learning: 0.88, progress: 0.66 },
    group: ["resell/eu"],
  }),
  client("assistant", {
    requests: 812,
    inputTokens: 1_204_118,
    outputTokens: 402_220,
    reading: { model: "acme-13b", queries: 812, state: "calibrating" },
  }),
  client("nightly-batch", { requests: 96, plan: "batch", dial: "label-only", lastAt: now - 7 * hour }),
];

function client(principal: string, over: Partial<ClientRow>): ClientRow {
  return {
    id: `${gatewayId}:${principal}`,
    gateway: gatewayId,
    gatewayName: "main",
    principal,
    plan: "default",
    keys: 1,
    requests: 0,
    denied: 0,
    inputTokens: 0,
    outputTokens: 0,
    informationBits: 0,
    lastAt: now - 20_000,
    budget: { bitsPerDay: 2_000_000, used: 0.12 },
    reading: { model: "acme-clf", queries: 400, state: "ready", novelty: 0.22, learning: 0.31, progress: 0.18 },
    group: [],
    orders: [],
    standing: [],
    dial: "full",
    ...over,
  };
}

export function clientDetail(it: ClientRow): ClientDetail {
  return {
    client: it,
    points: pointsOf(it),
    actions: it.standing.map((order) => ({
      id: `action-${order.id}`,
      verb: order.verb,
      target: it.id,
      title: `Throttle ${it.principal} to 6 requests a minute for 1 day`,
      state: "verified",
      by: order.by,
      reason: "novelty over its level, and a second account asks alike",
      at: order.from,
      verifiedAt: order.from + 120,
      endsAt: order.until,
      effects: [],
      approval: "person",
      digest: "",
      undoable: true,
    })),
    incidents: [],
    keys: clientKeys.filter((key) => key.principal === it.principal),
    models: [
      {
        name: "acme-clf",
        classes: 10,
        calibrated: true,
        steps: [
          { dial: "full", bits: 216 },
          { dial: "rounded", bits: 42 },
          { dial: "top-k", bits: 26.9 },
          { dial: "label-only", bits: 3.3 },
        ],
      },
      { name: "acme-13b", calibrated: false, steps: [] },
    ],
    contact: "ml-security@acme.example",
  };
}

/** Readings that rise to what they are now. */
function pointsOf({ reading, requests, informationBits }: ClientRow): ClientPoint[] {
  const steps = 60;
  return Array.from({ length: steps }, (_, i) => {
    const share = (i + 1) / steps;
    const wave = 1 + 0.06 * Math.sin(i / 3);
    const at = (value: number | undefined, power: number) =>
      value === undefined ? undefined : value * share ** power * wave;
    const [novelty, learning, progress] = [
      at(reading?.novelty, 0.6),
      at(reading?.learning, 1.4),
      at(reading?.progress, 0.5),
    ];
    return {
      at: now - (steps - i) * 4 * min,
      requests: Math.round(requests * share),
      denied: 0,
      informationBits: informationBits * share,
      ...(novelty !== undefined && { novelty }),
      ...(learning !== undefined && { learning }),
      ...(progress !== undefined && { progress }),
    };
  });
}

export const clientKeys: ClientKeyRow[] = [
  key("key-0b1c2d3e4f50", "resell/eu", { tenant: "resell", createdAt: now - 8 * day }),
  key("key-5aa0d01b77c2", "resell/us", { tenant: "resell", createdAt: now - 8 * day }),
  key("key-7e7e11d0aa01", "shop/search", { createdAt: now - 40 * day, replaces: "key-11aa22bb33cc" }),
  key("key-11aa22bb33cc", "shop/search", { createdAt: now - 90 * day, expiresAt: now - 39 * day, state: "expired" }),
  key("key-9f00c1d2e3a4", "assistant", { models: ["acme-13b"], createdAt: now - 3 * day }),
  key("key-44d1e09a7b6c", "old-partner", {
    createdAt: now - 200 * day,
    revokedAt: now - 2 * day,
    state: "revoked",
    seen: false,
  }),
];

function key(id: string, principal: string, over: Partial<ClientKeyRow>): ClientKeyRow {
  return {
    id,
    principal,
    plan: "default",
    models: [],
    last4: "x9Qa",
    createdAt: now,
    gateway: gatewayId,
    gatewayName: "main",
    state: "valid",
    seen: true,
    ...over,
  };
}
