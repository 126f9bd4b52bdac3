import assert from "node:assert/strict";
import { BlockList, isIP } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { Networks, ownNetworks, parseAddress, plainAddress } from "./networks.ts";

test("agrees with Node about which text is an address", () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ maxLength: 45 })), (text) => {
      // Ours also reads a port in brackets, a zone and padded octets.
      if (/[[%]|(^|\.)0\d/.test(text)) return;
      assert.equal(parseAddress(text) !== undefined, isIP(text) !== 0, text);
    }),
  );
});

test("agrees with Node about which network holds which address", () => {
  const v4 = fc.record({ address: fc.ipV4(), net: fc.ipV4(), bits: fc.integer({ min: 0, max: 32 }) });
  const v6 = fc.record({ address: fc.ipV6(), net: fc.ipV6(), bits: fc.integer({ min: 0, max: 128 }) });
  const oracle = ({ address, net, bits }: { address: string; net: string; bits: number }, family: "ipv4" | "ipv6") => {
    const list = new BlockList();
    list.addSubnet(net, bits, family);
    assert.equal(
      new Networks([`${net}/${bits}`]).has(address),
      list.check(address, family),
      `${address} in ${net}/${bits}`,
    );
  };
  // Node knows no IPv4 in IPv6 here, so mapped addresses are left out.
  const mapped = (it: string) => (parseAddress(it) ?? 0n) >> 32n === 0xffffn;
  fc.assert(fc.property(v4, (it) => oracle(it, "ipv4")));
  fc.assert(fc.property(v6, (it) => void (mapped(it.address) || mapped(it.net) || oracle(it, "ipv6"))));
});

test("an IPv4 address mapped into IPv6 is that address", () => {
  assert.equal(new Networks(["10.0.0.0/8"]).has("::ffff:10.1.2.3"), true);
  assert.equal(plainAddress("::ffff:10.1.2.3"), "10.1.2.3");
});

test("zero-padded octets are decimal, ports and zones are left out, and names are no addresses", () => {
  assert.equal(plainAddress("035.249.001.002"), "35.249.1.2");
  assert.equal(plainAddress("[2001:DB8::1]:443"), "2001:db8::1");
  assert.equal(plainAddress("fe80::1%eth0"), "fe80::1");
  assert.equal(plainAddress("AWS Internal"), "AWS Internal");
  assert.equal(ownNetworks([]).has("s3.amazonaws.com"), undefined);
});

test("private ranges are own unless others are configured", () => {
  assert.equal(ownNetworks([]).has("192.168.7.7"), true);
  assert.equal(ownNetworks([]).has("203.0.113.9"), false);
  assert.equal(ownNetworks(["203.0.113.0/24"]).has("192.168.7.7"), false);
});
