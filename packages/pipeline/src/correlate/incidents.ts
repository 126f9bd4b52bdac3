import { createHash } from "node:crypto";
import { severityId, worse, type Alert, type Incident, type OcsfEvent, type Severity } from "@outweigh/schema";
import { z } from "zod";
import { countText, spanText } from "../amounts.ts";
import { StoryIndex } from "./story-index.ts";

/** How alerts become incidents. */
export interface CorrelateOptions {
  /** How far apart alerts of one model or address may be to be one story, in ms. */
  readonly windowMs: number;
  /** The same for alerts of one principal: longer than a weekend. */
  readonly principalWindowMs: number;
  /** Longest story, in ms: later alerts open a new one, so that no incident grows for ever. */
  readonly maxSpanMs: number;
}

const correlateDefaults: CorrelateOptions = {
  windowMs: 86_400_000,
  principalWindowMs: 3 * 86_400_000,
  maxSpanMs: 7 * 86_400_000,
};

/** Most incidents that alerts can still join, and most alerts that wait for an incident of their principal. */
const maxOpen = 5000;
const maxWaiting = 5000;
/** Most alerts in one incident, and most names it lists. */
const maxAlerts = 500;
const maxNames = 100;

/** What of an alert its incident needs. */
const member = z.object({
  id: z.string(),
  rule: z.string(),
  severity: z.enum(["informational", "low", "medium", "high", "critical"]),
  summary: z.string(),
  principal: z.string().optional(),
  model: z.string().optional(),
  /** Outside the own networks, if its event had one. */
  address: z.string().optional(),
  act: z.enum(["obtain", "copy", "replicate"]).optional(),
  method: z.string().optional(),
  firstAt: z.number(),
  lastAt: z.number(),
});
type Member = Omit<z.infer<typeof member>, "method"> & { readonly method?: Alert["method"] };

/** An incident while alerts can still join it. Plain JSON. */
interface Story {
  readonly id: string;
  members: Member[];
  /** Addresses outside the own networks that its events came from: they tie an anonymous client to a named one. */
  addresses: string[];
}

/**
 * Puts alerts that tell one story into one incident: the same principal, the same outside address or the same model,
 * close in time. Alerts below medium open none: they wait, and join when one of their principal opens.
 *
 * Blind spot: a thief who changes principal, address and model. And two thieves of one model on one day are one story.
 */
export class Incidents {
  readonly #options: CorrelateOptions;
  #stories: Story[] = [];
  #index = new StoryIndex<Story>();
  /** The story of each alert that is in one. */
  #homes = new Map<string, Story>();
  #waiting: Member[] = [];

  constructor(options: Partial<CorrelateOptions> = {}) {
    this.#options = { ...correlateDefaults, ...options };
  }

  /** The incident that an alert belongs to now, whole; undefined while it waits. */
  take(alert: Alert, event: OcsfEvent, address: string | undefined): Incident | undefined {
    const outside = event.src_external === true ? address : undefined;
    const it = { ...memberOf(alert), ...(outside !== undefined && { address: outside }) };
    const own = this.#homes.get(it.id);
    const story = own ?? this.#join(it, address) ?? this.#open(it);
    if (!story) return undefined;
    if (own) own.members = own.members.map((one) => (one.id === it.id ? it : one));
    else this.#add(story, it);
    if (outside !== undefined && !story.addresses.includes(outside)) {
      const before = story.addresses;
      story.addresses = [...before, outside].slice(-maxNames);
      this.#index.move(story, before);
    }
    return incidentOf(story);
  }

