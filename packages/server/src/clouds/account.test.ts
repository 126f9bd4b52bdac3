// Roles and users asked for live: what is asked, that it is signed, and that granted against used comes of it.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { scan } from "@outweigh/agent";
import { cloudEntry, modelEntry, type ScanReport } from "@outweigh/schema";
import { aFolder } from "../testing/a-server.ts";
import { account, playAccount } from "../testing/an-iam.ts";
import { askClouds } from "./clouds.ts";
import { mayRead } from "./may-read.ts";

const register = [
  modelEntry.parse({
    name: "acme",
    class: "private",
    places: ["s3://acme-models/acme/"],
    readers: ["arn:aws:iam::1:role/serve"],
  }),
];
const env = { KEY: account.keyId, SECRET: account.secret, SESSION: account.session };
const dayMs = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * dayMs).toISOString();

const members = (...list: string[]) => list.map((it) => `<member>${it}</member>`).join("");
const document = (...Statement: object[]) => encodeURIComponent(JSON.stringify({ Version: "2012-10-17", Statement }));
const reads = { Sid: "Weights", Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::acme-models/*" };
const logs = { Sid: "Logs", Effect: "Allow", Action: "logs:*", Resource: "*" };

const role = (name: string, last: string, ...statements: object[]) =>
  `<Path>/</Path><RoleName>${name}</RoleName><Arn>arn:aws:iam::1:role/${name}</Arn><CreateDate>${daysAgo(800)}</CreateDate>` +
  `<RolePolicyList>${members(`<PolicyName>own</PolicyName><PolicyDocument>${document(...statements)}</PolicyDocument>`)}</RolePolicyList>` +
  `<AttachedManagedPolicies/><Tags/><RoleLastUsed>${last}</RoleLastUsed>`;
const eve =
  `<UserName>eve</UserName><Arn>arn:aws:iam::1:user/eve</Arn><CreateDate>${daysAgo(800)}</CreateDate>` +
  `<GroupList><member>research</member></GroupList><AttachedManagedPolicies/>`;
const research =
  `<GroupName>research</GroupName><Arn>arn:aws:iam::1:group/research</Arn><GroupPolicyList/>` +
  `<AttachedManagedPolicies>${members("<PolicyName>weights</PolicyName><PolicyArn>arn:aws:iam::1:policy/weights</PolicyArn>")}</AttachedManagedPolicies>`;
const weights =
  `<PolicyName>weights</PolicyName><Arn>arn:aws:iam::1:policy/weights</Arn><PolicyVersionList>` +
  members(
    `<Document>${document(logs)}</Document><IsDefaultVersion>false</IsDefaultVersion>`,
    `<Document>${document(reads)}</Document><IsDefaultVersion>true</IsDefaultVersion>`,
  ) +
  `</PolicyVersionList>`;

/** Two pages, a report that takes its time, a key that nobody uses. */
function answers() {
  let looks = 0;
  const used = (name: string) => `<LastUsedDate>${name}</LastUsedDate><Region>eu-central-1</Region>`;
  const service = (last: string) =>
    `<JobStatus>COMPLETED</JobStatus><JobCreationDate>${daysAgo(0)}</JobCreationDate><IsTruncated>false</IsTruncated>` +
    `<ServicesLastAccessed>${members("<ServiceName>AWS IAM</ServiceName><ServiceNamespace>iam</ServiceNamespace>", `<ServiceName>Amazon S3</ServiceName><ServiceNamespace>s3</ServiceNamespace>${last}`)}</ServicesLastAccessed>`;
  return (action: string, parameters: URLSearchParams): string | undefined => {
    const arn = parameters.get("Arn") ?? "";
    const job = parameters.get("JobId");
    switch (action) {
      case "GetAccountAuthorizationDetails":
        return parameters.get("Marker") === "page 2/+="
          ? `<IsTruncated>false</IsTruncated><UserDetailList>${members(eve)}</UserDetailList><GroupDetailList>${members(research)}</GroupDetailList><RoleDetailList/><Policies>${members(weights)}</Policies>`
          : `<IsTruncated>true</IsTruncated><Marker>page 2/+=</Marker><UserDetailList/><GroupDetailList/><Policies/><RoleDetailList>${members(
              role("serve", used(daysAgo(0)), reads),
              role("analytics", used(daysAgo(1)), logs, reads),
              role("watcher", used(daysAgo(1)), logs),
            )}</RoleDetailList>`;
      case "GenerateServiceLastAccessedDetails":
        return `<JobId>job-${arn.split("/").at(-1)}</JobId>`;
      case "GetServiceLastAccessedDetails":
        if (job === "job-analytics" && looks++ === 0) return `<JobStatus>IN_PROGRESS</JobStatus>`;
        return job === "job-analytics" ? service("") : service(`<LastAuthenticated>${daysAgo(3)}</LastAuthenticated>`);
      case "ListAccessKeys":
        return `<IsTruncated>false</IsTruncated><AccessKeyMetadata>${members(
          `<UserName>eve</UserName><AccessKeyId>KEYOFEVE0000000000001</AccessKeyId><Status>Active</Status><CreateDate>${daysAgo(700)}</CreateDate>`,
          `<UserName>eve</UserName><AccessKeyId>KEYOFEVE0000000000002</AccessKeyId><Status>Active</Status><CreateDate>${daysAgo(700)}</CreateDate>`,
        )}</AccessKeyMetadata>`;
      case "GetAccessKeyLastUsed":
        return `<UserName>eve</UserName><AccessKeyLastUsed><ServiceName>s3</ServiceName>${
          parameters.get("AccessKeyId")?.endsWith("1") === true ? used(daysAgo(3)) : used(daysAgo(200))
        }</AccessKeyLastUsed>`;
    }
    return undefined;
  };
}

const iam = (endpoint: string) => ({
  kind: "iam",
  name: "aws",
  endpoint,
  accessKeyId: "${KEY}",
  secretAccessKey: "${SECRET}",
  sessionToken: "${SESSION}",
});

const ask = (url: string, over: Partial<typeof env> = {}, models = register) =>
  askClouds({
    clouds: [cloudEntry.parse(iam(url))],
    register: models,
    env: { ...env, ...over },
    signal: AbortSignal.timeout(120_000),
  });

async function pathsOf(t: TestContext, more: readonly { path: string; text: string }[]): Promise<ScanReport> {
  const folder = aFolder("account");
  t.after(folder.remove);
  for (const it of ["nothing", "machine/etc", "machine/proc/net", "machine/proc/self"])
    mkdirSync(join(folder.path, it), { recursive: true });
  const at = (name: string) => join(folder.path, name);
  return scan({ roots: [at("nothing")], register, machine: at("machine"), posture: { more } });
}

test("who may read and did not is told by the line to remove; who did is told too, and a key that nobody uses", async (t) => {
  const heard: string[] = [];
  const played = await playAccount({ answer: answers(), heard });
  t.after(() => played.close());
  const { files, asked } = await ask(played.url);
  assert.deepEqual(heard, [
    "GET GetAccountAuthorizationDetails",
    "GET GetAccountAuthorizationDetails Marker=page 2/+=",
    "GET GenerateServiceLastAccessedDetails Arn=arn:aws:iam::1:role/serve Granularity=SERVICE_LEVEL",
    "GET GenerateServiceLastAccessedDetails Arn=arn:aws:iam::1:role/analytics Granularity=SERVICE_LEVEL",
    "GET GenerateServiceLastAccessedDetails Arn=arn:aws:iam::1:user/eve Granularity=SERVICE_LEVEL",
    "GET ListAccessKeys UserName=eve",
    "GET GetAccessKeyLastUsed AccessKeyId=KEYOFEVE0000000000001",
    "GET GetAccessKeyLastUsed AccessKeyId=KEYOFEVE0000000000002",
    "GET GetServiceLastAccessedDetails JobId=job-serve",
    "GET GetServiceLastAccessedDetails JobId=job-analytics",
    "GET GetServiceLastAccessedDetails JobId=job-analytics",
    "GET GetServiceLastAccessedDetails JobId=job-eve",
  ]);
  assert.equal(asked.length, heard.length, "all that is asked is told");
  assert.ok(asked.every((it) => it.status === 200 && it.problem === undefined));
  assert.doesNotMatch(JSON.stringify({ files, asked }), /s3cr3t-value|sess10n-value/);

  const { paths, looked } = await pathsOf(t, files);
  assert.deepEqual(paths.map((it) => [it.kind, it.steps[0]?.from, it.steps[0]?.how, it.fix]).sort(), [
    [
      "iam-grant",
      "IAM user eve",
      "may read objects through group research",
      "aws iam detach-group-policy --group-name research --policy-arn arn:aws:iam::1:policy/weights",
    ],
    [
      "iam-unused",
      "IAM role analytics",
      "may read objects, and never used S3 in the time that AWS keeps",
      "aws iam get-role-policy --role-name analytics --policy-name own --query PolicyDocument | jq 'del(.Statement[1])' | aws iam put-role-policy --role-name analytics --policy-name own --policy-document file:///dev/stdin",
    ],
    [
      "iam-unused",
      "access key KEYOFEVE0000000000002 of IAM user eve",
      "is an active key of a user that may read objects, and was not used for 200 days",
      "aws iam update-access-key --user-name eve --access-key-id KEYOFEVE0000000000002 --status Inactive",
    ],
  ]);
  const proof = paths.find((it) => it.steps[0]?.from === "IAM role analytics")?.steps[0]?.proof ?? "";
  assert.match(
    proof,
    /^remove aws\/iam\/account\.json:\d+#\/RoleDetailList\/1\/RolePolicyList\/0\/PolicyDocument\/Statement\/1 \(Sid Weights\): Allow s3:GetObject in own: \{"Sid":"Weights"/,
  );
  assert.deepEqual(
    looked?.filter((it) => it.kind.startsWith("iam-")),
    [
      { kind: "iam-grant", complete: true },
      { kind: "iam-unused", complete: true },
    ],
  );
});

test("the policy of the guide lets exactly what is asked", async (t) => {
  const guide = readFileSync(join(import.meta.dirname, "../../../../docs/guide/posture.md"), "utf8");
  const [, text = "{}"] = /```json\n(\{[^`]*"iam:[^`]*\})\n```/.exec(guide) ?? [];
  const allowed: unknown = JSON.parse(text);
  const heard: string[] = [];
  const played = await playAccount({ answer: answers(), heard });
  t.after(() => played.close());
  await ask(played.url);
  const asked = [...new Set(heard.map((it) => `iam:${it.split(" ")[1] ?? ""}`))].sort();
  const Statement = [{ Sid: "OutweighPosture", Effect: "Allow", Action: asked, Resource: "*" }];
  assert.deepEqual(allowed, { Version: "2012-10-17", Statement });
});

