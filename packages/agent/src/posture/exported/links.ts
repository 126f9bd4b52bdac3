// Signed links, decoded without asking anybody: what they open, what they allow, until when. The signature is never kept.
import type { ExportedFile } from "./file.ts";
import { maxLinkLine, maxLinksPerFile } from "../limits.ts";
import { commandOf, withFix, type Ways } from "../way.ts";
import { unescaped } from "../values.ts";

interface SignedLink {
  readonly kind: "S3" | "Azure" | "Google Cloud";
  /** The place it opens. */
  readonly place: string;
  /** "read one object", "read and list the whole account". */
  readonly scope: string;
  /** In ms; undefined where the link does not say it. */
  readonly expiresAt: number | undefined;
  /** The key that signed, as far as it is no secret. */
  readonly signer: string | undefined;
}

/** An address up to what cannot be part of one. Not unbounded: lines may be long. */
const address = /https:\/\/[^\s"'<>`\\)\]}]{10,4096}/g;

/** Decodes one; undefined for an address without a signature that we know. Never holds the signature. */
export function readLink(text: string): SignedLink | undefined {
  let url: URL;
  try {
    url = new URL(text.replaceAll("&amp;", "&"));
  } catch {
    return undefined;
  }
  const query = new Map([...url.searchParams].map(([name, value]) => [name.toLowerCase(), value]));
  if (query.has("x-amz-signature") || (query.has("awsaccesskeyid") && query.has("signature"))) return s3(url, query);
  if (query.has("sig") && query.has("se") && query.has("sp")) return azure(url, query);
  if (query.has("x-goog-signature") || (query.has("googleaccessid") && query.has("signature")))
    return google(url, query);
  return undefined;
}

type Query = ReadonlyMap<string, string>;

/** Source: AWS's documentation of Signature Version 4 in the query, and of its predecessor. */
function s3(url: URL, query: Query): SignedLink {
  const host = /^(?:(.+)\.)?s3[.-]/.exec(url.hostname)?.[1];
  const path = unescaped(url.pathname).replace(/^\/+/, "");
  const place = `s3://${host === undefined ? path : `${host}/${path}`}`;
  const expiresAt = query.has("x-amz-date")
    ? endOf(query.get("x-amz-date"), query.get("x-amz-expires"))
    : seconds(query.get("expires"));
  const signer = (query.get("x-amz-credential")?.split("/")[0] ?? query.get("awsaccesskeyid"))?.slice(0, 64);
  return { kind: "S3", place, scope: "read one object", expiresAt, signer };
}

/** Source: Microsoft's documentation of account, service and user delegation SAS. */
function azure(url: URL, query: Query): SignedLink {
  const account = url.hostname.split(".")[0] ?? "";
  const path = unescaped(url.pathname).replace(/^\/+/, "");
  const whole = query.has("srt");
  const resource = query.get("sr");
  const what = whole
    ? "the whole account"
    : resource === "c"
      ? "a whole container"
      : resource === "d"
        ? "a whole folder"
        : "one object";
  const rights = query.get("sp") ?? "";
  const names: Readonly<Record<string, string>> = {
    r: "read",
    w: "write",
    d: "delete",
    l: "list",
    a: "add",
    c: "create",
  };
  const said = [...rights]
    .flatMap((it) => names[it] ?? [])
    .slice(0, 6)
    .join(", ");
  const time = Date.parse(query.get("se") ?? "");
  const container = path.split("/")[0] ?? "";
  const place = whole
    ? `az://${account}/`
    : resource === "c"
      ? `az://${account}/${container}/`
      : `az://${account}/${path}`;
  return {
    kind: "Azure",
    place,
    scope: `${said || "nothing we know"} on ${what}`,
    expiresAt: Number.isNaN(time) ? undefined : time,
    signer: query.has("skoid") ? "a user delegation key" : `a key of ${account.slice(0, 64)}`,
  };
}

/** Source: Google's documentation of V4 and V2 signed URLs. */
function google(url: URL, query: Query): SignedLink {
  const bucket = /^(.+)\.storage\.googleapis\.com$/.exec(url.hostname)?.[1];
  const path = unescaped(url.pathname).replace(/^\/+/, "");
  const expiresAt = query.has("x-goog-date")
    ? endOf(query.get("x-goog-date"), query.get("x-goog-expires"))
    : seconds(query.get("expires"));
  const signer = (query.get("x-goog-credential")?.split("/")[0] ?? query.get("googleaccessid"))?.slice(0, 128);
  return {
    kind: "Google Cloud",
    place: `gs://${bucket === undefined ? path : `${bucket}/${path}`}`,
    scope: "read one object",
    expiresAt,
    signer,
  };
}

/** `20261124T090000Z` and a number of seconds. */
function endOf(start: string | undefined, lasts: string | undefined): number | undefined {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(start ?? "") ?? [];
  if (year === undefined || !/^\d{1,9}$/.test(lasts ?? "")) return undefined;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) + Number(lasts) * 1000;
}

function seconds(text: string | undefined): number | undefined {
  return /^\d{1,11}$/.test(text ?? "") ? Number(text) * 1000 : undefined;
}

/** Adds a way for each link of a text that still works. @returns how many links there were. */
export function findLinks({ path, text }: Pick<ExportedFile, "path" | "text">, ways: Ways, now: number): number {
  let count = 0;
  for (const [i, line] of text.split("\n").entries()) {
    if (!line.includes("https://")) continue;
    if (line.length > maxLinkLine) {
      ways.missed("signed-link", `${path}:${i + 1} is longer than is searched`);
      continue;
    }
    for (const [found] of line.matchAll(address)) {
      const link = readLink(found);
      if (!link) continue;
      if (++count > maxLinksPerFile) {
        ways.missed("signed-link", `${path}: more than ${maxLinksPerFile} links`);
        return count;
      }
      if (link.expiresAt === undefined || link.expiresAt > now) linkWay(link, `${path}:${i + 1}`, ways);
    }
  }
  return count;
}

function linkWay({ kind, place, scope, expiresAt, signer }: SignedLink, where: string, ways: Ways): void {
  const until =
    expiresAt === undefined
      ? "without an end that it tells"
      : `until ${new Date(Math.min(expiresAt, 8.64e15)).toISOString().slice(0, 10)}`;
  ways.add({
    kind: "signed-link",
    steps: [
      {
        from: `anyone who reads ${where.replace(/:\d+$/, "")}`,
        to: `a signed link of ${kind}`,
        how: "reads the link",
        basis: "verified",
        proof: `${where}: ${scope}, ${until}, signed by ${signer ?? "a key not told"}`,
        effort: "look",
      },
      {
        from: `a signed link of ${kind}`,
        to: "",
        how: `opens it without an account, ${until}, unless its key was revoked`,
        basis: "inferred",
        effort: "hand",
      },
    ],
    reaches: { at: "place", place },
    ...withFix(revoking(kind, signer, place)),
  });
}

function revoking(kind: SignedLink["kind"], signer: string | undefined, place: string): string | undefined {
  if (kind === "S3" && signer?.startsWith("AKIA"))
    return commandOf`aws iam update-access-key --access-key-id ${signer} --status Inactive`;
  const account = place.slice("az://".length).split("/")[0] ?? "";
  if (kind === "Azure") return commandOf`az storage account keys renew --account-name ${account} --key key1`;
  return undefined;
}
