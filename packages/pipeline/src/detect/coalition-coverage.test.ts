import assert from "node:assert/strict";
import { test } from "node:test";
import { aBooking, aContext, anEvent, findings } from "../testing/nouns.ts";
import { coalitionCoverage } from "./coalition-coverage.ts";

const together = (fraction: number, readers: number, alone = fraction / readers) => {
  const booking = aBooking();
  return aContext({
    booking: {
      ...booking,
      holding: { ...booking.holding, fraction: alone },
      coalition: { ...booking.coalition, fraction, readers, bytes: fraction * 2000 },
    },
  });
};

test("speaks once at each share that several readers reach together", () => {
  const shares = [0.05, 0.1, 0.3, 0.5, 0.9, 1, 1];
  const found = findings(
    coalitionCoverage,
    shares.map((it) => [anEvent({ model: "acme-13b" }), together(it, 3)] as const),
  );
  assert.deepEqual(
    found.map((it) => it.severity),
    ["medium", "high", "critical"],
  );
  assert.match(found[2]?.summary ?? "", /^3 undeclared readers of acme-13b together hold 100 %/);
  assert.ok(found.every((it) => it.principal === null));
});

test("leaves a single reader to complete-copy", () => {
  assert.deepEqual(
    findings(coalitionCoverage, [
      [anEvent(), together(1, 1)],
      [anEvent(), together(0.6, 2, 0.6)],
    ]),
    [],
  );
});
