// Hostile values for every field of every kind of record, made from the records that the rules' proofs are made of.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { detectKind } from "../../packages/pipeline/src/ingest/sources.ts";

const escape = String.fromCharCode(0x1b);
const [override, isolate] = [String.fromCharCode(0x202e), String.fromCharCode(0x2066)];
const half = String.fromCharCode(0xd800);

/** Script, formula, terminal, direction, halves of characters; and one that is very long. */
export const payloads: readonly string[] = [
  `=cmd|'/C calc'!A0"><img src=x onerror=alert(1)><script>alert(2)</script>`,
  `<svg onload=alert(3)>${override}gpj.exe${isolate}${escape}[31mred${escape}]0;title${half}`,
  `+1+1 javascript:alert(4) {{7*7}} \${7*7} %0a ${"long ".repeat(1_000)}`,
];

/** Kinds that no proof has a record of, with one that they read. */
const others: Readonly<Record<string, readonly object[]>> = {
  cloudwatch: [
    {
      messageType: "DATA_MESSAGE",
      owner: "111122223333",
      logGroup: "/aws/models",
      logStream: "proxy",
      subscriptionFilters: ["outweigh"],
      logEvents: [
        {
          id: "e-1",
          timestamp: 1_795_467_996_000,
          message:
            '203.0.113.9 - eve [24/Nov/2026:09:06:36 +0000] "GET /acme/acme-13b/resolve/main/m.safetensors HTTP/1.1" 200 10 "-" "curl/8"',
        },
      ],
    },
  ],
  databricks: [
    {
      version: "2.0",
      timestamp: 1_795_467_996_000,
      serviceName: "unityCatalog",
      actionName: "getModelVersion",
      userIdentity: { email: "eve@acme.example" },
      requestParams: { full_name_arg: "main.models.acme-13b" },
      sourceIPAddress: "203.0.113.9",
      requestId: "r-1",
      response: { statusCode: 200 },
    },
  ],
  huggingface: [
    {
      type: "repo.settings",
      createdAt: "2026-11-24T09:00:00Z",
      author: "eve",
      repo: "acme/acme-13b",
      message: "changed",
    },
  ],
  keycloak: [
    {
      time: 1_795_467_996_000,
      type: "LOGIN",
      realmId: "acme",
      clientId: "mlflow",
      userId: "u-1",
      ipAddress: "203.0.113.9",
      details: { username: "eve" },
    },
  ],
  osquery: [
    {
      name: "file_events",
      hostIdentifier: "gpu-1",
      unixTime: 1_795_467_996,
      action: "added",
      columns: { target_path: "/srv/models/acme-13b/model.safetensors", action: "OPENED", uid: "1002" },
    },
  ],
};

/** Records of a kind that are taken as they are; more would say the same. */
const perKind = 1;

/** Kind → records as they are written, from the proofs. */
export function benignRecords(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const add = (kind: string, record: string) => {
    const all = found.get(kind) ?? [];
    if (all.length < perKind) found.set(kind, [...all, record]);
  };
  const folder = join(import.meta.dirname, "..", "..", "content", "rules");
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((it) =>
    it.endsWith(".test.yml"),
  )) {
    const cases: { records?: unknown[] }[] = parse(readFileSync(join(folder, file), "utf8")) ?? [];
    for (const record of cases.flatMap((it) => it.records ?? [])) {
      const text = (typeof record === "string" ? record : JSON.stringify(record)).trim();
      const kind = detectKind(text);
      if (kind !== undefined) add(kind, text);
    }
  }
  for (const [kind, all] of Object.entries(others)) for (const it of all) add(kind, JSON.stringify(it));
  return found;
}

/** The record with one field after the other replaced by a payload, and with one after the other put behind its value. */
export function poisoned(record: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(record);
  } catch {
    return poisonedText(record);
  }
  return pathsOf(value).flatMap((path, i) => {
    const payload = payloads[i % payloads.length] ?? "";
    return [withString(value, path, () => payload), withString(value, path, (it) => `${it}${payload}`)].map((it) =>
      JSON.stringify(it),
    );
  });
}

/** Lines of text: what stands in quotes, one after the other. */
function poisonedText(record: string): string[] {
  const quoted = [...record.matchAll(/"([^"\n]*)"/g)];
  return quoted.flatMap(({ index, 0: { length }, 1: was = "" }, i) => {
    const payload = (payloads[i % payloads.length] ?? "").replace(/["\n]/g, "");
    return [payload, `${was}${payload}`].map((it) => `${record.slice(0, index)}"${it}"${record.slice(index + length)}`);
  });
}

type Path = readonly (string | number)[];

function pathsOf(value: unknown, at: Path = []): Path[] {
  if (typeof value === "string") return [at];
  if (Array.isArray(value)) return value.flatMap((it, i) => pathsOf(it, [...at, i]));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, it]) => pathsOf(it, [...at, name]));
}

function withString(value: unknown, [first, ...rest]: Path, change: (was: string) => string): unknown {
  if (first === undefined) return typeof value === "string" ? change(value) : value;
  if (Array.isArray(value)) return value.map((it, i) => (i === first ? withString(it, rest, change) : it));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, it]) => [name, name === first ? withString(it, rest, change) : it]),
  );
}
