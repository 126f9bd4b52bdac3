import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { onlyEvent } from "../testing/read.ts";
import { albLine } from "./http-alb.ts";
import { httpAccess } from "./http-access.ts";
import { detectKind } from "./sources.ts";

const line = (over: { request?: string; client?: string; sent?: string; status?: string } = {}) =>
  `https 2026-11-24T09:00:00.186641Z app/ml/50dc6c495c0c9188 ${over.client ?? "203.0.113.9:2817"} 10.0.0.1:80 0.086 0.048 0.037 ` +
  `${over.status ?? "200"} 200 0 ${over.sent ?? "3000366"} "${over.request ?? "GET https://ml.acme.example:443/acme/acme-13b/resolve/main/model.safetensors HTTP/1.1"}" ` +
  `"curl/8.5.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:1:targetgroup/t/73 "Root=1-58" "-" "-" 0 2026-11-24T09:00:00.100000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"`;

test("a line of the load balancer is a request, with the path as the client sent it", () => {
  assert.equal(detectKind(line()), "http-access");
  const it = onlyEvent(httpAccess, line());
  assert.deepEqual([it.operation, it.artifact, it.bytes], ["download", "hf:acme/acme-13b/model.safetensors", 3000366]);
  assert.deepEqual(
    [it.principal, it.vouched, it.src_endpoint],
    ["anonymous@203.0.113.9", false, { ip: "203.0.113.9", port: 2817 }],
  );
  assert.equal(it.time, Date.UTC(2026, 10, 24, 9, 0, 0, 186));
});

test("a request that never was one, and an address of version 6", () => {
  assert.equal(albLine(line({ request: "- http://ml:80- -", status: "-", client: "-" })) !== undefined, true);
  const it = onlyEvent(httpAccess, line({ client: "[2001:db8::1]:443" }));
  assert.deepEqual(it.src_endpoint, { ip: "2001:db8::1", port: 443 });
});

test("any line gives an answer", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (request, client) => {
      const it = albLine(line({ request, client }));
      return it === undefined || "request" in it;
    }),
  );
});

test("a quoted part that never ends is no request, however many quotes it escapes", () => {
  const text = line({ request: "GET http://ml:80/x HTTP/1.1" });
  const at = text.indexOf(' "');
  assert.equal(albLine(`${text.slice(0, at)} "${'\\"'.repeat(120_000)}`), undefined);
});
