// Whether a suspect answers as the gateway's marks would have taught it.
import type { Carried, Looking, OwnQuery, Ownership } from "@outweigh/gateway";
import { gatewayMarks, maxMarkPull, maxMarkShare, type GatewaySection } from "@outweigh/schema";
import { loadConfig } from "../config/read.ts";
import { CliError, type ExitCode } from "../error.ts";
import { gatewayData } from "../gateway-desk.ts";
import { statOf } from "../paths.ts";
import type { Terminal } from "../terminal.ts";
import { plural } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";
import { wrap } from "../text/wrap.ts";

interface MarksCall {
  readonly queries: string;
  /** A file of answers, or the address of an interface to ask. */
  readonly suspect: string;
  readonly config: string | undefined;
  readonly data: string | undefined;
  readonly model: string | undefined;
  readonly principals: readonly string[];
  readonly share: string | undefined;
  readonly pull: string | undefined;
  /** Name of a variable of the environment. */
  readonly key: string | undefined;
  readonly json: boolean;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** What no outcome of the test says. */
const silent = [
  "A clone that averages answers of several clients, smooths its labels, or drops what its other data contradict, may carry no mark.",
  "It must be asked what the principal asked: label marks are learnt by heart, not in general.",
  "Who is found was answered with these marks; that the key's holder, and not somebody who took the key, trained on them is for people to show.",
];

/** @throws {CliError} USAGE, CONFIG, FAILED */
export async function compareMarks(call: MarksCall): Promise<ExitCode> {
  const { queries: file, suspect, json, terminal } = call;
  if (call.model === undefined) throw new CliError("USAGE", "--marks needs --model: as clients of the gateway name it");
  const isUrl = /^https?:\/\//.test(suspect);
  for (const it of isUrl ? [file] : [file, suspect]) statOf(it);
  const { GatewayError, answersIn, askSuspect, claimAlpha, knownMarks, ownership, readQueries, supposedMemory } =
    await import("@outweigh/gateway");
  try {
    const looking = await lookingFor(call, call.model);
    const { labels, vectors } = knownMarks(gatewayData(call));
    const queries = await readQueries(file);
    const answers = isUrl ? await askSuspect(queries, asked(call, queries)) : await answersIn(suspect, queries);
    const result = ownership({ labels, vectors }, answers, looking);
    if (json) {
      const { unanswered } = answers;
      const principals = looking.principals.length;
      terminal.printJson({
        model: call.model,
        queries: queries.length,
        unanswered,
        principals,
        ...result,
        memory: supposedMemory,
        silent,
      });
    } else
      print(terminal, result, {
        queries: queries.length,
        unanswered: answers.unanswered,
        alpha: claimAlpha,
        memory: supposedMemory,
      });
    return result.verdict === "marked" ? 1 : result.verdict === "undetermined" ? 3 : 0;
  } catch (error) {
    if (error instanceof GatewayError) throw new CliError("FAILED", error.message, { cause: error });
    throw error;
  }
}

function asked({ suspect: url, key: variable, model, terminal, signal }: MarksCall, queries: readonly OwnQuery[]) {
  const key = variable === undefined ? undefined : process.env[variable];
  if (variable !== undefined && key === undefined) throw new CliError("USAGE", `--key: ${variable} is not set`);
  return {
    url,
    key,
    model,
    signal,
    asked: (done: number) => terminal.progress(() => `asked ${done} of ${queries.length}`),
  };
}

/** Everybody who holds or held a key, with the marks of their plan; where a plan has none, those of an order that says no more. */
async function lookingFor(call: MarksCall, model: string): Promise<Looking> {
  const { readKeys } = await import("@outweigh/gateway");
  const { gateway } = loadConfig(call.config).config;
  const plans = new Map(readKeys(gatewayData(call)).map((it) => [it.principal, it.plan ?? "default"]));
  const names = call.principals.length > 0 ? call.principals : [...plans.keys()];
  if (names.length === 0) throw new CliError("FAILED", "nobody holds a key there: say whose marks with --principal");
  const share = amountOf(call.share, "--share", maxMarkShare);
  const pull = amountOf(call.pull, "--pull", maxMarkPull);
  const principals = names.map((name) => {
    const marks = marksOf(gateway, plans.get(name));
    return { name, share: share ?? marks.share, pull: pull ?? marks.pull };
  });
  return { model, principals };
}

function marksOf(gateway: GatewaySection | undefined, plan: string | undefined) {
  const named = gateway?.plans[plan ?? "default"] ?? gateway?.plans["default"];
  return named?.marks ?? gatewayMarks.parse({});
}

function amountOf(text: string | undefined, name: string, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= most))
    throw new CliError("USAGE", `${name} is ${JSON.stringify(text)}: expected a number from 0 to ${most}`);
  return value;
}

interface Ground {
  readonly queries: number;
  readonly unanswered: number;
  readonly alpha: number;
  readonly memory: number;
}

function print(terminal: Terminal, { verdict, found, all, tests }: Ownership, ground: Ground): void {
  const line = (text: string) => {
    for (const it of wrap(visible(text), terminal.width, { first: "   ", rest: "   " })) terminal.print(it);
  };
  terminal.print(terminal.bold(verdict));
  line(
    verdict === "marked"
      ? `It carries the marks of ${found.map((it) => it.principal).join(", ")}.`
      : verdict === "not-marked"
        ? `It carries none of the marks, and a clone would have been told: one that took over ${ground.memory} of them with the power below.`
        : "Nothing was found, and a clone might not have been: see the power, and ask it more of what the principal asked.",
  );
  for (const it of all.slice(0, 5)) line(`· ${carriedText(it)}`);
  if (all.length > 5) line(`· and ${plural(all.length - 5, "other test")}, each less unlikely by chance`);
  if (tests === 0) line("· No query that it answered is marked for anybody who was looked for.");
  line(
    `${plural(ground.queries, "query", "queries")}, ${ground.unanswered} unanswered; p-values are exact, and corrected for ${plural(tests, "test")}; a claim is made at ${ground.alpha}.`,
  );
  for (const it of silent) line(it);
}

function carriedText(it: Carried): string {
  const p = `p ${chance(it.corrected)} corrected, ${chance(it.pValue)} alone; power ${it.power.toFixed(2)}`;
  if (it.kind === "vectors")
    return `${it.principal}: embeddings of ${it.marked} of ${it.compared} texts hold secret words; cosine with the secret direction ${it.cosine?.toFixed(3)}; ${p}`;
  const rest = it.compared - it.marked;
  return `${it.principal}: gives ${it.agreeing} of ${it.marked} marked answers; an innocent model as often as it gives such answers unmarked: ${it.elsewhere} of ${rest}; ${p}`;
}

function chance(p: number): string {
  return p < 1e-300 ? "< 1e-300" : p >= 0.001 ? p.toFixed(3) : p.toExponential(1);
}
