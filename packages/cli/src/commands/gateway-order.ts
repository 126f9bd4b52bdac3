import { randomBytes } from "node:crypto";
import { gatewayOrder as orderShape, orderVerb } from "@outweigh/schema";
import { z } from "zod";
import { command, type Call } from "../command.ts";
import { CliError, type ExitCode } from "../error.ts";
import { gatewayData, gatewayOptions, openDesk } from "../gateway-desk.ts";
import { timeText } from "../text/amounts.ts";
import { spanOf } from "../text/spans.ts";
import { visible } from "../text/visible.ts";

const options = {
  ...gatewayOptions,
  reason: {
    type: "string",
    value: "TEXT",
    about: "What the client is told, and the evidence keeps: name no suspicion; every order needs one",
  },
  for: { type: "string", value: "SPAN", about: "How long it holds (default: 24h; at most 90d)" },
  model: { type: "string", value: "NAME", about: "Only for this model" },
  by: { type: "string", value: "NAME", about: "Who orders it (default: your user name)" },
  "per-minute": { type: "string", value: "N", about: "throttle: requests a minute (default: 6)" },
  decimals: { type: "string", value: "N", about: "round, top-k: decimals that are left (default: 2)" },
  top: { type: "string", value: "N", about: "top-k: how many of the largest probabilities are left (default: 3)" },
  "unknown-principal": {
    type: "boolean",
    about: "Also for a principal that never asked anything and holds no key",
  },
  bits: {
    type: "string",
    value: "N",
    about: "challenge: how hard the proof is, from 8 to 28 (default: 18, half a second)",
  },
} as const;

export const gatewayOrder = command({
  summary: "Turns the dial for one client: throttle, label-only, suspend, undo",
  usage: "VERB PRINCIPAL | list | undo ID",
  positionals: [1, 2],
  options,
  about: [
    `Verbs: ${orderVerb.options.join(", ")}. An order ends by itself, can be undone, survives a restart, and stands in the gateway's evidence.`,
    "The client is told what happened, until when, and whom to ask. PRINCIPAL is a key's principal, or tenant:NAME.",
  ],
  examples: [
    {
      line: "outweigh gateway order label-only acme/web --reason 'limited for now: please ask us' --for 12h",
      about: "Labels without probabilities, until tomorrow",
    },
    {
      line: "outweigh gateway order throttle acme/web --reason 'limited for now: please ask us' --per-minute 30",
      about: "At most thirty requests a minute",
    },
    { line: "outweigh gateway order undo ORD-1a2b3c4d", about: "Takes an order back" },
    { line: "outweigh gateway order list --json", about: "What holds now" },
  ],
  run,
});

async function run({
  values,
  positionals: [verb = "", what],
  json,
  terminal,
}: Call<typeof options>): Promise<ExitCode> {
  const by = values.by ?? process.env["USER"] ?? "operator";
  const desk = () => openDesk(gatewayData(values));
  if (verb === "list" && what === undefined) {
    const { orders } = z.object({ orders: z.array(orderShape) }).parse(await desk().call("GET", "/orders"));
    if (json) terminal.printJson({ orders });
    else
      for (const it of orders)
        terminal.print(visible(`${it.id}  ${it.verb} for ${it.principal} until ${timeText(it.until)}: ${it.reason}`));
    return 0;
  }
  if (what === undefined) throw new CliError("USAGE", `expected ${gatewayOrder.usage}`);
  const order =
    verb === "undo"
      ? orderShape.parse(
          await desk().call("DELETE", `/orders/${encodeURIComponent(what)}?by=${encodeURIComponent(by)}`),
        )
      : orderShape.parse(
          await desk().call(
            "POST",
            `/orders${values["unknown-principal"] ? "?unknown=yes" : ""}`,
            made(verb, what, by, values),
          ),
        );
  if (json) terminal.printJson({ order });
  else
    terminal.print(
      visible(
        verb === "undo"
          ? `${order.id} is undone`
          : `${order.id}: ${order.verb} for ${order.principal} until ${timeText(order.until)}`,
      ),
    );
  return 0;
}

function made(verb: string, principal: string, by: string, values: Call<typeof options>["values"]): object {
  const known = orderVerb.safeParse(verb);
  if (!known.success)
    throw new CliError("USAGE", `${JSON.stringify(verb)} is not one of ${orderVerb.options.join(", ")}, list, undo`);
  if (values.reason === undefined)
    throw new CliError("USAGE", "an order needs --reason: it is what the client is told");
  const now = Date.now();
  return {
    id: `ORD-${randomBytes(4).toString("hex")}`,
    verb: known.data,
    principal,
    reason: values.reason,
    by,
    from: now,
    until: now + spanOf(values.for ?? "24h", "--for"),
    ...(values.model !== undefined && { model: values.model }),
    ...(values["per-minute"] !== undefined && { requestsPerMinute: Number(values["per-minute"]) }),
    ...(values.decimals !== undefined && { decimals: Number(values.decimals) }),
    ...(values.top !== undefined && { top: Number(values.top) }),
    ...(values.bits !== undefined && { bits: Number(values.bits) }),
  };
}
