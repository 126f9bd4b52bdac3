import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytes, fixed, message, text, whole } from "../testing/a-protobuf.ts";
import { requests, responseBytes, statusBytes } from "./otlp-messages.ts";
import { ProtobufError, readInSlices, readProtobuf } from "./protobuf.ts";

function code(encoded: Uint8Array): string {
  try {
    readProtobuf(encoded, requests.traces);
    return "read";
  } catch (error) {
    assert.ok(error instanceof ProtobufError, String(error));
    return error.code;
  }
}

test("a request in Protocol Buffers reads as its JSON form does", () => {
  const attribute = (key: string, value: Buffer) => bytes(9, message(text(1, key), bytes(2, value)));
  const span = message(
    bytes(1, Buffer.from("5b8efff798038103d269b633813fc60c", "hex")),
    bytes(2, Buffer.from("eee19b7ec3c1b174", "hex")),
    text(5, "chat"),
    fixed(7, 1795426320250000000n),
    attribute("gen_ai.request.model", text(1, "acme-13b")),
    attribute("gen_ai.usage.output_tokens", whole(3, 200n)),
    attribute("negative", whole(3, -1n)),
    attribute("on", whole(2, 1n)),
    attribute("list", bytes(5, bytes(1, text(1, "a")))),
    bytes(15, whole(3, 2n)),
    whole(999, 1n),
  );
  const resource = bytes(1, bytes(1, message(text(1, "service.name"), bytes(2, text(1, "assistant")))));
  const scope = bytes(2, message(bytes(1, text(1, "openai")), bytes(2, span)));
  assert.deepEqual(readProtobuf(bytes(1, message(resource, scope)), requests.traces), {
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "assistant" } }] },
        scopeSpans: [
          {
            scope: { name: "openai" },
            spans: [
              {
                traceId: "5b8efff798038103d269b633813fc60c",
                spanId: "eee19b7ec3c1b174",
                startTimeUnixNano: "1795426320250000000",
                attributes: [
                  { key: "gen_ai.request.model", value: { stringValue: "acme-13b" } },
                  { key: "gen_ai.usage.output_tokens", value: { intValue: "200" } },
                  { key: "negative", value: { intValue: "-1" } },
                  { key: "on", value: { boolValue: true } },
                  { key: "list", value: { arrayValue: { values: [{ stringValue: "a" }] } } },
                ],
                status: { code: 2 },
              },
            ],
          },
        ],
      },
    ],
  });
});

test("what is cut, nested too deeply, or no field at all is refused by its code", () => {
  assert.equal(code(Buffer.from([0x0a, 5, 1])), "CUT");
  assert.equal(code(Buffer.from([0x0a])), "CUT");
  assert.equal(code(Buffer.from([0x08, 1])), "BAD_TYPE");
  assert.equal(code(Buffer.from([0x0b])), "BAD_TYPE");
  assert.equal(code(Buffer.from([0x00])), "BAD_TAG");
  assert.equal(code(Buffer.alloc(11, 0xff)), "BAD_VARINT");
  let value = text(1, "x");
  for (let i = 0; i < 40; i++) value = bytes(5, bytes(1, value));
  const deep = bytes(1, bytes(1, bytes(1, message(text(1, "k"), bytes(2, value)))));
  assert.equal(code(deep), "TOO_DEEP");
  assert.equal(code(bytes(1, bytes(1, Buffer.alloc(4_000_002, Buffer.from([0x0a, 0]))))), "TOO_MANY");
});

test("any bytes give a message or a code", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (it) => {
      assert.match(code(it), /^(read|CUT|BAD_VARINT|BAD_TAG|BAD_TYPE|TOO_DEEP)$/);
      assert.match(code(bytes(1, bytes(2, Buffer.from(it)))), /^(read|CUT|BAD_VARINT|BAD_TAG|BAD_TYPE|TOO_DEEP)$/);
    }),
    { numRuns: 1000 },
  );
});

test("answers are messages too", () => {
  assert.equal(responseBytes(0, "").length, 0);
  assert.deepEqual(responseBytes(300, "why"), bytes(1, message(whole(1, 300n), text(2, "why"))));
  assert.deepEqual(statusBytes(3, "why"), message(whole(1, 3n), text(2, "why")));
});

test("a large request pauses often, whether it is many spans or one", () => {
  const attribute = (n: number) => bytes(9, message(text(1, `k${n}`), bytes(2, text(1, "v"))));
  const many = Array.from({ length: 20_000 }, (_, n) => attribute(n));
  const spans = many.map((it) => bytes(2, it));
  for (const scope of [message(...spans), bytes(2, message(...many))]) {
    const request = bytes(1, bytes(2, scope));
    const slices = readInSlices(request, requests.traces);
    let pauses = 0;
    for (let step = slices.next(); ; step = slices.next()) {
      if (step.done === true) {
        assert.deepEqual(step.value, readProtobuf(request, requests.traces));
        break;
      }
      pauses++;
    }
    assert.ok(pauses >= 60, `${pauses} pauses`);
  }
});
