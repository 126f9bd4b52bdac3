/** A permit for one of two models, a line that knows it, and reads of both. */
import assert from "node:assert/strict";
import type { Permit } from "@outweigh/schema";
import { Line } from "../line.ts";
import { makeRegister } from "../register.ts";
import { aModel } from "./nouns.ts";

export const at = 1_795_000_000_000;
export const hour = 3_600_000;
const permit: Permit = {
  id: "action-1",
  model: "acme-13b",
  principal: "kim",
  by: "ana",
  agreedBy: "lee",
  reason: "the region is down",
  from: at,
  until: at + hour,
};
export const register = makeRegister([aModel(), aModel({ name: "acme-7b", places: ["hf:acme/acme-7b"] })]);

/** A line that knows the permit, and what was raised of it. */
export function permitted(over: Partial<Permit> = {}) {
  const line = new Line({ register, rules: [] });
  const it = { ...permit, ...over };
  line.tune({ own: [], watched: [], permits: [it] });
  const given = line.permitted(it);
  assert.ok("alerts" in given);
  return { line, given };
}

let records = 0;
/** What one read leads to: rule and severity of each alert. */
export function read(
  line: Line,
  { time = at + 60_000, user = "kim", address = "203.0.113.7", model = "acme-13b", file = 1 } = {},
) {
  records++;
  const record = JSON.stringify({
    time: new Date(time).toISOString(),
    remote_addr: address,
    remote_user: user,
    request_method: "GET",
    request_uri: `/acme/${model}/resolve/main/model-${file}.safetensors`,
    status: 200,
    body_bytes_sent: 1000,
    http_user_agent: "curl/8.5.0",
    request_id: `r-${records}`,
  });
  const outcome = line.run(record, { source: "front", kind: "http-access", offset: records, file: "a" });
  assert.ok("alerts" in outcome, JSON.stringify(outcome));
  assert.equal(outcome.events[0]?.model, model);
  return new Map(outcome.alerts.map((one) => [one.rule, one.severity]));
}
