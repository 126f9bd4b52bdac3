// Roles, users and policies of an AWS account, and when each used S3 last. Source: the IAM API reference, version 2010-05-08, and its
// "Query API": every action may be a GET. The S3 client that is there signs; no other client is needed.
import { setTimeout as pause } from "node:timers/promises";
import type { CloudEntry } from "@outweigh/schema";
import { parseJson } from "../values.ts";
import { Asker } from "./ask.ts";
import { secretOf, type AnsweredFile, type CloudTask } from "./clouds.ts";
import { maxPages, maxPrincipals, maxReportLooks, pageItems, reportPauseMs } from "./limits.ts";
import { mayRead, type Account, type AccountPrincipal } from "./may-read.ts";
import { readXml, type XmlValue } from "./xml.ts";

type IamCloud = Extract<CloudEntry, { kind: "iam" }>;
type Values = Readonly<Record<string, XmlValue>>;

/** As `aws iam` prints the answers. A list that broke off is left out whole; who was not asked of is not in the files. */
export async function accountFiles(cloud: IamCloud, task: CloudTask): Promise<AnsweredFile[]> {
  const places = task.register.flatMap((it) => it.places).filter((it) => it.startsWith("s3://"));
  if (places.length === 0) return [];
  const { S3Client } = await import("@aws-sdk/client-s3");
  const client = new S3Client({ region: cloud.region, ...credentialsOf(cloud, task.env) });
  try {
    const { name, endpoint: base, region } = cloud;
    const { asked, signal } = task;
    const headers = (url: URL) => signed(client, url, region);
    return await filesOf(name, new Iam(new Asker({ cloud: name, base, headers, asked, signal }), signal), places);
  } finally {
    client.destroy();
  }
}

function credentialsOf({ accessKeyId, secretAccessKey, sessionToken }: IamCloud, env: CloudTask["env"]) {
  if (accessKeyId === undefined || secretAccessKey === undefined) return {};
  return {
    credentials: {
      accessKeyId: secretOf(accessKeyId, env),
      secretAccessKey: secretOf(secretAccessKey, env),
      ...(sessionToken !== undefined && { sessionToken: secretOf(sessionToken, env) }),
    },
  };
}

async function signed(
  client: InstanceType<typeof import("@aws-sdk/client-s3").S3Client>,
  url: URL,
  signingRegion: string,
): Promise<Readonly<Record<string, string>>> {
  const signer = await client.config.signer({ name: "sigv4", signingName: "iam", signingRegion, properties: {} });
  const { headers } = await signer.sign({
    method: "GET",
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { host: url.host },
  });
  return headers;
}

async function filesOf(cloud: string, iam: Iam, places: readonly string[]): Promise<AnsweredFile[]> {
  const account = await iam.account();
  if (!account) return [];
  const file = (path: string, value: unknown) => ({
    path: `${cloud}/iam/${path}.json`,
    text: JSON.stringify(value, undefined, 1),
  });
  const found = mayRead(account, places).slice(0, maxPrincipals);
  const reports = new Map<AccountPrincipal, string>();
  for (const it of found) {
    const job = await iam.one("GenerateServiceLastAccessedDetails", { Arn: it.arn, Granularity: "SERVICE_LEVEL" });
    const id = textOf(job?.["JobId"]);
    if (id !== undefined) reports.set(it, id);
  }
  const files = [file("account", account)];
  for (const { kind, name } of found) if (kind === "user") files.push(...(await keyFiles(iam, name, file)));
  for (const [{ kind, name }, id] of reports) {
    const services = await iam.lastAccessed(id);
    if (services) files.push(file(`${kind}/${name}`, { ServicesLastAccessed: services }));
  }
  return files;
}

async function keyFiles(
  iam: Iam,
  user: string,
  file: (path: string, value: unknown) => AnsweredFile,
): Promise<AnsweredFile[]> {
  const keys = await iam.all("ListAccessKeys", { UserName: user }, "AccessKeyMetadata");
  if (!keys) return [];
  const files = [file(`keys/${user}`, { AccessKeyMetadata: keys })];
  for (const it of keys) {
    const id = textOf(recordOf(it)["AccessKeyId"]) ?? "";
    if (!/^\w{16,128}$/.test(id)) continue;
    const used = await iam.one("GetAccessKeyLastUsed", { AccessKeyId: id });
    if (used) files.push(file(`keys/${id}`, { ...used, AccessKeyLastUsed: recordOf(used["AccessKeyLastUsed"]) }));
  }
  return files;
}