test("what is refused counts neither as closed nor as unused", async (t) => {
  const known = answers();
  const answer = (action: string, parameters: URLSearchParams) =>
    action === "GenerateServiceLastAccessedDetails" ? undefined : known(action, parameters);
  const played = await playAccount({ answer, heard: [] });
  t.after(() => played.close());
  const { paths, looked } = await pathsOf(t, (await ask(played.url)).files);
  assert.ok(paths.some((it) => it.kind === "iam-grant" && it.steps[0]?.from === "IAM role analytics"));
  assert.equal(looked?.find((it) => it.kind === "iam-unused")?.complete, false);

  const unsigned = await ask(played.url, { SECRET: "another" });
  assert.deepEqual(unsigned.files, []);
  assert.deepEqual(
    unsigned.asked.map((it) => it.problem),
    ["it answers 403"],
  );
  const { looked: blind } = await pathsOf(t, []);
  assert.equal(blind?.find((it) => it.kind === "iam-grant")?.complete, false);
});

test("an answer that breaks off, never ends or is none is no answer", async (t) => {
  let pages = 0;
  const strange: Readonly<Record<string, () => string>> = {
    endless: () => `<IsTruncated>true</IsTruncated><Marker>${++pages}</Marker><RoleDetailList/>`,
    markerless: () => "<IsTruncated>true</IsTruncated><RoleDetailList/>",
    none: () => "<oops",
  };
  for (const [name, answer] of Object.entries(strange)) {
    const played = await playAccount({ answer, heard: [] });
    t.after(() => played.close());
    assert.deepEqual((await ask(played.url)).files, [], name);
  }
  assert.equal(pages, 40);
});

