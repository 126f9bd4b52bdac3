// When roles, users and their keys were used last, as AWS tells it.
import { maxItems, unusedDays } from "../limits.ts";
import { isRecord, listOf, recordOf, textOf, type Values } from "../values.ts";
import type { ExportedFile } from "./file.ts";

/** A date; null for never in the time that AWS keeps; undefined where nobody knows. */
export type Used = string | null | undefined;

interface AccessKey {
  readonly id: string;
  readonly isActive: boolean;
  readonly createdAt: string | undefined;
  readonly used: Used;
  /** File and pointer that say so. */
  readonly at: string;
}

interface Whose {
  readonly kind: "role" | "user" | "group";
  readonly name: string;
  /** Of the file that lists it, with a slash at its end. */
  readonly folder: string;
  readonly lastUsed?: Used;
}

/**
 * Needs of each principal `aws iam get-service-last-accessed-details` in a file named like it, or `role/NAME.json`, `user/NAME.json` beside the
 * account's; of each user `aws iam list-access-keys`, and of each key `aws iam get-access-key-last-used` in a file named like the key.
 * Blind spot: AWS tells of services, not of objects: who lists a bucket has used S3.
 */
export class LastUse {
  readonly #services = new Map<string, string | null>();
  readonly #keys: {
    readonly file: ExportedFile;
    readonly user: string;
    readonly index: number;
    readonly key: Values;
  }[] = [];
  readonly #keyUse = new Map<string, string | null>();

  /** Whether the file tells of last use. */
  take(file: ExportedFile, value: Values): boolean {
    if (Array.isArray(value["ServicesLastAccessed"])) {
      const s3 = value["ServicesLastAccessed"].find((it) => recordOf(it)["ServiceNamespace"] === "s3");
      const used = textOf(recordOf(s3)["LastAuthenticated"]) ?? null;
      // A role and a user may have the same name: those of a folder of their kind are of nobody else.
      const isOfKind = /(?:^|\/)(?:role|user)\/[^/]+$/.test(file.path);
      if (s3 !== undefined) this.#services.set(isOfKind ? file.path : stem(file.path), used);
      return true;
    }
    if (Array.isArray(value["AccessKeyMetadata"])) {
      for (const [index, it] of listOf(value["AccessKeyMetadata"]).slice(0, maxItems).entries()) {
        const key = recordOf(it);
        this.#keys.push({ file, user: textOf(key["UserName"]) ?? stem(file.path), index, key });
      }
      return true;
    }
    if (!isRecord(value["AccessKeyLastUsed"])) return false;
    this.#keyUse.set(stem(file.path), textOf(value["AccessKeyLastUsed"]["LastUsedDate"]) ?? null);
    return true;
  }

  /** When it used S3 last. */
  of({ kind, name, folder, lastUsed }: Whose): Used {
    const own = this.#services.get(`${folder}${kind}/${name}.json`);
    // Null is an answer.
    const s3 = own === undefined ? this.#services.get(name) : own;
    if (s3 !== undefined) return s3;
    // A role that did nothing read nothing; one that did something may have read.
    return kind === "role" ? lastUsed : undefined;
  }

  keysOf({ name, folder }: Whose): AccessKey[] {
    const found = this.#keys.filter((it) => it.user === name && it.file.path.startsWith(folder));
    return found.map(({ file, index, key }) => {
      const id = textOf(key["AccessKeyId"]) ?? "";
      return {
        id,
        isActive: key["Status"] === "Active",
        createdAt: textOf(key["CreateDate"]),
        used: this.#keyUse.get(id),
        at: `${file.path}#/AccessKeyMetadata/${index}`,
      };
    });
  }
}

/**
 * "did not use S3 for 120 days"; undefined if it did, if that is not known, or if it is younger than a right may stay unused.
 *
 * @param now In ms since 1970.
 */
export function useText(used: Used, createdAt: string | undefined, now: number, did = "did not use S3") {
  if (used === undefined) return undefined;
  const age = createdAt === undefined ? NaN : daysSince(createdAt, now);
  if (used === null) return age < unusedDays ? undefined : neverText(did);
  const days = daysSince(used, now);
  return days >= unusedDays ? `${did} for ${days} days` : undefined;
}

function neverText(did: string): string {
  return did === "was not used" ? "was never used" : "never used S3 in the time that AWS keeps";
}

function daysSince(date: string, now: number): number {
  return Math.floor((now - Date.parse(date)) / 86_400_000);
}

function stem(path: string): string {
  return (path.split("/").at(-1) ?? "").replace(/\.json$/, "");
}
