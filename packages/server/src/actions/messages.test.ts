// Whoever is told outside: by webhook, Slack, mail and tickets; of one incident by a person, of many by the policy.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readPolicy } from "@outweigh/pipeline";
import { config, connectionsOf, type Connection, type Incident } from "@outweigh/schema";
import { pino } from "pino";
import { Changes } from "../changes.ts";
import { EvidenceLog } from "../evidence/log.ts";
import { listEvidence } from "../store/evidence.ts";
import { storeIncidents } from "../store/incidents.ts";
import { openState, type State } from "../store/state/state.ts";
import { aFolder } from "../testing/a-server.ts";
import { aMailServer, type MailServer } from "../testing/a-mail-server.ts";
import { aDatabaseUrl } from "../testing/engines.ts";
import {
  isSignedIn,
  json,
  outside,
  outsideSecret,
  type Outside,
  type Reply,
  type Request,
} from "../testing/outside.ts";
import { fieldIn, parseJson } from "../values.ts";
import type { Act } from "./action.ts";
import { lookAt } from "./drivers/check.ts";
import { outsideActs } from "./drivers/acts.ts";
import { incidentFacts, incidentMessage } from "./message.ts";
import { Notices } from "./notices.ts";

const folder = aFolder("messages");
let state: State;
let evidence: EvidenceLog;
let now = Date.UTC(2026, 10, 26);
let mail: MailServer;
let desk: Outside;
let connections: Connection[];
let env: Record<string, string>;
let acts: Act[];
/** Tickets of both desks, in the order they were opened. */
const tickets: { key: string; text: string }[] = [];
/** What Slack answers with. */
let slack: Reply = { status: 200, body: "ok", type: "text/plain" };

/** Slack, Jira of both kinds, GitHub's issues and a webhook, by their paths. */
function answer(request: Request): Reply {
  const { method, path, query, body } = request;
  if (path === `/services/${outsideSecret}`) return slack;
  if (!isSignedIn(request)) return json(401, { message: "who are you?" });
  if (path === "/hook") return { status: 204 };
  if (path === "/echo") return json(400, { message: `bad: ${String(request.headers.authorization)}` });
  if (method === "POST" && path === "/rest/api/2/issue") {
    tickets.push({ key: `SOC-${tickets.length + 1}`, text: body });
    return json(201, { id: "1", key: tickets.at(-1)?.key });
  }
  if (path === "/rest/api/2/search") {
    const mark = /"([^"]+)"/.exec(query.get("jql") ?? "")?.[1] ?? "no mark";
    return json(200, { issues: tickets.filter((it) => it.text.includes(mark)).map(({ key }) => ({ key })) });
  }
  if (path === "/rest/api/2/project/SOC") return json(200, { key: "SOC" });
  if (path.startsWith("/rest/api/2/issue/")) {
    const key = path.split("/").at(-1);
    return tickets.some((it) => it.key === key) ? json(200, { key }) : json(404, { errorMessages: ["none"] });
  }
  if (path === "/repos/acme/soc") return json(200, { has_issues: true });
  if (method === "POST" && path === "/repos/acme/soc/issues") {
    tickets.push({ key: String(tickets.length + 1), text: String(fieldIn(parseJson(body), "body")) });
    return json(201, { number: tickets.length });
  }
  if (path === "/repos/acme/soc/issues")
    return json(200, tickets.map((it) => ({ number: Number(it.key), body: it.text })).toReversed());
  const found = tickets.find((it) => path === `/repos/acme/soc/issues/${it.key}`);
  return found ? json(200, { number: Number(found.key) }) : json(404, { message: "Not Found" });
}

const incident = (id: string, over: Partial<Incident> = {}): Incident => ({
  id,
  title: "mallory took <!channel> atlas-70b",
  severity: "high",
  reason: "one principal read all of it",
  principals: ["mallory"],
  models: ["atlas-70b"],
  alerts: ["a"],
  firstAt: now,
  lastAt: now,
  ...over,
});

