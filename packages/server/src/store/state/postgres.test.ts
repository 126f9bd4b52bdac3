import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { aFolder, eventually } from "../../testing/a-server.ts";
import { accountFor, installations } from "./installation.ts";
import { startPostgres } from "./postgres.ts";

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

test("makes its data at the first start, and keeps it", async (t) => {
  const folder = aFolder("postgres");
  t.after(() => folder.remove());
  const first = await startPostgres(join(folder.path, "state"));
  await query(first.url, "create table kept (n int); insert into kept values (7)");
  await first.close();
  const second = await startPostgres(join(folder.path, "state"));
  assert.deepEqual(await query(second.url, "select n from kept"), [{ n: 7 }]);
  const [{ fsync }] = (await query(second.url, "show fsync")) as [{ fsync: string }];
  assert.equal(fsync, "on");
  await second.close();
});

test("nobody gets in without the password, which only its owner can read", async (t) => {
  const folder = aFolder("postgres");
  t.after(() => folder.remove());
  const running = await startPostgres(join(folder.path, "state"));
  t.after(() => running.close());
  const wrong = new URL(running.url);
  wrong.password = "guessed";
  await assert.rejects(query(String(wrong), "select 1"), /password authentication failed/);
  const mode = execFileSync("stat", ["-c", "%a", join(folder.path, "state", "password")], { encoding: "utf8" });
  assert.equal(mode.trim(), "600");
});

const starter = `
import { startPostgres } from ${JSON.stringify(fileURLToPath(new URL("postgres.ts", import.meta.url)))};
const it = await startPostgres(process.argv[1]);
console.log(it.url);
setInterval(() => {}, 1000);`;

/** A process that starts PostgreSQL and is then killed. */
async function killedStarter(folder: string): Promise<string> {
  const child = spawn(process.execPath, ["--no-warnings", "--input-type=module-typescript", "-e", starter, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise<string>((found, failed) => {
    child.stdout.once("data", (it) => found(String(it).trim()));
    child.once("exit", () => failed(new Error("it ended too early")));
  });
  child.kill("SIGKILL");
  return url;
}

test("ends when its starter is killed, and is there again at once for the next one", async (t) => {
  const folder = aFolder("postgres");
  t.after(() => folder.remove());
  const data = join(folder.path, "state");
  await killedStarter(data);
  const next = await startPostgres(data);
  assert.deepEqual(await query(next.url, "select 1 as one"), [{ one: 1 }]);
  await next.close();

  await killedStarter(data);
  const gone = () => Promise.resolve(existsSync(join(data, "db", "postmaster.pid")));
  assert.equal(await eventually(gone, (it) => !it), false, "PostgreSQL outlived its starter");
});

test("a lock of a process that is something else by now does not stop it", async (t) => {
  const folder = aFolder("postgres");
  t.after(() => folder.remove());
  const data = join(folder.path, "state");
  await (await startPostgres(data)).close();
  // Process ids are used again: this one is ours, and no PostgreSQL.
  writeFileSync(join(data, "db", "postmaster.pid"), `${process.pid}\n${join(data, "db")}\n`);
  const again = await startPostgres(data);
  await again.close();
});

test("a start that was killed half way leaves nothing that the next one trips over", async (t) => {
  const folder = aFolder("postgres");
  t.after(() => folder.remove());
  mkdirSync(join(folder.path, "state", "db.making", "base"), { recursive: true });
  const it = await startPostgres(join(folder.path, "state"));
  await it.close();
});

test("finds npm's PostgreSQL without its install script, and writes nothing into the package", async (t) => {
  const folder = aFolder("links");
  t.after(() => folder.remove());
  const embedded = (await installations(folder.path)).find((it) => it.from === "embedded");
  if (!embedded) return t.skip("npm has no PostgreSQL for this platform");
  assert.ok(embedded.major >= 18);
  const said = execFileSync(join(embedded.bin, "postgres"), ["--version"], {
    env: { ...process.env, ...embedded.env },
    encoding: "utf8",
  });
  assert.match(said, /PostgreSQL/);
});

const notRoot = process.getuid?.() === 0 ? false : "only root changes its user";

test("as root it runs as somebody else, also where only root may pass", { skip: notRoot }, async (t) => {
  const folder = aFolder("closed");
  t.after(() => folder.remove());
  chmodSync(folder.path, 0o700);
  const account = await accountFor([folder.path]);
  assert.ok(account && account.prefix.length > 0, "a closed folder needs the right to pass");
  const running = await startPostgres(join(folder.path, "state"));
  t.after(() => running.close());
  const pid = readFileSync(join(folder.path, "state", "db", "postmaster.pid"), "utf8").split("\n")[0];
  assert.doesNotMatch(readFileSync(`/proc/${pid}/status`, "utf8"), /^Uid:\t0\t/m);
});
