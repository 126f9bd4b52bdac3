import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ask } from "@outweigh/client";
import { z } from "zod";
import { loadConfig } from "./config/read.ts";
import { CliError } from "./error.ts";

/** What a running gateway writes into its data folder. */
const running = z.object({
  pid: z.int().positive(),
  url: z.string(),
  adminUrl: z.string().regex(/^http:\/\/127\.0\.0\.1:\d{1,5}$/, "expected an address of this machine"),
});

/** The options that name a gateway. */
export const gatewayOptions = {
  config: { type: "string", value: "FILE", about: "The register and settings (default: ./outweigh.yml, if there)" },
  data: { type: "string", value: "DIR", about: "The gateway's data folder (default: the configured one)" },
} as const;

/** The gateway's data folder. @throws {CliError} CONFIG for a configuration with mistakes. */
export function gatewayData(values: {
  readonly config: string | undefined;
  readonly data: string | undefined;
}): string {
  if (values.data !== undefined) return resolve(values.data);
  return resolve(loadConfig(values.config).config.gateway?.data ?? "./outweigh-gateway");
}

/** The admin endpoint of a gateway that runs here. */
export interface Desk {
  /** @throws {ApiError} in the gateway's own words. */
  call(method: "GET" | "POST" | "DELETE", path: string, body?: object): Promise<unknown>;
}

/** @throws {CliError} FAILED if no gateway works in this folder. */
export function openDesk(dataDir: string): Desk {
  const { adminUrl } = running.parse(JSON.parse(fileOf(dataDir, "gateway.json")));
  const token = fileOf(dataDir, "admin.token").trim();
  return {
    async call(method, path, body) {
      const headers = { authorization: `Bearer ${token}` };
      const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
      return (await ask(new URL(path, adminUrl), init)).answer;
    },
  };
}

function fileOf(dataDir: string, name: string): string {
  try {
    return readFileSync(join(dataDir, name), "utf8");
  } catch (cause) {
    throw new CliError("FAILED", `no gateway runs in ${dataDir}: outweigh gateway starts one`, { cause });
  }
}