before(async () => {
  mail = await aMailServer();
  desk = await outside({ answer, forbidden: json(403, { message: "no" }) });
  env = { SECRET: outsideSecret, SLACK: `${desk.url}/services/${outsideSecret}` };
  const token = "${SECRET}";
  const configuration = config.parse({
    connections: [
      { name: "slack", kind: "slack", url: "${SLACK}" },
      {
        name: "mail",
        kind: "mail",
        host: "127.0.0.1",
        port: mail.port,
        tls: "none",
        from: "ow@acme.example",
        to: ["soc@acme.example"],
      },
      { name: "jira", kind: "jira", url: desk.url, token, project: "SOC" },
      { name: "issues", kind: "github-issues", url: desk.url, token, repository: "acme/soc" },
      {
        name: "desk",
        kind: "ticket",
        url: `${desk.url}/hook`,
        token,
        fields: { a: ["{severity}: {title}"], b: { c: "{link}", d: 1 } },
      },
    ],
    policy: {
      webhooks: [
        { name: "The pager", url: `${desk.url}/hook`, token },
        { name: "echo", url: `${desk.url}/echo`, token },
      ],
    },
  });
  connections = connectionsOf(configuration);
  state = await openState(join(folder.path, "state"), await aDatabaseUrl());
  evidence = await EvidenceLog.open(state.db, folder.path);
  acts = outsideActs({ db: state.db, connections, models: [], publicUrl: "https://outweigh.example", env });
  await state.db.transaction().execute((tx) => storeIncidents(tx, [incident("inc-1")], now));
});
after(async () => {
  await state.close();
  await mail.close();
  await desk.close();
  folder.remove();
});

function act(verb: string): Act {
  const found = acts.find((it) => it.verb === verb);
  assert.ok(found);
  return found;
}

async function planOf(verb: string, target: string) {
  const planned = await act(verb).preview(target, "inc-1");
  assert.ok(planned.ok, planned.ok ? "" : planned.refused);
  assert.equal(planned.plan.undoable, false);
  return planned.plan.plan;
}

const by = (action: string) => ({ action, by: "lee", reason: "look" });

test("a person notifies by each connection, which confirms it; what was said is nobody's link, mention or secret", async () => {
  for (const [i, target] of ["slack", "mail", "The pager"].entries()) {
    const record = await act("notify").apply(await planOf("notify", target), by(`action-${i}`));
    const seen = await act("notify").verify(record);
    assert.equal(seen.is, "done", seen.says);
    assert.doesNotMatch(JSON.stringify([record, seen]), new RegExp(outsideSecret));
    await assert.rejects(act("notify").undo(record, "lee"), /cannot be taken back/);
  }
  const text = String(fieldIn(parseJson(desk.asked[0]?.body ?? ""), "text"));
  assert.match(text, /^\[high\] INC-1: mallory took &lt;!channel&gt; atlas-70b\n/);
  assert.match(text, /https:\/\/outweigh\.example\/incidents\/inc-1$/);
  assert.match(mail.taken[0] ?? "", /^From: ow@acme\.example$/m);
  assert.match(mail.taken[0] ?? "", /^Message-ID: <action-1@acme\.example>$/m);
  assert.match(mail.taken[0] ?? "", /^Subject: \[high\] INC-1: mallory took <!channel> atlas-70b$/m);
});

