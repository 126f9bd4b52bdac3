import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { captureKey } from "@outweigh/schema";
import { z } from "zod";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import { CliError, type ExitCode } from "../error.ts";
import { statOf } from "../paths.ts";
import { dataOption, known, withSession } from "../server-client.ts";
import { plural, timeText } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";

const options = { ...configOption, ...dataOption } as const;

/** Largest sealed file that is opened, in bytes: the largest capture, and its names. */
const maxFileBytes = 512 * 1024 * 1024;

export const captureOpen = command({
  summary: "Opens what was captured of a client, once two people agreed to that",
  usage: "ACTION [FOLDER]",
  positionals: [1, 2],
  options,
  about: [
    "ACTION is the capture's action, whose opening two people agreed to on the console. FOLDER holds the sealed files, copied from the gateway's data folder (default: there, if this machine runs it).",
    "Asks the server that runs here for the key: each time stands in its evidence. Nothing is written; redirect the output where it may lie.",
  ],
  examples: [
    {
      line: "outweigh capture open action-5e0f4f0a-1c2b-4d3e-8f90-a1b2c3d4e5f6 ./ORD-5e0f4f0a1c2b --json",
      about: "One JSON object, from files that were copied here",
    },
  ],
  run,
});

const record = z.object({
  at: z.int(),
  principal: z.string(),
  model: z.string(),
  route: z.string(),
  status: z.int(),
  complete: z.boolean(),
  request: z.base64(),
  answer: z.base64(),
  requestBytes: z.int(),
  answerBytes: z.int(),
});
type Exchange = z.infer<typeof record>;

async function run({
  positionals: [action = "", given],
  values,
  json,
  terminal,
}: Call<typeof options>): Promise<ExitCode> {
  const { config } = loadConfig(values.config);
  const folder = given ?? join(config.gateway?.data ?? "./outweigh-gateway", "captures", orderOf(action));
  statOf(folder);
  const { captureKeyFrom, GatewayError, openSealed } = await import("@outweigh/gateway");
  const { pem } = await withSession(values.data ?? config.server.data, (api) =>
    known(captureKey, api.post("/api/captures/{id}/key", { path: { id: action } })),
  );
  try {
    const key = captureKeyFrom(pem);
    const files = sealedIn(folder).map(({ name, bytes }) => {
      const { header, isWhole, records } = openSealed(bytes, key);
      const exchanges = records.map((it) => record.parse(JSON.parse(it.toString("utf8"))));
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      return { name, sha256, gateway: header.gateway, isWhole, exchanges };
    });
    const exchanges = files.flatMap((it) => it.exchanges).sort((a, b) => a.at - b.at);
    if (json) {
      const told = files.map(({ exchanges: own, ...it }) => ({ ...it, exchanges: own.length }));
      terminal.printJson({ action, files: told, exchanges: exchanges.map(readable) });
      return 0;
    }
    if (exchanges.length === 0) terminal.print("Nothing was captured: the client asked nothing while the order held.");
    for (const it of exchanges) print(it, (line) => terminal.print(visible(line)));
    for (const { name, sha256, isWhole } of files)
      terminal.say(
        `${name}: sha256 ${sha256}${isWhole ? "" : "; it has no end: the gateway ended without a word, or it was cut"}`,
      );
    terminal.say(
      `${plural(exchanges.length, "exchange")}; the digests stand in the gateway's evidence, as capture-ended`,
    );
    return 0;
  } catch (error) {
    if (error instanceof GatewayError) throw new CliError("FAILED", `${folder}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** The name of a capture's order, and of its folder: the first of its action's digits. */
function orderOf(action: string): string {
  if (!/^action-[0-9a-f-]{36}$/.test(action))
    throw new CliError(
      "USAGE",
      `${JSON.stringify(action)} is no action: expected action- and its digits, as the console shows`,
    );
  return `ORD-${action.replace("action-", "").replaceAll("-", "").slice(0, 12)}`;
}

/** @throws {CliError} FAILED */
function sealedIn(folder: string): { readonly name: string; readonly bytes: Buffer }[] {
  const names = readdirSync(folder)
    .filter((it) => it.endsWith(".sealed"))
    .sort();
  if (names.length === 0) throw new CliError("FAILED", `${folder} holds no sealed file`);
  return names.map((name) => {
    const { size } = statOf(join(folder, name));
    if (size > maxFileBytes) throw new CliError("FAILED", `${name} has ${size} bytes: no capture is so large`);
    return { name, bytes: readFileSync(join(folder, name)) };
  });
}

/** Texts where they are texts; else as base64. */
function readable({ request, answer, ...it }: Exchange): object {
  return { ...it, request: textOf(request), answer: textOf(answer) };
}

function textOf(base64: string): string | { readonly base64: string } {
  const bytes = Buffer.from(base64, "base64");
  const text = bytes.toString("utf8");
  return Buffer.from(text).equals(bytes) ? text : { base64 };
}

function print(it: Exchange, line: (text: string) => void): void {
  const { at, principal, model, route, status, complete } = it;
  line(`${timeText(at)}  ${principal} · ${model} · ${route} · ${status}${complete ? "" : " · broken off"}`);
  for (const [name, base64, bytes] of [
    ["asked", it.request, it.requestBytes],
    ["answered", it.answer, it.answerBytes],
  ] as const) {
    const text = textOf(base64);
    const held = Buffer.from(base64, "base64").length;
    const cut = held < bytes ? ` (the first ${held} of ${bytes} bytes)` : "";
    line(`   ${name}${cut}: ${typeof text === "string" ? text : `${bytes} bytes that are no text`}`);
  }
}
