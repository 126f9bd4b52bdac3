// Who holds how much, and when nobody was heard.
import { analytics, began, min } from "./time.ts";

export const holdings = [
  {
    model: "acme-13b",
    principal: analytics,
    bytes: 26_100_000_000,
    fraction: 1,
    bound: "exact",
    declared: false,
    complete: true,
  },
  {
    model: "acme-13b",
    principal: "arn:aws:iam::111122223333:role/ci",
    bytes: 3_100_000_000,
    fraction: 0.119,
    bound: "<=",
    declared: false,
    complete: false,
  },
  {
    model: "acme-13b",
    principal: "arn:aws:iam::111122223333:role/serve",
    bytes: 26_100_000_000,
    fraction: 1,
    bound: "exact",
    declared: true,
    complete: true,
  },
  {
    model: "acme-13b",
    principal: "arn:aws:iam::111122223333:role/eval",
    bytes: 12_000_000_000,
    fraction: 0.46,
    bound: "<=",
    declared: true,
    complete: false,
  },
] as const;

export const gaps = [
  { source: "hf-audit", from: began + 16 * min, to: began + 31 * min, reason: "nothing for 15 min, it says 5 at most" },
];
