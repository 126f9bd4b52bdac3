// The server as one value: everything that must run, started in order, and closed in the opposite one.
import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import {
  Line,
  makeRegister,
  readControl,
  readCatalogueNames,
  readLogSources,
  readVectors,
  readPlaybook,
  readPolicy,
} from "@outweigh/pipeline";
import { connectionsOf, loopback, type Config } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { pino, type Logger } from "pino";
import type { Act } from "./actions/action.ts";
import { Actions } from "./actions/actions.ts";
import { Connected } from "./actions/connected.ts";
import { CaptureKeys, openCapture } from "./actions/capture.ts";
import { outsideActs } from "./actions/drivers/acts.ts";
import { Notices } from "./actions/notices.ts";
import { eitherHost, orderHost } from "./actions/order-host.ts";
import { orderActs, orderOptions } from "./actions/order-client.ts";
import { permitAct } from "./actions/permit.ts";
import { publishRule } from "./actions/publish-rule.ts";
import { quarantineFile } from "./actions/quarantine-file.ts";
import { agentSource } from "./api/agents.ts";
import { buildApp } from "./api/app.ts";
import { ownEnrolment } from "./api/gateways.ts";
import type { Context, ScanState } from "./api/context.ts";
import { Scanned } from "./api/scanned.ts";
import { allowedHosts } from "./auth/guard.ts";
import { Accounts } from "./auth/accounts.ts";
import { Agents } from "./auth/agents.ts";
import { Gateways, gatewaySource } from "./auth/gateways.ts";
import { Links } from "./auth/links.ts";
import { Provider } from "./auth/provider.ts";
import { Sessions, type People } from "./auth/sessions.ts";
import { SignIn } from "./auth/sign-in.ts";
import { SourceTokens } from "./auth/source-tokens.ts";
import { keyIn, orderKey, secretIn } from "./auth/tokens.ts";
import { Changes } from "./changes.ts";
import { checkSources, Collectors } from "./collect/collectors.ts";
import { claimData, makeDataFolder, type Claim } from "./data.ts";
import type { Env } from "./env.ts";
import { ServerError } from "./error.ts";
import { stopped } from "./evidence/found.ts";
import { EvidenceLog, self, type Decision } from "./evidence/log.ts";
import { Gauges } from "./gauges.ts";
import { makeMetrics } from "./metrics.ts";
import { pushMetrics } from "./metrics-push.ts";
import { OwnRules } from "./own-rules/own-rules.ts";
import { tuningOf } from "./own-rules/tuning.ts";
import { PostureWatch } from "./posture.ts";
import { Retention } from "./retention.ts";
import { ScanClock } from "./scan-clock.ts";
import { openStore, type Store } from "./store/store.ts";
import { declaredSources } from "./worker/source-state.ts";
import { Worker } from "./worker/worker.ts";

/** Detection content as its reader found it on disk. */
export interface Content {
  /** `proof`: the cases beside it that it must hold. */
  readonly rules: readonly { readonly path: string; readonly text: string; readonly proof?: string }[];
  /** `id` is the file's stem. */
  readonly playbooks: readonly { readonly id: string; readonly text: string }[];
  readonly policy: string;
  /** Checked measures; `id` is the file's stem. */
  readonly controls?: readonly { readonly id: string; readonly text: string }[];
  /** Which kinds of sources fill what a rule may name. */
  readonly logsources?: string;
  /** Names of techniques and mitigations, by id. */
  readonly techniques?: string;
  /** Ways to take weights, as a report groups them. */
  readonly vectors?: string;
}

export interface StartOptions {
  readonly config: Config;
  /** Everything we write is below this folder. */
  readonly dataDir: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly content: Content;
  /** The built console; without it, the API alone is served. */
  readonly consoleDir?: string | undefined;
  readonly version: string;
  /** Where `CLICKHOUSE_URL`, `DATABASE_URL` and the secrets of connections are. `process.env` if not given. */
  readonly env?: Env;
  /** How long the event loop may lag, in ms, before requests are told to come back later; 0: they never are. Two seconds if not given. */
  readonly maxLagMs?: number | undefined;
}