test("an account is not asked at all where no model lies in S3, nor in the clear elsewhere", async (t) => {
  const heard: string[] = [];
  const played = await playAccount({ answer: answers(), heard });
  t.after(() => played.close());
  await ask(played.url, {}, [modelEntry.parse({ name: "m", class: "private", places: ["hf:acme/m"] })]);
  assert.deepEqual(heard, []);
  for (const over of [{ endpoint: "http://iam.example" }, { accessKeyId: undefined }, { secretAccessKey: "plain" }])
    assert.ok(!cloudEntry.safeParse({ ...iam(played.url), ...over }).success, JSON.stringify(over));
});

test("who cannot read by any policy is not asked of; what cannot be read may let anything", () => {
  const held = (PolicyDocument: unknown) => [{ PolicyName: "p", PolicyDocument }];
  const a = (name: string, RolePolicyList: unknown, AttachedManagedPolicies: unknown = []) => ({
    RoleName: name,
    Arn: `arn:aws:iam::1:role/${name}`,
    RolePolicyList,
    AttachedManagedPolicies,
  });
  const one = (over: object) => held({ Statement: { ...reads, ...over } });
  const RoleDetailList = [
    a("reads", one({})),
    a("any", one({ Action: "*", Resource: "*" })),
    a("china", one({ Resource: "arn:aws-cn:s3:::acme-mod?ls/*" })),
    a("inverse", one({ Action: undefined, NotAction: "iam:*" })),
    a("unreadable", held("{")),
    a("managed", [], [{ PolicyArn: "arn:aws:iam::aws:policy/Unknown" }]),
    a("logs", one({ Action: "logs:*", Resource: "*" })),
    a("denied", one({ Effect: "Deny" })),
    a("elsewhere", one({ Resource: ["arn:aws:s3:::logs/*"] })),
    a("../../etc", one({})),
    "no role",
  ];
  const found = mayRead({ RoleDetailList, UserDetailList: [{}], GroupDetailList: [null], Policies: [1] }, [
    "s3://acme-models/acme/",
  ]);
  assert.deepEqual(
    found.map((it) => it.name),
    ["reads", "any", "china", "inverse", "unreadable", "managed"],
  );
});
