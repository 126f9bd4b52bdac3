// The detector's thread: polls the ring, puts exchanges together, and tells what was found. Its death costs a blind interval, no request.
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { Readings } from "../tap/readings.ts";
import { RingReader } from "../tap/ring.ts";
import { gatewayKey } from "../record/journal.ts";
import { Assembler } from "./assembler.ts";
import { Detectors } from "./detectors.ts";
import { loadEncoder, type Encoder } from "./encoder.ts";
import { GatewayError } from "../error.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./protocol.ts";

/** How long the thread sleeps when there is nothing to read, in ms: what a finding is late by, at least. */
const sleepMs = 10;
/** Records that are read between two looks at messages. */
const burst = 512;
/** How often what could not be read is told, in ms. */
const unreadMs = 1_000;

const port = parentPort;
if (!port) throw new Error("expected to be started as a worker");
const start: WorkerStart = workerData;

const ring = new RingReader(start.ring);
const readings = new Readings(start.readings);
const { encoder, problem } = await encoderOf(start);
const detectors = new Detectors(start, gatewayKey(start.dataDir).publicKey, readings, encoder);
if (problem !== undefined) detectors.problems.unshift(problem);
const assembler = new Assembler();
const models = new Map<number, string>();
const origins = new Map<number, readonly string[]>();

const say = (it: FromWorker) => port.postMessage(it);

function listen(): void {
  for (let it = receiveMessageOnPort(port!); it; it = receiveMessageOnPort(port!)) {
    const told: ToWorker = it.message;
    if (told.tell === "model") models.set(told.number, told.name);
    else if (told.tell === "origin") origins.set(told.number, told.tokens);
    else if (told.tell === "routes") detectors.routes = told.routes;
    else if (told.tell === "die") throw new Error("told to die");
  }
}

/** Without its encoder a gateway still detects, by hashed vectors; what was calibrated with the encoder rests. */
async function encoderOf(from: WorkerStart): Promise<{ encoder?: Encoder; problem?: string }> {
  if (!from.encoder) return {};
  try {
    return { encoder: await loadEncoder(from.encoder) };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { problem: `prompts go through hashed vectors: ${error.message}` };
  }
}

let linkedAt = Date.now();
let unreadAt = Date.now();

async function readBurst(): Promise<boolean> {
  for (let i = 0; i < burst; i++) {
    const record = ring.next();
    if (!record) return false;
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

function atTimes(now: number): void {
  if (now - linkedAt >= start.linkMs) {
    linkedAt = now;
    const { groups, found } = detectors.link(now);
    say({ say: "groups", groups });
    for (const it of found) say({ say: "found", found: it });
  }
  if (now - unreadAt >= unreadMs) {
    unreadAt = now;
    for (const drifted of detectors.takeDrifted()) say({ say: "drifted", problem: drifted });
    const count = assembler.takeUnread() + detectors.takeUnread();
    if (count > 0) say({ say: "unread", count });
  }
}

say({ say: "ready", problems: detectors.problems });
for (;;) {
  listen();
  const more = await readBurst();
  atTimes(Date.now());
  if (more) continue;
  if (ring.isClosed) break;
  ring.wait(sleepMs);
}
port.close();
