/** A whole gateway for tests, in a folder of its own, with one key. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gatewaySection, type GatewaySection } from "@outweigh/schema";
import { startGateway, type GatewayOptions, type RunningGateway } from "../gateway.ts";
import { createKey, type NewKey } from "../keys/key-file.ts";

export interface TestGateway {
  readonly gateway: RunningGateway;
  readonly dataDir: string;
  /** The key of `alice`. */
  readonly key: string;
  readonly said: string[];
  /** Replaces the section; takes effect at the next reload. */
  set(section: object): void;
  newKey(it: NewKey): string;
  admin(
    method: string,
    path: string,
    body?: object,
  ): Promise<{ readonly status: number; readonly json: Record<string, unknown> }>;
  close(): Promise<void>;
}

export async function aGateway(
  section: object,
  options: {
    readonly linkMs?: number;
    readonly dataDir?: string;
    readonly ringBytes?: number;
    readonly hangMs?: number;
    readonly startMs?: number;
    readonly clock?: () => number;
    readonly server?: GatewayOptions["server"];
  } = {},
): Promise<TestGateway> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "outweigh-gateway-"));
  const { secret } = createKey(dataDir, { principal: "alice" }, 0);
  const read = (it: object): GatewaySection => gatewaySection.parse({ port: 0, data: dataDir, ...it });
  let current = section;
  const said: string[] = [];
  const gateway = await startGateway({
    section: () => read(current),
    environment: { ...process.env, MODEL_KEY: "the-model-servers-own-key" },
    say: (line) => said.push(line),
    ...(options.server && { server: options.server }),
    ...(options.linkMs !== undefined && { linkMs: options.linkMs }),
    ...(options.ringBytes !== undefined && { ringBytes: options.ringBytes }),
    ...(options.hangMs !== undefined && { hangMs: options.hangMs }),
    ...(options.clock && { clock: options.clock }),
    ...(options.startMs !== undefined && { startMs: options.startMs }),
  });
  return {
    gateway,
    dataDir,
    key: secret,
    said,
    set: (it) => (current = it),
    newKey: (it) => createKey(dataDir, it, 0).secret,
    async admin(method, path, body) {
      const answer = await fetch(gateway.adminUrl + path, {
        method,
        headers: { authorization: `Bearer ${gateway.adminToken}` },
        ...(body && { body: JSON.stringify(body) }),
      });
      return { status: answer.status, json: JSON.parse(await answer.text()) };
    },
    async close() {
      await gateway.close();
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
