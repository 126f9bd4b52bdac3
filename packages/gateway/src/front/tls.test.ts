import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { aGateway } from "../testing/a-gateway.ts";
import { mockUpstream, saying } from "../testing/upstream.ts";

const noOpenssl = spawnSync("openssl", ["version"]).error ? "openssl is not here to make a certificate" : false;

test("serves over TLS 1.2 and newer, and nothing older", { skip: noOpenssl }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-tls-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const how = "req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1";
  const made = spawnSync("openssl", [...how.split(" "), "-keyout", key, "-out", cert]);
  assert.equal(made.status, 0, String(made.stderr));
  const upstream = await mockUpstream(saying({ choices: [] }));
  const it = await aGateway({ tls: { cert, key }, upstreams: [{ name: "m", protocol: "openai", url: upstream.url }] });
  t.after(async () => {
    await it.close();
    await upstream.close();
    rmSync(folder, { recursive: true, force: true });
  });
  assert.match(it.gateway.url, /^https:/);
  const ask = (options: object) =>
    new Promise<number | string>((done) => {
      const url = `${it.gateway.url}/v1/chat/completions`;
      const headers = { authorization: `Bearer ${it.key}` };
      const req = request(url, { method: "POST", headers, ca: readFileSync(cert), ...options }, (res) => {
        res.resume();
        done(res.statusCode ?? 0);
      });
      req.on("error", (error) => done(error.message));
      req.end('{"model":"m","messages":[]}');
    });
  assert.equal(await ask({}), 200);
  assert.equal(
    typeof (await ask({ minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" })),
    "string",
  );
});