/** The few actions that are asked. Each answers undefined where there is no answer, or none that can be read. */
class Iam {
  readonly #ask: Asker;
  readonly #signal: AbortSignal;

  constructor(ask: Asker, signal: AbortSignal) {
    this.#ask = ask;
    this.#signal = signal;
  }

  async one(action: string, parameters: Readonly<Record<string, string>>): Promise<Values | undefined> {
    const query = new URLSearchParams({ Action: action, Version: "2010-05-08", ...parameters });
    // RFC 3986: a plus sign is signed as one.
    const answer = await this.#ask.get(`?${query}`.replaceAll("+", "%20"));
    const xml = "text" in answer ? readXml(answer.text) : undefined;
    if (xml?.name !== `${action}Response`) return undefined;
    const result = recordOf(xml.value)[`${action}Result`];
    return result === undefined ? undefined : recordOf(result);
  }

  /** Every page of one answer, whole or not at all. */
  async #pages(action: string, parameters: Readonly<Record<string, string>>): Promise<Values[] | undefined> {
    const found: Values[] = [];
    let marker = "";
    for (let i = 0; i < maxPages; i++) {
      const more = { MaxItems: String(pageItems), ...(marker !== "" && { Marker: marker }) };
      const page = await this.one(action, { ...parameters, ...more });
      if (!page) return undefined;
      found.push(page);
      if (page["IsTruncated"] !== "true") return found;
      marker = textOf(page["Marker"]) ?? "";
      if (marker === "") return undefined;
    }
    return undefined;
  }

  async all(action: string, parameters: Readonly<Record<string, string>>, list: string) {
    const pages = await this.#pages(action, parameters);
    return pages?.flatMap((it) => listOf(it[list]));
  }

  async account(): Promise<Account | undefined> {
    const pages = await this.#pages("GetAccountAuthorizationDetails", {});
    if (!pages) return undefined;
    const all = (list: string) => pages.flatMap((it) => listOf(it[list])).map(readable);
    return {
      UserDetailList: all("UserDetailList"),
      GroupDetailList: all("GroupDetailList"),
      RoleDetailList: all("RoleDetailList"),
      Policies: all("Policies"),
    };
  }

  async lastAccessed(job: string): Promise<readonly XmlValue[] | undefined> {
    for (let i = 0; i < maxReportLooks; i++) {
      const pages = await this.#pages("GetServiceLastAccessedDetails", { JobId: job });
      const state = pages?.[0]?.["JobStatus"];
      if (state === "COMPLETED") return pages?.flatMap((it) => listOf(it["ServicesLastAccessed"]));
      if (state !== "IN_PROGRESS") return undefined;
      await pause(reportPauseMs, undefined, { signal: this.#signal });
    }
    return undefined;
  }
}

/** Lists of an answer, by name: an empty one looks like an empty text. */
const lists =
  /^(?:\w+PolicyList|AttachedManagedPolicies|GroupList|InstanceProfileList|Roles|Tags|PolicyVersionList|Policies)$/;
const documents = /^(?:PolicyDocument|Document|AssumeRolePolicyDocument)$/;

/** As `aws iam` prints it: policies as objects, truth as truth, empty lists as lists. */
function readable(value: XmlValue): unknown {
  if (typeof value === "string") return value;
  if (isList(value)) return value.map(readable);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== "Tags")
      .map(([name, it]) => {
        if (lists.test(name)) return [name, listOf(it).map(readable)];
        if (name === "RoleLastUsed") return [name, recordOf(it)];
        if (typeof it !== "string") return [name, readable(it)];
        if (documents.test(name)) return [name, parseJson(unescaped(it)) ?? it];
        return [name, it === "true" ? true : it === "false" ? false : it];
      }),
  );
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isList(value: XmlValue): value is readonly XmlValue[] {
  return Array.isArray(value);
}

function listOf(value: XmlValue | undefined): readonly XmlValue[] {
  return value !== undefined && isList(value) ? value : [];
}

function recordOf(value: XmlValue | undefined): Values {
  return typeof value === "object" && !isList(value) ? value : {};
}

function textOf(value: XmlValue | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