export interface Running {
  /** `http://127.0.0.1:7700` */
  readonly url: string;
  /** A link that signs one browser in, once, within ten minutes. */
  readonly openUrl: string;
  /** Another such link. */
  link(): string;
  /** A token to send records of one source with, for a program that the caller starts: it ends with this server. */
  token(source: string): string;
  /** A token for the gateway that the caller starts beside it, to enrol with once: it replaces the one of that name. */
  gatewayToken(): Promise<string>;
  /** The models that are watched now, after a confirmed theft. */
  watchedModels(): readonly string[];
  /** Which engines it works with, in words. */
  readonly engines: { readonly events: string; readonly state: string };
  /** Says what the start-up scan is doing, for the console's frame. */
  scanState(state: ScanState["state"], message?: string): void;
  close(): Promise<void>;
}

/**
 * Starts the server: on loopback, unless the configuration says otherwise.
 *
 * @throws {ServerError} PORT_TAKEN, SOURCE_REFUSED, CONNECTION_UNKNOWN, NO_ENGINE, NO_POSTGRES, STATE_UNAVAILABLE or DATA_IN_USE. {PipelineError} for a policy or playbook
 * that cannot be read. Whatever was started by then is ended.
 */
export async function start(options: StartOptions): Promise<Running> {
  const { dataDir, env = process.env } = options;
  checkSources(options.config, env);
  await makeDataFolder(dataDir);
  const claim = await claimData(dataDir);
  const log = openLog(dataDir);
  const opened: Closing[] = [() => claim.release()];
  try {
    await checkPort(options.port);
    const store = await openStore({ folder: dataDir, env, log });
    opened.push(() => store.close());
    return await assemble(options, { store, log, claim, opened });
  } catch (error) {
    log.error({ err: error }, "the start failed");
    await closeAll(opened);
    throw error;
  }
}

/** Engines take seconds to start: whoever asks for a port that is taken shall hear it before. */
function checkPort(port: number): Promise<void> {
  return new Promise((free, failed) => {
    const probe = createServer();
    probe.once("error", (cause) =>
      failed(
        new ServerError("PORT_TAKEN", `127.0.0.1:${port} cannot be listened on: name another with --port`, { cause }),
      ),
    );
    probe.listen(port, "127.0.0.1", () => probe.close(() => free()));
  });
}

type Closing = () => Promise<unknown>;

interface Opened {
  readonly store: Store;
  readonly log: Logger;
  readonly claim: Claim;
  /** How to end what was started, in the order of the starts. */
  readonly opened: Closing[];
}

async function assemble(options: StartOptions, { store, log, claim, opened }: Opened): Promise<Running> {
  const context = await makeContext(options, store, log);
  const { worker, actions, agents, links, sourceTokens, sessions, scan, changes, now } = context;
  opened.push(() => worker.close());
  for (const it of agents.list()) if (it.revokedAt === undefined) worker.expect(agentSource(it));
  for (const it of context.gateways.list()) if (it.revokedAt === undefined) worker.expect(gatewaySource(it));
  await actions.recover();
  const due = actions.watch();
  opened.push(async () => due.stop());
  const push = pushMetrics(options.config.server.metrics.otlp, { ...context, env: options.env ?? process.env });
  opened.push(() => push.stop());
  const news = context.notices.watch();
  opened.push(() => news.stop());
  const overdue = context.ownRules.watch();
  opened.push(async () => overdue.stop());
  const oldKeys = context.captureKeys.watch(context);
  opened.push(() => oldKeys.stop());

  let { port } = options;
  const app = await buildApp(context, {
    consoleDir: options.consoleDir,
    maxLagMs: options.maxLagMs,
    hosts: () => allowedHosts(port, options.config.server.url),
  });
  opened.push(() => app.close());
  await app.listen({ port, host: options.config.server.host });
  port = portOf(app);
  sessions.cookie = `outweigh-${port}`;
  const url = `http://127.0.0.1:${port}`;
  await claim.publish(url);
  await noteStart(context, options);
  worker.start();
  opened.push(() => context.collectors.stop());
  const retention = new Retention({ ...context, keepDays: options.config.server.keepDays });
  opened.push(async () => retention.stop());
  retention.start();
  const postureWatch = new PostureWatch(context);
  opened.push(() => postureWatch.stop());
  postureWatch.start();
  const scanClock = new ScanClock(context);
  opened.push(() => scanClock.stop());
  scanClock.start();
  await context.collectors.start();

  const link = () => `${url}/open?t=${links.make(now())}`;
  let closing: Promise<void> | undefined;
  return {
    url,
    openUrl: link(),
    watchedModels: () => context.worker.watching.models(context.now()).map((it) => it.model),
    link,
    token: (source) => sourceTokens.own(source),
    gatewayToken: () => ownEnrolment(context),
    engines: store.origin,
    scanState: (state, message) => {
      scan.state = state;
      if (state === "done" || state === "failed") scan.finishedAt = now();
      // What it said while it ran is no news once it has ended.
      if (message === undefined) delete scan.message;
      else scan.message = message;
      changes.tell("scan");
    },
    close: () => (closing ??= close(context, app, opened)),
  };
}

