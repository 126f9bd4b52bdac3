import assert from "node:assert/strict";
import { test } from "node:test";
import { burstMessages, maxSenders, messagesPerSecond } from "./limits.ts";
import { SenderRates } from "./sender-rates.ts";

test("a sender may send a burst, then as much as a second brings, whatever others do", () => {
  const rates = new SenderRates();
  assert.equal(rates.pay("a", burstMessages, 0), 0);
  assert.equal(rates.mayCome("a", 0), false);
  assert.equal(rates.mayCome("b", 0), true);
  assert.equal(rates.mayCome("a", 1), true);
  assert.equal(rates.pay("a", messagesPerSecond * 2, 1001), 1000);
  assert.equal(rates.mayCome("a", 1001), false);
});

test("senders beyond measure share one purse, and those who were quiet are forgotten", () => {
  const rates = new SenderRates();
  for (let i = 0; i < maxSenders; i++) rates.pay(`s${i}`, burstMessages, 0);
  assert.equal(rates.pay("x", burstMessages, 0), 0);
  assert.equal(rates.mayCome("y", 0), false);
  const later = (burstMessages / messagesPerSecond) * 1000;
  assert.equal(rates.mayCome("y", later), true);
  assert.equal(rates.pay("x", burstMessages, later), 0);
});
