import assert from "node:assert/strict";
import { test } from "node:test";
import { burstMessages, maxSenders, messagesPerSecond, usualBytes } from "./limits.ts";
import { ownerOf, SenderRates } from "./sender-rates.ts";

test("a sender may send a burst, then as much as a second brings, whatever others do", () => {
  const rates = new SenderRates();
  assert.equal(rates.pay("a", { messages: burstMessages, bytes: 0 }, 0), 0);
  assert.equal(rates.mayCome("a", 1, 0), false);
  assert.equal(rates.mayCome("b", 1, 0), true);
  assert.equal(rates.mayCome("a", 1, 1), true);
  assert.equal(rates.pay("a", { messages: messagesPerSecond * 2, bytes: 0 }, 1001), 1000);
  assert.equal(rates.mayCome("a", 1, 1001), false);
});

test("senders beyond measure share one purse, and those who were quiet are forgotten", () => {
  const rates = new SenderRates();
  for (let i = 0; i < maxSenders; i++) rates.pay(`s${i}`, { messages: burstMessages, bytes: 0 }, 0);
  assert.equal(rates.pay("x", { messages: burstMessages, bytes: 0 }, 0), 0);
  assert.equal(rates.mayCome("y", 1, 0), false);
  const later = (burstMessages / messagesPerSecond) * 1000;
  assert.equal(rates.mayCome("y", 1, later), true);
  assert.equal(rates.pay("x", { messages: burstMessages, bytes: 0 }, later), 0);
});

test("a long message counts as several", () => {
  const rates = new SenderRates();
  assert.equal(rates.mayCome("a", burstMessages * usualBytes, 0), true);
  assert.equal(rates.mayCome("a", 1, 0), false);
  assert.equal(rates.pay("b", { messages: 1, bytes: (burstMessages + messagesPerSecond) * usualBytes }, 0), 1000);
});

test("of IPv6 a whole /64 is one sender, however its addresses are written", () => {
  const same = [
    "2001:db8:0:1::1",
    "2001:DB8::1:0:0:0:2",
    "2001:0db8:0000:0001:ffff:ffff:ffff:ffff",
    "2001:db8:0:1::1.2.3.4",
  ];
  assert.deepEqual(new Set(same.map(ownerOf)), new Set(["2001:db8:0:1::/64"]));
  assert.deepEqual(["2001:db8:0:2::1", "::1", "fe80::1", "10.0.0.1", "unknown"].map(ownerOf), [
    "2001:db8:0:2::/64",
    "0:0:0:0::/64",
    "fe80:0:0:0::/64",
    "10.0.0.1",
    "unknown",
  ]);
});
