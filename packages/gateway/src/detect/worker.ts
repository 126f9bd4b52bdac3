// The detector's thread: polls the ring, puts exchanges together, and tells what was found. Its death costs a blind interval, no request.
import { createHmac } from "node:crypto";
import { readlinkSync } from "node:fs";
import { constants, getPriority, setPriority } from "node:os";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { Readings } from "../tap/readings.ts";
import { RingReader } from "../tap/ring.ts";
import { gatewayKey } from "../record/journal.ts";
import { Assembler } from "./assembler.ts";
import { Detectors } from "./detectors.ts";
import { loadEncoder, type Encoder } from "./encoder.ts";
import { GatewayError } from "../error.ts";
import { Memory } from "./memory.ts";
import { Pulse } from "./pulse.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./protocol.ts";

/** How long the thread sleeps when there is nothing to read, in ms: what a finding is late by, at least. */
const sleepMs = 10;
/** Records that are read between two looks at messages. */
const burst = 512;
/** How long accounts are linked between two bursts, in ms. */
const turnMs = 10;
/** How often what could not be read is told, in ms. */
const unreadMs = 1_000;

const port = parentPort;
if (!port) throw new Error("expected to be started as a worker");
const start: WorkerStart = workerData;

/** How much less of a core than those who carry requests this thread asks for, where both want the same one. */
const niceness = 5;

/** On Linux each thread has a priority of its own; elsewhere detectors are as urgent as requests. */
function letRequestsGoFirst(): void {
  try {
    const own = Number(readlinkSync("/proc/thread-self").split("/").at(-1));
    setPriority(own, Math.min(constants.priority.PRIORITY_LOW, getPriority() + niceness));
  } catch {
    // Nothing depends on it.
  }
}

letRequestsGoFirst();
const say = (it: FromWorker) => port.postMessage(it);
const pulse = new Pulse(start.pulse);
pulse.beat("starts");
const ring = new RingReader(start.ring);
const readings = new Readings(start.readings);
const memory = new Memory(start, pulse, say);
const { encoder, problem } = await encoderOf(start);
const detectors = new Detectors(start, gatewayKey(start.dataDir).publicKey, readings, encoder);
if (problem !== undefined) detectors.problems.unshift(problem);
const assembler = new Assembler();
const models = new Map<number, string>();
const origins = new Map<number, readonly string[]>();
/** Answers what `remembers` asked. */
let slots: readonly (number | undefined)[] | undefined;
let isEnding = false;

function listen(): void {
  for (let it = receiveMessageOnPort(port!); it; it = receiveMessageOnPort(port!)) {
    const told: ToWorker = it.message;
    if (told.tell === "model") models.set(told.number, told.name);
    else if (told.tell === "origin") origins.set(told.number, told.tokens.map(keyedToken));
    else if (told.tell === "principal") memory.name(told.slot, told.principal);
    else if (told.tell === "slots") slots = told.slots;
    else if (told.tell === "end") isEnding = true;
    else if (told.tell === "routes") detectors.routes = told.routes;
    else if (told.tell === "watched") detectors.watch(told.models);
    else if (told.tell === "die") throw new Error("told to die");
  }
}

/** Where an account comes from, as it may be kept: kind and a keyed hash. */
function keyedToken(token: string): string {
  const kind = token.slice(0, token.indexOf(":") + 1);
  return kind + createHmac("sha256", start.secret).update(token).digest("base64url").slice(0, 16);
}

/** Waits for the slots of everybody who is remembered, and takes back what was known. */
function remember(): void {
  const principals = memory.principals();
  say({ say: "remembers", principals });
  const idle = new Int32Array(new SharedArrayBuffer(4));
  while (slots === undefined) {
    Atomics.wait(idle, 0, 0, sleepMs);
    pulse.beat();
    listen();
  }
  slots.forEach((slot, i) => {
    const principal = principals[i];
    if (slot !== undefined && principal !== undefined) memory.name(slot, principal);
  });
  const numbers = new Map([...models].map(([number, name]) => [name, number]));
  memory.restore(detectors, (name) => numbers.get(name) ?? 0);
  detectors.problems.push(...detectors.stillDrifted());
}

/** Without its encoder a gateway still detects, by hashed vectors; what was calibrated with the encoder rests. */
async function encoderOf(from: WorkerStart): Promise<{ encoder?: Encoder; problem?: string }> {
  if (!from.encoder) return {};
  if (from.withoutEncoder !== undefined)
    return { problem: `prompts go through hashed vectors: ${from.withoutEncoder}` };
  try {
    pulse.beat("loads the encoder");
    const loaded = await loadEncoder(from.encoder);
    pulse.beat("starts");
    return { encoder: { ...loaded, encode: (text) => encodeWatched(loaded, text) } };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { problem: `prompts go through hashed vectors: ${error.message}` };
  }
}

async function encodeWatched(by: Encoder, text: string): Promise<Float32Array> {
  pulse.beat("encodes a prompt");
  const vector = await by.encode(text);
  pulse.beat("reads");
  return vector;
}

/** Groups are formed at once from what is remembered. */
let linkedAt = 0;
let keptAt = Date.now();
let unreadAt = Date.now();

async function readBurst(): Promise<boolean> {
  for (let i = 0; i < burst; i++) {
    const record = ring.next();
    if (!record) return false;
    pulse.beat();
    const exchange = assembler.take(record);
    if (!exchange) continue;
    // Names are told before the record that first uses them, so they are in the port by now.
    if (exchange.model !== 0 && !models.has(exchange.model)) listen();
    if (exchange.origin !== 0 && !origins.has(exchange.origin)) listen();
    const found = await detectors.take(exchange, models.get(exchange.model) ?? "", origins.get(exchange.origin) ?? []);
    for (const it of found) say({ say: "found", found: it });
  }
  return true;
}

let linking: ReturnType<Detectors["linkInTurns"]> | undefined;

/** Links accounts for `turnMs` at most, or to the end: what is asked meanwhile is read between two turns. */
function link(now: number, toTheEnd = false): void {
  if (!linking && !toTheEnd && now - linkedAt < start.linkMs) return;
  linking ??= detectors.linkInTurns(now);
  pulse.beat("links accounts");
  const until = toTheEnd ? Infinity : performance.now() + turnMs;
  let turn = linking.next();
  for (; !turn.done && performance.now() < until; turn = linking.next()) pulse.beat();
  if (turn.done) {
    linking = undefined;
    linkedAt = now;
    say({ say: "groups", groups: turn.value.groups });
    for (const it of turn.value.found) say({ say: "found", found: it });
  }
  pulse.beat("reads");
}

function atTimes(now: number): void {
  link(now);
  if (now - keptAt >= start.keepMs) {
    keptAt = now;
    memory.keep(detectors);
  }
  if (now - unreadAt >= unreadMs) {
    unreadAt = now;
    for (const drifted of detectors.takeDrifted()) say({ say: "drifted", problem: drifted });
    const count = assembler.takeUnread() + detectors.takeUnread();
    if (count > 0) say({ say: "unread", count });
  }
}

remember();
pulse.beat("reads");
say({ say: "ready", problems: detectors.problems, withoutStricter: detectors.withoutStricter });
for (;;) {
  pulse.beat();
  listen();
  const more = await readBurst();
  atTimes(Date.now());
  if (isEnding) break;
  if (more || linking) continue;
  if (ring.isClosed) break;
  ring.wait(sleepMs);
}
// Groups that what came last makes are formed while the queries that they are tested by are still remembered.
linking = undefined;
link(Date.now(), true);
memory.keep(detectors);
memory.close();
port.close();
