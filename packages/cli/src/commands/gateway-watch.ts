import { randomBytes } from "node:crypto";
import type { Contents, LogFinding, LoggedCall, LogPrincipal, LogWatch, Reach } from "@outweigh/gateway";
import type { From, Ingested, Outcome } from "@outweigh/pipeline";
import type { OcsfEvent } from "@outweigh/schema";
import { command, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import { CliError, type ExitCode } from "../error.ts";
import { gatewayData, gatewayOptions } from "../gateway-desk.ts";
import { findLogFiles } from "../replay/files.ts";
import type { ReplayedFile } from "../replay/tally.ts";
import { countText, plural, timeText } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";

const options = {
  ...gatewayOptions,
  model: {
    type: "string",
    value: "NAME",
    about: "The configured model that calls are about whose log names none, as access logs do",
  },
} as const;

/** Principals that are printed; --json has all. */
const printed = 20;
/** Paths by which model servers are asked for an answer: what counts as a call in an access log. */
const asked =
  /\/v1\/(?:chat\/completions|completions|responses|embeddings|messages)$|\/api\/(?:chat|generate|embed)$|\/generate(?:_stream)?$|\/infer$|:predict$|\/invocations$|^\/predictions\//;

export const gatewayWatch = command({
  summary: "Runs the gateway's detectors over logs of model calls, without a gateway",
  usage: "FILE…",
  positionals: [1, 100_000],
  options,
  about: [
    "Logs of LiteLLM, Bedrock, OpenTelemetry and access logs of model servers such as vLLM; what a file is, is told by content. Where a record holds the prompt it is looked at in memory by keyed sketches; no word of it is kept or shown.",
    "Alarms need a calibration in outweigh.yml, as in the gateway. The answer says which detector saw how many calls, and why not the others: silence of one that saw nothing is no all-clear. Exit 1 if there is a finding, 3 if no call was read.",
  ],
  examples: [
    { line: "outweigh gateway watch litellm.ndjson", about: "Who asks how, and what is unusual" },
    { line: "outweigh gateway watch access.log --model chat --json", about: "vLLM's access log, for a program" },
  ],
  run,
});

async function run({ values, positionals, json, terminal, signal }: Call<typeof options>): Promise<ExitCode> {
  const files = findLogFiles(positionals);
  if (files.length === 0) throw new CliError("USAGE", "there is no file in these folders");
  const watch = await makeWatch(values);
  const before = watch.problems.length;
  for (const it of watch.problems) terminal.say(visible(it));
  const { Line, makeRegister } = await import("@outweigh/pipeline");
  const { contentsOf } = await import("@outweigh/gateway");
  const { replayFiles } = await import("../replay/replay-files.ts");
  const line = new Line({ register: makeRegister([]), rules: [] });
  const held = new WeakMap<Ingested, readonly Contents[]>();
  const findings: LogFinding[] = [];
  let calls = 0;
  const take = (read: Ingested): Outcome => {
    if (!read.ok) return { rejected: read.reason };
    const contents = held.get(read) ?? [];
    for (const event of read.events) {
      const call = callOf(event, contents, read.events.length);
      if (!call) continue;
      calls++;
      findings.push(...watch.step(call));
    }
    return { events: read.events, alerts: [], incidents: [] };
  };
  const reads = {
    read(record: string, from: From): Ingested {
      const read = line.read(record, from);
      const contents = contentsOf(from.kind, record);
      if (contents.length > 0) held.set(read, contents);
      return read;
    },
    take,
  };
  const { files: read } = await replayFiles(files, reads, {
    signal,
    onOutcome: () => terminal.progress(() => `${countText(calls)} calls read`),
  });
  // What only the logs showed: a calibration that does not hold for them any more.
  for (const it of watch.problems.slice(before)) terminal.say(visible(it));
  const { problems } = watch;
  const answer = {
    calls,
    principals: watch.principals(),
    groups: watch.groups(),
    findings,
    detectors: watch.reach(),
    problems,
  };
  if (json) terminal.printJson({ files: read, ...answer });
  else print(answer, read, terminal);
  return calls === 0 ? 3 : findings.length > 0 ? 1 : 0;
}

async function makeWatch(values: Call<typeof options>["values"]): Promise<LogWatch> {
  const { LogWatch, gatewayKey } = await import("@outweigh/gateway");
  const models = loadConfig(values.config).config.gateway?.models ?? [];
  if (values.model !== undefined && !models.some((it) => it.name === values.model))
    throw new CliError(
      "USAGE",
      `--model is ${JSON.stringify(values.model)}: expected a model that stands under gateway in outweigh.yml`,
    );
  const calibrated = models.some((it) => it.calibration !== undefined);
  const key = calibrated ? gatewayKey(gatewayData(values)).publicKey : undefined;
  // Nothing outlives this run, so its sketches need no key that does.
  return new LogWatch(models, randomBytes(32), key, values.model);
}

/** An event as a call to a model; undefined for anything else. */
function callOf(event: OcsfEvent, contents: readonly Contents[], events: number): LoggedCall | undefined {
  const model = textAt(event, "ai_model", "name");
  const path = textAt(event, "http_request", "url", "url_string")?.replace(/[?#].*$/, "");
  const isCall =
    model !== undefined ||
    (textAt(event, "http_request", "http_method") === "POST" && path !== undefined && asked.test(path));
  // What was refused taught nobody anything.
  if (!isCall || event.status_id === 2 || event.operation === "request") return undefined;
  const uid = textAt(event, "metadata", "uid");
  return {
    principal: event.principal,
    model,
    time: event.time,
    tokens: event.tokens,
    address: textAt(event, "src_endpoint", "ip"),
    agent: textAt(event, "http_request", "user_agent"),
    contents: contents.find((it) => it.uid !== undefined && it.uid === uid) ?? (events === 1 ? contents[0] : undefined),
  };
}

function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  let it = value;
  for (const name of path) it = typeof it === "object" && it !== null && name in it ? Reflect.get(it, name) : undefined;
  return typeof it === "string" && it !== "" ? it : undefined;
}

interface Watched {
  readonly calls: number;
  readonly principals: readonly LogPrincipal[];
  readonly groups: readonly (readonly string[])[];
  readonly findings: readonly LogFinding[];
  readonly detectors: readonly Reach[];
}

function print(
  { calls, principals, groups, findings, detectors }: Watched,
  files: readonly ReplayedFile[],
  terminal: Call<typeof options>["terminal"],
): void {
  const say = (line: string) => terminal.print(visible(line));
  for (const it of files) {
    const broken = it.rejected > 0 ? `, ${plural(it.rejected, "record")} not read` : "";
    say(`${it.file}: ${it.kind}, ${plural(it.events, "event")}${broken}`);
  }
  if (calls === 0)
    return say(
      "No call to a model was read, so nothing was looked at: give logs of model servers or of what stands before them.",
    );
  say(`${plural(calls, "call")} of ${plural(principals.length, "principal")}`);
  for (const it of principals.slice(0, printed)) say(`  ${lineOf(it)}`);
  if (principals.length > printed) say(`  and ${countText(principals.length - printed)} more; --json has all`);
  for (const it of groups)
    say(`look like one client: ${it.slice(0, 8).join(", ")}${it.length > 8 ? ` and ${it.length - 8} more` : ""}`);
  for (const it of findings) {
    const promise = it.alpha === undefined ? "" : `, of benign principals at most ${(100 * it.alpha).toFixed(2)} %`;
    say(
      `${it.finding}: ${it.principal}, ${it.model || "a model that the log does not name"}, after ${plural(it.queries, "call")} at ${timeText(it.time)}: ${it.value.toFixed(2)} over ${it.level.toFixed(2)}${promise}`,
    );
  }
  if (findings.length === 0) say("Nothing unusual in what could be looked at:");
  for (const it of detectors)
    say(
      `  ${it.detector}: ${countText(it.calls)} of ${countText(it.of)} calls${it.why === undefined ? "" : `; ${it.why}`}`,
    );
}

function lineOf({ principal, calls, withPrompts, tokens, novelty }: LogPrincipal): string {
  const parts = [
    plural(calls, "call"),
    ...(tokens > 0 ? [`${countText(tokens)} tokens`] : []),
    ...(withPrompts < calls ? [`${countText(withPrompts)} with prompts`] : []),
    novelty === undefined ? "calibrating" : `novelty ${novelty.toFixed(2)}`,
  ];
  return `${principal}  ${parts.join(" · ")}`;
}