  snapshot(): unknown {
    return structuredClone({ stories: this.#stories, waiting: this.#waiting });
  }

  restore(state: unknown): void {
    const { stories, waiting } = stored.parse(state);
    this.#stories = stories.map((it) => ({ ...it, members: it.members.map(asMember) }));
    this.#waiting = waiting.map(asMember);
    this.#index = new StoryIndex();
    for (const it of this.#stories) this.#index.open(it);
    this.#homes = new Map(this.#stories.flatMap((story) => story.members.map(({ id }) => [id, story] as const)));
  }

  /** An open story that an alert belongs to: of its principal, else of its outside address, else, if it is loud, of its model. */
  #join(it: Member, address: string | undefined): Story | undefined {
    const { windowMs, principalWindowMs } = this.#options;
    const isLoud = severityId(it.severity) >= severityId("medium");
    const latest = (stories: readonly Story[], apartMs: number) =>
      stories
        .filter((story) => this.#isNear(story, it, apartMs))
        .map((story) => ({ story, at: lastAt(story) }))
        .sort((a, b) => b.at - a.at)[0]?.story;
    return (
      latest(this.#index.with("principal", it.principal), principalWindowMs) ??
      latest(this.#index.with("address", address), windowMs) ??
      latest(isLoud ? this.#index.with("model", it.model) : [], windowMs)
    );
  }

  #isNear(story: Story, it: Member, apartMs: number): boolean {
    const [from, to] = [firstAt(story), lastAt(story)];
    const span = Math.max(to, it.lastAt) - Math.min(from, it.firstAt);
    return it.firstAt - to <= apartMs && from - it.lastAt <= apartMs && span <= this.#options.maxSpanMs;
  }

  #open(it: Member): Story | undefined {
    if (severityId(it.severity) < severityId("medium")) {
      this.#waiting = [...this.#waiting.filter(({ id }) => id !== it.id), it].slice(-maxWaiting);
      return undefined;
    }
    const digest = createHash("sha256").update(it.id).digest("hex");
    const story: Story = { id: `incident-${digest.slice(0, 24)}`, members: [], addresses: [] };
    this.#stories.push(story);
    this.#index.open(story);
    const oldest = this.#stories.length > maxOpen ? this.#stories.shift() : undefined;
    if (oldest) {
      this.#index.close(oldest);
      for (const { id } of oldest.members) this.#homes.delete(id);
    }
    return story;
  }

  /** Adds an alert to a story, and with it those of its principal that waited. */
  #add(story: Story, it: Member): void {
    const joins = (other: Member) =>
      other.id === it.id ||
      (other.principal !== undefined &&
        other.principal === it.principal &&
        this.#isNear(story, other, this.#options.principalWindowMs));
    if (story.members.length < maxAlerts) this.#put(story, it);
    this.#homes.set(it.id, story);
    const joining = this.#waiting.filter(joins);
    if (joining.length === 0) return;
    this.#waiting = this.#waiting.filter((other) => !joining.includes(other));
    for (const other of joining) {
      if (other.id === it.id || story.members.length >= maxAlerts) continue;
      this.#put(story, other);
      this.#homes.set(other.id, story);
    }
  }

  #put(story: Story, it: Member): void {
    story.members.push(it);
    this.#index.add(story, it);
  }
}

const stored = z.object({
  stories: z.array(z.object({ id: z.string(), members: z.array(member), addresses: z.array(z.string()) })),
  waiting: z.array(member),
});

function asMember(it: z.infer<typeof member>): Member {
  return it as Member;
}

function memberOf({ id, rule, severity, summary, principal, model, act, method, firstAt, lastAt }: Alert): Member {
  return {
    id,
    rule,
    severity,
    summary,
    firstAt,
    lastAt,
    ...(principal !== undefined && { principal }),
    ...(model !== undefined && { model }),
    ...(act !== undefined && { act }),
    ...(method !== undefined && { method }),
  };
}

function firstAt({ members }: Story): number {
  return Math.min(...members.map((it) => it.firstAt));
}

function lastAt({ members }: Story): number {
  return Math.max(...members.map((it) => it.lastAt));
}

/** Which alert tells the story best, among the worst: what the books prove before what a pattern suggests. */
const tellers = [
  "complete-copy",
  "coalition-coverage",
  "decoy-touched",
  "retired-key-used",
  "undeclared-copy",
  "enumerate-then-pull",
  "unaccounted-read",
  "machine-key-moved",
  "shared-key",
  "new-network",
  "segmented-download",
  "bulk-completion",
];

function incidentOf(story: Story): Incident {
  const { id, members } = story;
  let severity: Severity = "informational";
  for (const it of members) severity = worse(severity, it.severity);
  const worst = members.filter((it) => it.severity === severity);
  const [told] = tellers.map((rule) => worst.find((it) => it.rule === rule)).filter((it) => it !== undefined);
  const lead = told ?? worst[0];
  const loud = members.filter((it) => severityId(it.severity) >= severityId("medium"));
  const act = lead?.act ?? loud.find((it) => it.act !== undefined)?.act;
  const method = lead?.method ?? loud.find((it) => it.method !== undefined)?.method;
  return {
    id,
    title: lead ? lead.summary + alikeText(lead, worst) : "An incident without alerts",
    severity,
    reason: reasonOf(story),
    ...(act !== undefined && { act }),
    ...(method !== undefined && { method }),
    principals: names(members.map((it) => it.principal)),
    models: names(members.map((it) => it.model)),
    alerts: members.map((it) => it.id),
    firstAt: firstAt(story),
    lastAt: lastAt(story),
  };
}

/** Who else did what the alert tells of its principal: an incident of two readers is not the first one's alone. */
function alikeText({ rule, model, principal }: Member, worst: readonly Member[]): string {
  const others = names(worst.filter((it) => it.rule === rule && it.model === model).map((it) => it.principal));
  const [first, ...more] = others.filter((it) => it !== principal);
  if (first === undefined || principal === undefined) return "";
  return more.length === 0 ? `; ${first} did the same` : `; ${more.length + 1} more principals did the same`;
}

function names(list: readonly (string | undefined)[]): string[] {
  return [...new Set(list.filter((it) => it !== undefined))].slice(0, maxNames);
}

/** Why these alerts stand together, in one sentence. */
function reasonOf(story: Story): string {
  const { members } = story;
  if (members.length === 1) return "One alert; nothing else close in time shares its principal, address or model";
  const principals = names(members.map((it) => it.principal));
  const models = names(members.map((it) => it.model));
  const shared: string[] = [];
  if (principals.length === 1 && members.every((it) => it.principal !== undefined))
    shared.push(`the principal ${principals[0]}`);
  const [address, ...others] = new Set(members.map((it) => it.address));
  if (principals.length > 1 && address !== undefined && others.length === 0) shared.push(`the address ${address}`);
  if (models.length === 1 && members.every((it) => it.model !== undefined)) shared.push(`the model ${models[0]}`);
  // Records without any time stand at 0: then how close they are is not known.
  const span = lastAt(story) - firstAt(story);
  const within = lastAt(story) === 0 ? "in a log that gives no times" : `within ${spanText(span)}`;
  if (shared.length > 0) return `${countText(members.length, "alert")} share ${shared.join(" and ")} ${within}`;
  const kinds = [
    principals.length > 0 ? countText(principals.length, "principal") : "",
    models.length > 0 ? countText(models.length, "model") : "",
  ].filter((it) => it !== "");
  return `${countText(members.length, "alert")} ${within} are linked through ${kinds.join(" and ")}: each shares a principal, an address or a model with another`;
}
