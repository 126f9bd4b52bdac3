import { hash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { GatewaySection } from "@outweigh/schema";
import type { Detection } from "../detect/detection.ts";
import { GatewayError } from "../error.ts";
import type { Surroundings } from "../front/surroundings.ts";
import { keyChanges, readKeys, type KeyEntry } from "../keys/key-file.ts";
import { KeyRing } from "../keys/key-ring.ts";
import type { GatewayOptions } from "../options.ts";
import type { Crew } from "../processes/crew.ts";
import type { Journal } from "../record/journal.ts";
import type { Counts } from "../upstream/counts.ts";
import { compilePolicy, type Policy } from "./policy.ts";

/** What follows a change of the configuration or of the keys. */
interface ReloadParts {
  readonly options: GatewayOptions;
  readonly dataDir: string;
  readonly journal: Journal;
  readonly around: Surroundings;
  readonly crew: Crew | undefined;
  readonly counts: Counts;
  readonly detection: Detection;
}

/** Reads configuration and keys anew, and replaces each whole where it changed; a bad one changes nothing. */
export class Reload {
  readonly #parts: ReloadParts;
  #entries: readonly KeyEntry[];

  constructor(parts: ReloadParts, entries: readonly KeyEntry[]) {
    this.#parts = parts;
    this.#entries = entries;
  }

  /** All keys, as the file of keys last held them. */
  get entries(): readonly KeyEntry[] {
    return this.#entries;
  }

  /** @throws {GatewayError} BAD_CONFIG, BAD_KEY_FILE: then the old ones hold. */
  now(): object {
    const { options, around } = this.#parts;
    const policy = compilePolicy(this.#section(), options.environment, around.policy.epoch + 1);
    const keys = this.#takeKeys(readKeys(this.#parts.dataDir));
    if (isDeepStrictEqual(policy.section, around.policy.section))
      return { epoch: around.policy.epoch, keys: keys.size };
    this.#takePolicy(policy, keys);
    return { epoch: policy.epoch, keys: keys.size };
  }

  #takeKeys(entries: readonly KeyEntry[]): KeyRing {
    const { journal, around, crew } = this.#parts;
    const changes = keyChanges(this.#entries, entries);
    if (changes) {
      const { text, keys } = changes;
      journal.add({ kind: "keys-changed", by: "gateway", text, fields: { keys } }, Date.now());
    }
    this.#entries = entries;
    around.keys = new KeyRing(entries);
    crew?.tell({ tell: "keys" });
    return around.keys;
  }

  #takePolicy(policy: Policy, keys: KeyRing): void {
    const { options, journal, around, crew, counts, detection } = this.#parts;
    const { section } = policy;
    const { section: old } = around.policy;
    if (section.processes !== old.processes)
      options.say("processes: as many as at the start go on; others take effect at the next start");
    around.policy = policy;
    around.pools.keepOnly(policy.upstreams);
    counts.compare(policy.upstreams);
    crew?.tell({ tell: "policy", section, epoch: policy.epoch });
    detection.reroute(policy);
    if (!isDeepStrictEqual([section.plans, section.tenantLimits], [old.plans, old.tenantLimits])) {
      around.clients.relimit((it) => policy.plan(keys.planOf(it)).limits, section.tenantLimits);
    }
    // Detectors of other models, or with other calibrations, are started anew; what they miss meanwhile is a blind interval.
    if (!isDeepStrictEqual([section.models, section.encoder], [old.models, old.encoder])) detection.renew();
    const text = `policy ${policy.epoch}`;
    journal.add({ kind: "policy-loaded", by: "gateway", text, fields: policyFields(policy) }, Date.now());
  }

  #section(): GatewaySection {
    try {
      return this.#parts.options.section();
    } catch (cause) {
      throw new GatewayError("BAD_CONFIG", cause instanceof Error ? cause.message : String(cause), { cause });
    }
  }
}

/** Names a policy in the evidence. */
export function policyFields({ epoch, section }: Policy) {
  return { epoch, policy: hash("sha256", JSON.stringify(section), "hex") };
}