async function makeContext(options: StartOptions, { state, engine }: Store, log: Logger): Promise<Context> {
  const { config, dataDir, content, version, env = process.env } = options;
  const { db } = state;
  const now = () => Date.now();
  const changes = new Changes();
  const metrics = makeMetrics();
  const evidence = await EvidenceLog.open(db, dataDir);
  const register = makeRegister(config.models, config);
  const makeLine = () => new Line({ register, rules: content.rules.map((it) => it.text) });
  const connections = connectionsOf(config);
  const signer = await orderKey(dataDir);
  const gateways = await Gateways.open(db, signer, now);
  const agents = await Agents.open(db, signer);
  const captureKeys = new CaptureKeys(dataDir);
  const worker = await Worker.open({
    db,
    engine,
    evidence,
    changes,
    metrics,
    log,
    makeLine,
    tuning: () => tuningOf(db, config),
    now,
    folder: join(dataDir, "spool"),
    sources: declaredSources(config),
  });
  const kept = { db, engine, evidence, changes, worker, register, config, log, now };
  const ownRules = new OwnRules({ ...kept, rules: content.rules });
  const policy = readPolicy(content.policy);
  const collectors = new Collectors({ config, db, worker, evidence, changes, log, env, now });
  const notices = new Notices({
    db,
    evidence,
    changes,
    policy,
    connections,
    publicUrl: config.server.url,
    env,
    silent: () =>
      [...worker.sources()].flatMap(([name, { silentFrom: from }]) => (from === undefined ? [] : [{ name, from }])),
    log,
    now,
  });
  const accounts = await Accounts.open(db, await keyIn(join(dataDir, "accounts.key")), now());
  return {
    db,
    engine,
    evidence,
    changes,
    metrics,
    config,
    register,
    version,
    log,
    now,
    worker,
    collectors,
    actions: new Actions({
      db,
      evidence,
      changes,
      acts: [
        ...actsOf(options, { db, agents, gateways, captureKeys, changes, now }),
        publishRule(ownRules),
        permitAct({ db, config, worker, changes, now }),
      ],
      policy,
      connections,
      models: config.models,
      whyOne: (a, b) => accounts.whyOne(a, b),
      orders: (it) => orderOptions(gateways, it),
      log,
      now,
    }),
    ownRules,
    captureKeys,
    gauges: new Gauges({ db, engine, metrics, worker, agents, collectors, sources: config.sources, now }),
    connected: new Connected({ connections, env, toldBy: (it) => notices.toldBy(it) }),
    notices,
    scanned: new Scanned(db, changes),
    controls: {
      controls: (content.controls ?? []).map((it) => readControl(it.id, it.text)),
      logSources: content.logsources === undefined ? [] : readLogSources(content.logsources),
      names: content.techniques === undefined ? new Map() : readCatalogueNames(content.techniques),
      vectors: content.vectors === undefined ? undefined : readVectors(content.vectors),
    },
    accounts,
    signIn: new SignIn(accounts, await keyIn(join(dataDir, "devices.key"))),
    provider: config.server.provider && new Provider(config.server.provider, { url: config.server.url, env }),
    sessions: await Sessions.open(db, peopleOf(config, accounts), now()),
    links: new Links(),
    playbooks: new Map(content.playbooks.map(({ id, text }) => [id, readPlaybook(id, text)])),
    sourceTokens: await SourceTokens.open(db),
    agents,
    gateways,
    openToken: await secretIn(join(dataDir, "open.token")),
    owner: userInfo().username,
    scan: { state: "none" },
  };
}