test("a message that is refused, or of which nobody knows, is a failure in words, without the secret", async () => {
  const failure = async (target: string) =>
    act("notify")
      .apply(await planOf("notify", target), by("action-x"))
      .then(
        () => "taken",
        (error: unknown) => String(error),
      );
  slack = { status: 404, body: "channel_not_found", type: "text/plain" };
  assert.match(await failure("slack"), /slack answered 404: channel_not_found/);
  // As proxies say it, and as JSON may write it.
  slack = { status: 404, body: `no /services/${outsideSecret} here`, type: "text/plain" };
  assert.match(await failure("slack"), /answered 404: no \[secret\] here/);
  slack = { status: 404, body: `{"message":"no \\/services\\/\\u0068${outsideSecret.slice(1)}"}` };
  assert.match(await failure("slack"), /answered 404: no \[secret\]$/);
  slack = { status: 302, headers: { location: "http://127.0.0.1:1/" } };
  assert.match(await failure("slack"), /redirect \(302\), which is not followed/);
  slack = { status: 200, body: "ok", type: "text/plain" };
  assert.match(await failure("echo"), /echo answered 400: bad: Bearer \[secret\]$/, "nor is one that is sent back");
  env["SECRET"] = `${outsideSecret}\nx`;
  assert.match(await failure("echo"), /the secret of echo holds characters that no token has$/);
  env["SECRET"] = outsideSecret;
  mail.unknown.add("soc@acme.example");
  assert.match(await failure("mail"), /does not take the sender or an address/);
  mail.unknown.clear();
  mail.loseNext();
  assert.match(await failure("mail"), /whether it took the message is not known/);
  const missing = await outsideActs({ db: state.db, connections, models: [], publicUrl: undefined, env: {} })
    .find((it) => it.verb === "notify")
    ?.preview("slack", "inc-1");
  assert.ok(missing && !missing.ok && /environment has no SLACK/.test(missing.refused));
});

