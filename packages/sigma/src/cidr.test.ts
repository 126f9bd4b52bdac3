import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { containsAddress, parseNetwork } from "./cidr.ts";

const contains = (network: string, address: string): boolean => containsAddress(parseNetwork(network, []), address);

test("holds the addresses of its range and no others", () => {
  assert.ok(contains("10.0.0.0/8", "10.255.0.1"));
  assert.ok(!contains("10.0.0.0/8", "11.0.0.0"));
  assert.ok(contains("0.0.0.0/0", "203.0.113.9"));
  assert.ok(contains("192.0.2.7", "192.0.2.7"));
  assert.ok(contains("2001:db8::/32", "2001:DB8:1::5"));
  assert.ok(!contains("2001:db8::/32", "2001:db9::"));
  assert.ok(contains("::/0", "fe80::1%eth0"));
});

test("knows an IPv4 address written as IPv6", () => {
  assert.ok(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
  assert.ok(contains("10.0.0.0/8", "::ffff:a01:203"));
  assert.ok(!contains("::/0", "10.1.2.3"));
});

test("reads zero-padded octets of a record as decimal", () => assert.ok(contains("35.249.0.0/16", "035.249.001.2")));

test("what is no address is in no network", () => {
  for (const it of [
    "",
    "AWS Internal",
    "10.0.0",
    "10.0.0.256",
    "10.0.0.0.1",
    "::1::",
    "1:2:3:4:5:6:7:8:9",
    "10.0.0.1:443",
    "x".repeat(1e5),
  ]) {
    assert.ok(!contains("0.0.0.0/0", it), it);
    assert.ok(!contains("::/0", it), it);
  }
});

for (const it of [
  "10.0.0.1/8",
  "10.0.0.0/33",
  "010.0.0.0/8",
  "x",
  "",
  "10.0.0.0/",
  "::1/64",
  "2001:db8::/129",
  "::g/8",
  "1::2::3/8",
  "10.0.0.0/8/8",
]) {
  test(`refuses "${it}" as a network`, () => assert.throws(() => parseNetwork(it, []), { code: "BAD_VALUE" }));
}

test("agrees with the sum of its octets", () => {
  const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
  const toNumber = (it: readonly number[]): number => it.reduce((sum, octet) => sum * 256 + octet, 0);
  fc.assert(
    fc.property(octets, octets, fc.nat(32), (base, address, length) => {
      const size = 2 ** (32 - length);
      const first = Math.floor(toNumber(base) / size) * size;
      const network = [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".");
      const isInside = Math.floor(toNumber(address) / size) * size === first;
      assert.equal(contains(`${network}/${length}`, address.join(".")), isInside);
    }),
  );
});
