import { createHash } from "node:crypto";
import { severityId, type Alert, type Incident, type OcsfEvent } from "@outweigh/schema";
import { z } from "zod";
import {
  affinity,
  asMember,
  firstAt,
  incidentOf,
  lastAt,
  maxNames,
  member,
  memberOf,
  type Member,
  type Story,
} from "./story.ts";
import { sharedModel, StoryIndex } from "./story-index.ts";
import { Waiting } from "./waiting.ts";

/** What a person decided: which alerts these incidents hold from now on. An incident without alerts is one no more. */
export const regrouping = z.object({
  stories: z.array(
    z.object({
      id: z.string(),
      members: z.array(member),
      /** Who decided it and why, in one sentence. */
      decided: z.string().optional(),
      /** The longest span counts from here, in ms since 1970: a merged incident lives as long as the youngest of its parts. */
      spanFrom: z.number().optional(),
    }),
  ),
});
export type Regrouping = z.infer<typeof regrouping>;

/** An incident as a person wants it. */
export interface Wanted extends Pick<Regrouping["stories"][number], "id" | "decided" | "spanFrom"> {
  readonly alerts: readonly Alert[];
}

export function regroupingOf(stories: readonly Wanted[]): Regrouping {
  return { stories: stories.map(({ alerts, ...it }) => ({ ...it, members: alerts.map(memberOf) })) };
}

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
/** Most alerts in one incident. */
export const maxAlerts = 500;

/**
 * Puts alerts that tell one story into one incident: the same principal, the same outside address or the same model,
 * close in time. Alerts below medium open none: they wait, and join when one of their principal opens. A permit is a story of its
 * principal alone.
 *
 * Blind spot: a thief who changes principal, address and model. And two thieves of one model on one day are one story.
 */
export class Incidents {
  readonly #options: CorrelateOptions;
  #stories: Story[] = [];
  #index = new StoryIndex<Story>();
  /** The story of each alert that is in one. */
  #homes = new Map<string, Story>();
  readonly #waiting = new Waiting(maxWaiting);

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
    if (own) {
      own.members = own.members.map((one) => (one.id === it.id ? it : one));
      // Its group may have grown.
      this.#index.add(own, it);
    } else this.#add(story, it);
    if (outside !== undefined && !story.addresses.includes(outside)) {
      const before = story.addresses;
      story.addresses = [...before, outside].slice(-maxNames);
      this.#index.move(story, before);
    }
    return incidentOf(story);
  }

  /**
   * Takes over what a person decided; answers with the incidents that changed, whole. Later alerts follow: repeats of an alert stay with
   * it, new ones join the incident with which they have most in common where a person drew the line.
   */
  regroup({ stories }: Regrouping): Incident[] {
    const moved = new Map(stories.flatMap((it) => it.members.map(({ id }) => [id, it.id] as const)));
    const known = new Map([...moved.keys()].flatMap((id) => this.#known(id)));
    const touched = new Set(stories.map((it) => it.id));
    for (const [id, to] of moved) {
      const home = this.#homes.get(id);
      if (!home || home.id === to) continue;
      home.members = home.members.filter((it) => it.id !== id);
      touched.add(home.id);
    }
    for (const it of stories) {
      const members = it.members.map((one) => known.get(one.id) ?? asMember(one));
      const open = this.#stories.find(({ id }) => id === it.id);
      const story: Story = open ?? { id: it.id, members, addresses: [] };
      if (!open && members.length > 0) this.#stories.push(story);
      story.members = members;
      delete story.decided;
      delete story.spanFrom;
      if (it.decided !== undefined) story.decided = it.decided;
      if (it.spanFrom !== undefined) story.spanFrom = it.spanFrom;
    }
    const changed = this.#stories.filter((it) => touched.has(it.id));
    for (const it of changed)
      it.addresses = [...new Set(it.members.flatMap((one) => one.address ?? []))].slice(-maxNames);
    this.#stories = this.#stories.filter((it) => it.members.length > 0).slice(-maxOpen);
    for (const id of moved.keys()) this.#waiting.remove(id);
    this.#reindex();
    return changed.filter((it) => it.members.length > 0).map(incidentOf);
  }

  #known(id: string): [string, Member][] {
    const found = this.#homes.get(id)?.members.find((it) => it.id === id);
    return found ? [[id, found]] : [];
  }

  #reindex(): void {
    this.#index = new StoryIndex();
    for (const it of this.#stories) this.#index.open(it);
    this.#homes = new Map(this.#stories.flatMap((story) => story.members.map(({ id }) => [id, story] as const)));
  }

  snapshot(): unknown {
    return structuredClone({ stories: this.#stories, waiting: this.#waiting.all });
  }

  restore(state: unknown): void {
    const { stories, waiting } = stored.parse(state);
    this.#stories = stories.map((it) => ({ ...it, members: it.members.map(asMember) }));
    this.#waiting.set(waiting.map(asMember));
    this.#reindex();
  }

  /** An open story that an alert belongs to: of its principal, else of its outside address, else, if it is loud, of its model. */
  #join(it: Member, address: string | undefined): Story | undefined {
    const { windowMs, principalWindowMs } = this.#options;
    const isLoud = severityId(it.severity) >= severityId("medium");
    const latest = (stories: readonly Story[], apartMs: number) => {
      const near = stories.filter((story) => this.#isNear(story, it, apartMs));
      // Where a person drew the line, what an alert has in common counts before what was last.
      const isDrawn = near.some((story) => story.decided !== undefined);
      return near
        .map((story) => ({ story, at: lastAt(story), like: isDrawn ? affinity(story, it) : 0 }))
        .sort((a, b) => b.like - a.like || b.at - a.at)[0]?.story;
    };
    return (
      latest(this.#index.with("principal", it.principal), principalWindowMs) ??
      latest(this.#index.with("address", address), windowMs) ??
      latest(isLoud ? this.#index.with("model", sharedModel(it)) : [], windowMs)
    );
  }

  #isNear(story: Story, it: Member, apartMs: number): boolean {
    const [from, to] = [firstAt(story), lastAt(story)];
    const span = Math.max(to, it.lastAt) - Math.min(story.spanFrom ?? from, it.firstAt);
    return it.firstAt - to <= apartMs && from - it.lastAt <= apartMs && span <= this.#options.maxSpanMs;
  }

  #open(it: Member): Story | undefined {
    if (severityId(it.severity) < severityId("medium")) {
      this.#waiting.add(it);
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
    if (story.members.length < maxAlerts) this.#put(story, it);
    this.#homes.set(it.id, story);
    const { principalWindowMs } = this.#options;
    const joining = this.#waiting
      .with(it)
      .filter((other) => other.id === it.id || this.#isNear(story, other, principalWindowMs));
    for (const other of joining) {
      this.#waiting.remove(other.id);
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
  stories: z.array(
    z.object({
      id: z.string(),
      members: z.array(member),
      addresses: z.array(z.string()),
      decided: z.string().exactOptional(),
      spanFrom: z.number().exactOptional(),
    }),
  ),
  waiting: z.array(member),
});