type ActParts = Pick<Context, "db" | "agents" | "gateways" | "captureKeys" | "changes" | "now">;

/** What can be done on hosts, outside and at gateways. */
function actsOf({ config, dataDir, env = process.env }: StartOptions, parts: ActParts): Act[] {
  const { db, agents, gateways, captureKeys, changes, now } = parts;
  return [
    eitherHost(
      quarantineFile({
        db,
        folder: join(dataDir, "quarantine", "files"),
        roots: config.policy.quarantineRoots,
        own: dataDir,
      }),
      orderHost("quarantine-file", { db, agents, changes, now }),
    ),
    orderHost("stop-process", { db, agents, changes, now }),
    orderHost("block-egress", { db, agents, changes, now }),
    ...outsideActs({
      db,
      connections: connectionsOf(config),
      models: config.models,
      publicUrl: config.server.url,
      env,
    }),
    ...orderActs({ gateways, captureKeys, now }),
    openCapture({ db, keys: captureKeys }),
  ];
}

/** People sign in by name as soon as there is somebody who can, or where others than this machine's reach us. */
function peopleOf({ server }: Config, accounts: Accounts): People {
  const isDemanded =
    server.accounts === "required" ||
    server.url !== undefined ||
    server.host !== loopback ||
    server.provider !== undefined;
  return {
    areNamed: () => isDemanded || accounts.exist,
    grantsOf: (name, now) => accounts.grantsOf(name, now),
    tlsHost: server.url === undefined ? undefined : new URL(server.url).host,
  };
}

/** What this run works by is on record: which configuration, which rules, which version. */
async function noteStart(
  { db, evidence, worker, version, now }: Context,
  { config, content }: StartOptions,
): Promise<void> {
  const digest = (value: unknown) => createHash("sha256").update(JSON.stringify(value)).digest("hex");
  const refused = worker.refusedRules();
  const started: Decision = {
    kind: "server-started",
    by: self,
    text: `Outweigh ${version} started`,
    fields: {
      version,
      rules: content.rules.length,
      rulesDigest: digest(content.rules),
      policyDigest: digest(content.policy),
    },
  };
  const loaded: Decision = {
    kind: "config-loaded",
    by: self,
    text: `loaded a register: models ${config.models.length}, sources ${config.sources.length}`,
    fields: { digest: digest(config), models: config.models.map((it) => it.name) },
  };
  const blind = refused.map(({ rule, reason }): Decision => ({
    kind: "rule-refused",
    by: self,
    text: `the rule ${rule} was not loaded: ${reason}`,
  }));
  await db.transaction().execute((tx) => evidence.append(tx, [started, loaded, ...blind], now()));
}

async function close(
  { db, evidence, worker, collectors, now }: Context,
  app: FastifyInstance,
  opened: readonly Closing[],
): Promise<void> {
  try {
    await app.close();
    await collectors.stop();
    await worker.close();
    await db.transaction().execute(async (tx) => {
      await evidence.append(tx, [{ kind: stopped, by: self, text: "the server stopped" }], now());
      await evidence.checkpoint(tx, now());
    });
  } finally {
    await closeAll(opened);
  }
}

/** Ends everything, the last first; one that fails to end keeps no other from it. */
async function closeAll(opened: readonly Closing[]): Promise<void> {
  for (const it of opened.toReversed()) await it().catch(() => undefined);
}

function openLog(dataDir: string): Logger {
  const destination = pino.destination({ dest: join(dataDir, "server.log"), mkdir: true, mode: 0o600, sync: false });
  // Nothing that a request carries in secret, should a route ever log one.
  const redact = ["req.headers.authorization", "req.headers.cookie", "headers.authorization", "headers.cookie"];
  return pino({ level: "info", redact }, destination);
}

function portOf(app: FastifyInstance): number {
  const address = app.server.address();
  if (address === null || typeof address === "string") throw new ServerError("INTERNAL", "the server has no port");
  return address.port;
}
