import assert from "node:assert/strict";
import { test } from "node:test";
import type { OcsfEvent } from "@outweigh/schema";
import { anEvent } from "../testing/nouns.ts";
import { Twins } from "./twins.ts";

const line = (form: string, over: Partial<OcsfEvent> = {}) =>
  anEvent({
    time: 1_795_000_000_000,
    vouched: false,
    status_code: "206",
    http_request: { http_method: "GET", url: { url_string: "/v2/models/a/blobs/sha256:aa" } },
    http_response: { code: 206, body_length: 100 },
    unmapped: { dialect: "oci", form },
    ...over,
  });

test("pairs off the two records of one request, and only as many as there are", () => {
  const twins = new Twins();
  const seen = ["registry", "registry", "combined", "combined", "combined"].map((form) => twins.isSecond(line(form)));
  assert.deepEqual(seen, [false, false, true, true, false]);
});

test("equal requests in one form are different requests: pieces of a download are not lost", () => {
  const twins = new Twins();
  assert.deepEqual(
    [1, 2, 3, 4].map(() => twins.isSecond(line("combined"))),
    [false, false, false, false],
  );
});

test("never drops a record that names somebody, nor one that came later", () => {
  const twins = new Twins();
  twins.isSecond(line("registry"));
  assert.equal(twins.isSecond(line("combined", { vouched: true, principal: "ana" })), false);
  assert.equal(twins.isSecond(line("combined", { time: 1_795_000_060_000 })), false);
});
