// Engines elsewhere over TLS: whom we trust, and that nothing is sent to whom we do not.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { sql } from "kysely";
import { aClickHouse, noClickHouse } from "../testing/a-clickhouse.ts";
import { aPostgres, systemPostgres } from "../testing/a-postgres.ts";
import { aFolder } from "../testing/a-server.ts";
import { connectEngine } from "./engine/elsewhere.ts";
import { prepareEvents } from "./event-tables.ts";
import { openState } from "./state/state.ts";

const noOpenssl =
  spawnSync("openssl", ["version"]).status === 0 ? undefined : "there is no openssl to make certificates";

/** A key, and a certificate that it signed itself, for this machine. */
function aCertificate(folder: string): { key: string; certificate: string } {
  mkdirSync(folder, { recursive: true });
  const [key, certificate] = [join(folder, "tls.key"), join(folder, "tls.crt")];
  const names = "subjectAltName=IP:127.0.0.1";
  const made = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", "-addext", names];
  execFileSync("openssl", ["req", ...made, "-keyout", key, "-out", certificate], { stdio: "ignore" });
  return { key, certificate };
}

test("DATABASE_URL with sslmode is served over TLS by a server that it trusts, and by no other", async (t) => {
  const folder = aFolder("tls");
  t.after(() => folder.remove());
  const none = (await systemPostgres(folder.path)) ? undefined : "there is no PostgreSQL on this machine but npm's";
  if (noOpenssl ?? none) return t.skip(noOpenssl ?? none);
  const own = join(folder.path, "postgres");
  const { key, certificate } = aCertificate(own);
  const postgres = await aPostgres(own, { ssl: "on", ssl_cert_file: certificate, ssl_key_file: key });
  t.after(() => postgres.stop());
  const state = await openState("", `${postgres.url}?sslmode=verify-full&sslrootcert=${certificate}`);
  const { rows } = await sql<{ ssl: boolean }>`select ssl from pg_stat_ssl where pid = pg_backend_pid()`.execute(
    state.db,
  );
  await state.close();
  assert.deepEqual(rows, [{ ssl: true }]);
  for (const mode of ["verify-full", "require"]) {
    const opening = openState("", `${postgres.url}?sslmode=${mode}`);
    await assert.rejects(opening, { code: "STATE_UNAVAILABLE", message: /self-signed certificate/ }, mode);
  }
});

test(
  "CLICKHOUSE_URL by https trusts whom Node trusts, and nobody else",
  { skip: noClickHouse ?? noOpenssl ?? false },
  async (t) => {
    const folder = aFolder("tls");
    t.after(() => folder.remove());
    const { key, certificate } = aCertificate(folder.path);
    const clickhouse = await aClickHouse(join(folder.path, "clickhouse"));
    t.after(() => clickhouse.stop());
    const { url: plain } = await clickhouse.hand();
    let asked = 0;
    const front = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (incoming, answer) => {
      asked++;
      const { method, url, headers } = incoming;
      const passed = request(new URL(url ?? "/", new URL(plain).origin), { method, headers }, (it) => {
        answer.writeHead(it.statusCode ?? 500, it.headers);
        it.pipe(answer);
      });
      incoming.pipe(passed);
    });
    await new Promise<void>((done) => front.listen(0, "127.0.0.1", done));
    t.after(() => front.close());
    const url = new URL(plain);
    url.protocol = "https:";
    url.port = String((front.address() as AddressInfo).port);
    await assert.rejects(connectEngine({ url: String(url) }), {
      code: "EVENTS_UNAVAILABLE",
      message: /^CLICKHOUSE_URL \(https:\/\/127\.0\.0\.1:\d+\) does not answer: .*self-signed certificate/,
    });
    assert.equal(asked, 0, "nothing was sent");

    const before = getCACertificates();
    setDefaultCACertificates([...before, readFileSync(certificate, "utf8")]);
    t.after(() => setDefaultCACertificates(before));
    const engine = await connectEngine({ url: String(url) });
    t.after(() => engine.close());
    await prepareEvents(engine, "test");
    assert.ok(asked > 0);
  },
);
