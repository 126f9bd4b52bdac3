import type { ModelEntry } from "@outweigh/schema";
import type { ExportedFile } from "./file.ts";
import type { NotSeen } from "../../scan/not-seen.ts";
import { isRecord, recordOf, textOf, textsOf } from "../values.ts";
import { commandOf, withFix, type Ways } from "../way.ts";
import { decoded, isDenied, isForEverybody, isNarrowed, readsBelow, statementsOf } from "./policy.ts";
import { lineOf, pointerText } from "./json-line.ts";

/** What is known of one bucket, from several files. */
interface Bucket {
  readonly name: string;
  policy?: { readonly file: ExportedFile; readonly document: unknown; readonly pointer: readonly string[] };
  acl?: { readonly file: ExportedFile; readonly grants: readonly unknown[] };
  block?: Readonly<Record<string, unknown>>;
  /** Whether reads are logged by the store itself. */
  isLogged?: boolean;
}

const everybody = /\/global\/(?:AllUsers|AuthenticatedUsers)$/;

/**
 * Buckets that everybody may read. Needs `aws s3api get-bucket-policy`, `get-bucket-acl` and `get-public-access-block` of each bucket, as
 * they print them, in a folder named like the bucket; `get-bucket-logging` says whether reads are logged.
 * Blind spot: access points, lists of single objects, blocks of the whole account, policies that name another account.
 */
export class Buckets {
  readonly #known = new Map<string, Bucket>();

  take(file: ExportedFile): boolean {
    const { value } = file;
    if (!isRecord(value)) return false;
    const folder = file.path.split("/").at(-2);
    const text = textOf(value["Policy"]);
    const document = text === undefined ? value : decoded(text);
    const statements = statementsOf(document);
    const named = statements
      .flatMap((it) => textsOf(it.value["Resource"]))
      .map((it) => /^arn:aws[\w-]*:s3:::([^/*]+)/.exec(it)?.[1])
      .find((it) => it !== undefined);
    if (statements.some((it) => it.value["Principal"] !== undefined) && named !== undefined) {
      this.#of(named).policy = { file, document, pointer: text === undefined ? [] : ["Policy"] };
      return true;
    }
    if (folder === undefined) return false;
    if (Array.isArray(value["Grants"]) && value["Owner"] !== undefined) {
      this.#of(folder).acl = { file, grants: value["Grants"] };
      return true;
    }
    if (isRecord(value["PublicAccessBlockConfiguration"])) {
      this.#of(folder).block = value["PublicAccessBlockConfiguration"];
      return true;
    }
    if ("LoggingEnabled" in value) {
      this.#of(folder).isLogged = isRecord(value["LoggingEnabled"]);
      return true;
    }
    // What S3 answers where there is none.
    const code = textOf(recordOf(value["Error"])["Code"]);
    if (code === "NoSuchBucketPolicy") this.#of(folder).policy = { file, document: { Statement: [] }, pointer: [] };
    return code === "NoSuchBucketPolicy" || code === "NoSuchPublicAccessBlockConfiguration";
  }

  #of(name: string): Bucket {
    const known = this.#known.get(name) ?? { name };
    this.#known.set(name, known);
    return known;
  }

  find(register: readonly ModelEntry[], ways: Ways, notSeen: NotSeen): void {
    const places = register.flatMap((it) => it.places).filter((it) => it.startsWith("s3://"));
    const named = new Set(places.map((it) => it.slice("s3://".length).split("/")[0] ?? ""));
    for (const name of named) {
      const it = this.#known.get(name);
      const closed = it?.block?.["RestrictPublicBuckets"] === true && it.block["IgnorePublicAcls"] === true;
      if (!closed && (!it?.policy || !it.acl))
        ways.missed("bucket-public", `${it ? "not all" : "nothing"} of ${name} was exported: policy, access list`);
    }
    for (const it of this.#known.values()) {
      if (it.isLogged === false)
        notSeen.add("bucket", "its own logging of reads is off; data events of CloudTrail can stand in", it.name);
      policyWays(it, places, ways);
      aclWays(it, ways);
    }
  }
}

function policyWays({ name, policy, block }: Bucket, places: readonly string[], ways: Ways): void {
  if (!policy || block?.["RestrictPublicBuckets"] === true) return;
  const statements = statementsOf(policy.document);
  for (const place of places.filter((it) => it.startsWith(`s3://${name}/`) || it === `s3://${name}`)) {
    const address = place.slice("s3://".length);
    const open = statements.find(
      (it) => it.allows && isForEverybody(it.value) && !isNarrowed(it) && readsBelow(it, address),
    );
    if (!open || isDenied(statements, address, isForEverybody)) continue;
    const pointer = [...policy.pointer, ...(policy.pointer.length === 0 ? ["Statement", open.index] : [])];
    const line = lineOf(policy.file.text, pointer);
    const where = `${policy.file.path}${line === undefined ? "" : `:${line}`}#${pointerText([...policy.pointer, "Statement", open.index])}`;
    ways.add({
      kind: "bucket-public",
      steps: [
        {
          from: "anonymous internet client",
          to: "",
          how: `reads objects of ${name}: its policy lets everybody${open.conditions.length > 0 ? `, if ${open.conditions.join(", ")} holds` : ""}`,
          basis: open.conditions.length > 0 ? "inferred" : "verified",
          proof: `${where}${open.sid === undefined ? "" : ` (Sid ${open.sid.slice(0, 80)})`}: Effect Allow, Principal *`,
          effort: "hand",
        },
      ],
      reaches: { at: "place", place },
      ...withFix(blocking(name)),
    });
  }
}

function aclWays({ name, acl, block }: Bucket, ways: Ways): void {
  if (!acl || block?.["IgnorePublicAcls"] === true) return;
  for (const [i, it] of acl.grants.entries()) {
    const uri = textOf(recordOf(recordOf(it)["Grantee"])["URI"]);
    const permission = textOf(recordOf(it)["Permission"]);
    if (uri === undefined || !everybody.test(uri) || !/^(?:READ|FULL_CONTROL)$/.test(permission ?? "")) continue;
    const pointer = ["Grants", i];
    ways.add({
      kind: "bucket-public",
      steps: [
        {
          from: "anonymous internet client",
          to: "",
          how: `lists ${name}: its access list lets ${uri.endsWith("AllUsers") ? "everybody" : "everybody with any AWS account"}; objects made so are readable too`,
          basis: "inferred",
          proof: `${acl.file.path}:${lineOf(acl.file.text, pointer) ?? 1}#${pointerText(pointer)}: ${permission}`,
          effort: "hand",
        },
      ],
      reaches: { at: "place", place: `s3://${name}/` },
      ...withFix(blocking(name)),
    });
  }
}

function blocking(name: string): string | undefined {
  const all = "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true";
  return commandOf`aws s3api put-public-access-block --bucket ${name} --public-access-block-configuration ${all}`;
}
