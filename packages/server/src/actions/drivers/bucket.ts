// Makes an S3-compatible bucket private: no statement and no grant for everybody, and the store's own block on top where it has one.
import type { BucketConnection, ModelEntry } from "@outweigh/schema";
import { z } from "zod";
import type { Env } from "../../env.ts";
import { done, notDone, type Planned, type Seen } from "../action.ts";
import { refusal } from "../outside.ts";
import type { Driver } from "./driver.ts";
import { accessOf, blockAll, type Access, type BucketAccess } from "./bucket-access.ts";
import { isForEverybody, samePolicy, withoutPublic, type GrantLine } from "./public-access.ts";

const plan = z.object({
  connection: z.string(),
  bucket: z.string(),
  /** Exactly what was there, for undoing. */
  before: z.custom<Access>((it) => typeof it === "object" && it !== null),
  after: z.custom<Access>((it) => typeof it === "object" && it !== null),
});
type BucketPlan = z.infer<typeof plan>;

interface BucketOptions {
  readonly connection: BucketConnection;
  readonly models: readonly ModelEntry[];
  readonly env: Env;
}

/** Blind spots: addresses signed before go on; policy that names somebody, or everybody under a condition, stays and is named. */
export function privateBucket({ connection, models, env }: BucketOptions): Driver {
  const names = new Map(connection.buckets.map((it) => [`s3://${it.toLowerCase()}`, it]));
  const of = (bucket: string) => accessOf({ connection, bucket, env });
  return {
    connection: connection.name,
    covers: (target) => names.has(target),

    async preview(target): Promise<Planned> {
      const bucket = names.get(target) ?? target;
      const title = `Make the bucket ${bucket} private`;
      const before = await within(of(bucket), (it) => it.read());
      const narrowed = narrow(before);
      if (typeof narrowed === "string") return { ok: false, title, refused: narrowed };
      const concerned = models.filter((it) => it.places.some((place) => isIn(place, target)));
      const { after, effects } = narrowed;
      return {
        ok: true,
        plan: {
          title,
          effects: [
            ...effects,
            concerned.length === 0
              ? "No registered model has a place there: what else lies in the bucket is concerned all the same"
              : `Concerns all that lies in the bucket, of registered models ${concerned.map((it) => it.name).join(", ")}`,
            "Who reads with credentials, and links that were signed before, go on; undoing restores what was, to the letter",
          ],
          undoable: true,
          stays: true,
          touches: `${target}/`,
          models: concerned.map((it) => it.name),
          plan: { connection: connection.name, bucket, before, after } satisfies BucketPlan,
        },
      };
    },

    async apply(agreed) {
      const it = plan.parse(agreed);
      await within(of(it.bucket), (access) => access.write(it.before, it.after));
      return it;
    },

    async verify(record): Promise<Seen> {
      const { bucket } = plan.parse(record);
      const now = await within(of(bucket), (it) => it.read());
      const left = openings(now);
      return left.length === 0
        ? done(`${bucket} has no statement and no grant for everybody${now.block === "none" ? "" : blockText(now)}`)
        : notDone(`${bucket}: ${left.join("; ")}`);
    },

    async undo(record) {
      const { bucket, before, after } = plan.parse(record);
      await within(of(bucket), async (access) => {
        const now = await access.read();
        const strange = changedSince(now, before, after);
        if (strange !== undefined)
          throw refusal(`${strange} of ${bucket} was changed since by somebody else: look at it there`);
        await access.write(now, before);
      });
    },
  };
}

/** What would be there afterwards, and that in words; or why nothing is to be done. */
function narrow(before: Access): { readonly after: Access; readonly effects: string[] } | string {
  const policy = before.policy === undefined ? undefined : withoutPublic(before.policy);
  if (before.policy !== undefined && !policy) return "its policy cannot be read as one: look at it there";
  const grants = before.grants?.filter((it) => !isForEverybody(it));
  const gone = (before.grants ?? []).filter(isForEverybody);
  const effects = [
    ...(policy?.removed ?? []).map((it) => `The policy's statement for everybody goes: ${it}`),
    ...gone.map((it) => `The access list's line for everybody goes: ${it.Permission}`),
    ...(before.block !== "unknown" && before.block !== "all"
      ? ["The store's own block of public access is switched on"]
      : []),
  ];
  if (effects.length === 0) return "nothing of it is for everybody";
  if (before.block === "unknown")
    effects.push("This store knows no block of public access: single objects that are for everybody stay so");
  for (const it of policy?.conditional ?? []) effects.push(`A statement for everybody under a condition stays: ${it}`);
  return {
    after: {
      block: before.block === "unknown" ? "unknown" : "all",
      ...(before.owner !== undefined && { owner: before.owner }),
      ...(grants && { grants }),
      ...(policy?.policy !== undefined && { policy: policy.policy }),
    },
    effects,
  };
}

/** Where everybody still gets in. */
function openings({ block, grants = [], policy }: Access): string[] {
  const narrowed = policy === undefined ? undefined : withoutPublic(policy);
  return [
    ...(block === "none" || typeof block === "object" ? ["its block of public access is not all on"] : []),
    ...(grants.some(isForEverybody) ? ["its access list has a line for everybody"] : []),
    ...(policy !== undefined && !narrowed ? ["its policy cannot be read"] : []),
    ...(narrowed?.removed ?? []).map((it) => `its policy has a statement for everybody: ${it}`),
  ];
}

function blockText({ block }: Access): string {
  return block === "all" ? ", and its block of public access is on" : "; this store has no block of public access";
}

/** The part that is neither as it was nor as we left it. */
function changedSince(now: Access, before: Access, after: Access): string | undefined {
  const isKnown = (same: (it: Access) => boolean) => same(before) || same(after);
  if (!isKnown((it) => samePolicy(it.policy, now.policy))) return "the policy";
  if (!isKnown((it) => sameGrants(it.grants, now.grants))) return "the access list";
  if (!isKnown((it) => JSON.stringify(blockAll(it.block)) === JSON.stringify(blockAll(now.block))))
    return "the block of public access";
  return undefined;
}

function sameGrants(a: readonly GrantLine[] = [], b: readonly GrantLine[] = []): boolean {
  const text = (all: readonly GrantLine[]) =>
    all
      .map(({ Grantee: { ID, URI, EmailAddress }, Permission }) => JSON.stringify([ID, URI, EmailAddress, Permission]))
      .sort()
      .join();
  return text(a) === text(b);
}

function isIn(place: string, bucket: string): boolean {
  const lower = place.toLowerCase();
  return lower === bucket || lower.startsWith(`${bucket}/`);
}

async function within<T>(opened: Promise<BucketAccess>, work: (it: BucketAccess) => Promise<T>): Promise<T> {
  const access = await opened;
  try {
    return await work(access);
  } finally {
    access.close();
  }
}