test("a ticket is opened in each system and found again, also when the answer to opening it was lost", async () => {
  for (const target of ["jira", "issues"]) {
    const plan = await planOf("open-ticket", target);
    const record = await act("open-ticket").apply(plan, by(`action-${target}-1`));
    assert.match((await act("open-ticket").verify(record)).says, /has (issue \d|SOC-\d)/);
    desk.loseNext();
    await assert.rejects(act("open-ticket").apply(plan, by(`action-${target}-2`)), { code: "ACTION_REFUSED" });
    assert.equal((await act("open-ticket").verify({ ...plan, action: `action-${target}-2` })).is, "done");
    assert.equal((await act("open-ticket").verify({ ...plan, action: `action-${target}-3` })).is, "not-done");
    await assert.rejects(act("open-ticket").undo(record, "lee"), /close it there/);
  }
  assert.match(
    tickets.at(-1)?.text ?? "",
    /^ {4}\[high\] INC-1: mallory took <!channel>/,
    "as code, it mentions nobody",
  );
  assert.match(tickets[0]?.text ?? "", /"description":"\{noformat\}\\n\[high\] INC-1/);
});

test("what is in doubt is told so in a message's first line, in its text and to programs", () => {
  const row = { ...incident("inc-9"), number: 9, status: "new" as const, createdAt: now, updatedAt: now };
  const doubt = "It rests on plain events alone: whoever can reach their sources could have written them";
  const { subject, text, json: told } = incidentMessage(incidentFacts({ ...row, doubt }, undefined));
  assert.equal(subject, "[high, in doubt] INC-9: mallory took <!channel> atlas-70b");
  assert.ok(text.startsWith(`${subject}\n`) && text.includes(`\n${doubt}\n`), text);
  assert.equal(fieldIn(told, "doubt"), doubt);
  assert.doesNotMatch(incidentMessage(incidentFacts(row, undefined)).text, /doubt/);
});

test("a ticket system of one's own gets the fields that the configuration says", async () => {
  const record = await act("open-ticket").apply(await planOf("open-ticket", "desk"), by("action-d"));
  assert.equal((await act("open-ticket").verify(record)).is, "done");
  const link = "https://outweigh.example/incidents/inc-1";
  const title = "high: [high] INC-1: mallory took <!channel> atlas-70b";
  assert.deepEqual(parseJson(desk.asked.at(-1)?.body ?? ""), { a: [title], b: { c: link, d: 1 } });
  assert.equal(desk.asked.at(-1)?.headers["idempotency-key"], "outweigh-action-d");
});

test("a look at each other side sends nothing and says what it saw", async () => {
  const [sent, opened] = [mail.taken.length, tickets.length];
  for (const it of connections.filter(({ name }) => name !== "echo")) {
    const seen = await lookAt(it, env);
    assert.ok(seen.ok, `${it.name}: ${seen.text}`);
    // Of what only takes messages nobody can tell whether it would: no tick.
    assert.equal(seen.unsure === true, ["slack", "webhook", "ticket"].includes(it.kind), it.name);
    assert.doesNotMatch(seen.text, new RegExp(outsideSecret));
  }
  assert.deepEqual([mail.taken.length, tickets.length], [sent, opened]);
});

function noticesWith(policy: string, silent: { name: string; from: number }[] = []): Notices {
  return new Notices({
    db: state.db,
    evidence,
    changes: new Changes(),
    policy: readPolicy(policy),
    connections,
    publicUrl: "https://outweigh.example",
    env,
    silent: () => silent,
    log: pino({ level: "silent" }),
    now: () => now,
  });
}

test("a flood of a thousand incidents is one message with a number; each is told once, and the rest waits its turn", async () => {
  const notices = noticesWith("- { when: { incident: { severity: high } }, tell: [mail], why: look }");
  const from = mail.taken.length;
  await notices.look();
  assert.equal(mail.taken.length, from, "what was there before is no news");
  now += 60_000;
  const flood = Array.from({ length: 1000 }, (_, i) => incident(`flood-${i}`));
  const low = incident("quiet", { severity: "low" });
  await state.db.transaction().execute((tx) => storeIncidents(tx, [...flood, low], now));
  await notices.look();
  await notices.look();
  assert.equal(mail.taken.length, from + 1);
  assert.match(mail.taken.at(-1) ?? "", /^Subject: Outweigh: 1000 new incidents$/m);
  assert.match(mail.taken.at(-1) ?? "", /^and 990 more$/m);
  await state.db
    .transaction()
    .execute((tx) => storeIncidents(tx, [incident("next"), { ...low, severity: "critical" }], now));
  await notices.look();
  assert.equal(mail.taken.length, from + 1, "not one a moment");
  now += 5 * 60_000;
  // Another server would not tell again what this one told.
  await noticesWith("- { when: { incident: { severity: high } }, tell: [mail], why: look }").look();
  assert.match(mail.taken.at(-1) ?? "", /^Subject: Outweigh: 2 new incidents$/m);
  const { items } = await listEvidence(state.db, { filter: "kind:notice-sent", limit: 9, now });
  assert.equal(items.length, 2);
});

test("each silence is told once, however long it lasts; a message that was not taken is told later, with what came meanwhile", async () => {
  const silent = [{ name: "hub", from: now }];
  const notices = noticesWith("- { when: { source: silent }, tell: [slack], why: blind }", silent);
  slack = { status: 503, body: "", type: "text/plain" };
  const from = desk.asked.length;
  await notices.look();
  assert.equal(notices.toldBy("slack")?.problem?.includes("503"), true);
  slack = { status: 200, body: "ok", type: "text/plain" };
  silent.push({ name: "proxy", from: now });
  now += 5 * 60_000;
  await notices.look();
  now += 5 * 60_000;
  await notices.look();
  assert.equal(desk.asked.length, from + 2);
  const text = String(fieldIn(parseJson(desk.asked.at(-1)?.body ?? ""), "text"));
  assert.match(text, /^Outweigh: 2 silent sources\nhub is silent since .*\nproxy is silent since /);
  assert.equal(notices.toldBy("slack")?.problem, undefined);
  now += 3 * 86_400_000;
  await notices.look();
  assert.equal(desk.asked.length, from + 2, "the same silence is no news");
  silent.splice(0, 2, { name: "hub", from: now - 1000 });
  await notices.look();
  assert.equal(desk.asked.length, from + 3, "another one is");
  now += 5 * 60_000;
  silent.splice(0, 1, { name: "hub", from: now - 1000 });
  await notices.look();
  assert.equal(desk.asked.length, from + 3, "unless it follows within the hour");
});

test("a policy that tells by nobody's connection is no policy", () => {
  assert.throws(() => noticesWith("- { when: { source: silent }, tell: [pager], why: x }"), {
    code: "CONNECTION_UNKNOWN",
  });
  assert.throws(() => noticesWith("- { when: { source: silent }, tell: [jira], why: x }"), {
    code: "CONNECTION_UNKNOWN",
  });
});
