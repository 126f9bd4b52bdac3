import type { KeyEntry } from "@outweigh/gateway";
import { command, type Call } from "../command.ts";
import { CliError, type ExitCode } from "../error.ts";
import { gatewayData, gatewayOptions } from "../gateway-desk.ts";
import { spanOf } from "../text/spans.ts";
import { visible } from "../text/visible.ts";

const options = {
  ...gatewayOptions,
  tenant: { type: "string", value: "NAME", about: "create: whose clients are limited together" },
  plan: { type: "string", value: "NAME", about: "create: which of the configured plans holds (default: default)" },
  model: {
    type: "string",
    multiple: true,
    value: "NAME",
    about: "create: a model it may ask, * for any run of characters (default: all)",
  },
  expires: { type: "string", value: "SPAN", about: "create: it ends by itself after this, e.g. 90d" },
  grace: { type: "string", value: "SPAN", about: "rotate: how long the old key still works (default: 24h)" },
} as const;

export const gatewayKey = command({
  summary: "Makes, lists, rotates and revokes keys of the gateway",
  usage: "create PRINCIPAL | list | rotate ID | revoke ID",
  positionals: [1, 2],
  options,
  about: [
    "A key is shown once, when it is made; only its digest is kept. A gateway that runs takes changes over within a second.",
    "Rotating makes a new key for the same principal: both are one story. Revoking ends a key at once.",
  ],
  examples: [
    { line: "outweigh gateway key create acme/web --tenant acme --model 'acme-*'", about: "A key for one product" },
    { line: "outweigh gateway key list --json", about: "All keys, without their secrets" },
    {
      line: "outweigh gateway key rotate key-0123456789ab --grace 1h",
      about: "A new key; the old one ends in an hour",
    },
    { line: "outweigh gateway key revoke key-0123456789ab", about: "Ends it now" },
  ],
  run,
});

async function run({
  values,
  positionals: [verb = "", what],
  json,
  terminal,
}: Call<typeof options>): Promise<ExitCode> {
  const { createKey, readKeys, revokeKey, rotateKey } = await import("@outweigh/gateway");
  const dataDir = gatewayData(values);
  const now = Date.now();
  if (verb === "list" && what === undefined) {
    const keys = readKeys(dataDir).map((it) => shown(it, now));
    if (json) terminal.printJson({ keys });
    else
      for (const it of keys)
        terminal.print(
          visible(
            `${it.id}  …${it.last4}  ${it.state.padEnd(8)} ${it.principal}${it.tenant === undefined ? "" : ` (${it.tenant})`}`,
          ),
        );
    return 0;
  }
  if (what === undefined) throw new CliError("USAGE", `expected ${gatewayKey.usage}`);
  if (verb === "revoke") {
    const entry = revokeKey(dataDir, what, now);
    if (json) terminal.printJson({ key: shown(entry, now) });
    else terminal.print(visible(`${entry.id} of ${entry.principal} is revoked`));
    return 0;
  }
  const made =
    verb === "create"
      ? createKey(
          dataDir,
          {
            principal: what,
            tenant: values.tenant,
            plan: values.plan,
            models: values.model,
            expiresAt: ends(values.expires, now),
          },
          now,
        )
      : verb === "rotate"
        ? rotateKey(dataDir, what, now, spanOf(values.grace ?? "24h", "--grace"))
        : undefined;
  if (!made) throw new CliError("USAGE", `${JSON.stringify(verb)} is not one of create, list, rotate, revoke`);
  if (json) terminal.printJson({ key: shown(made.entry, now), secret: made.secret });
  else {
    terminal.print(made.secret);
    terminal.say(visible(`${made.entry.id} of ${made.entry.principal}; the key above is not shown again`));
  }
  return 0;
}

function ends(span: string | undefined, now: number): number | undefined {
  return span === undefined ? undefined : now + spanOf(span, "--expires");
}

function shown(
  { id, principal, tenant, plan, models, last4, createdAt, expiresAt, revokedAt, replaces }: KeyEntry,
  now: number,
) {
  const state = revokedAt !== undefined ? "revoked" : expiresAt !== undefined && expiresAt <= now ? "expired" : "valid";
  const at = (time: number) => new Date(time).toISOString();
  return {
    id,
    principal,
    ...(tenant !== undefined && { tenant }),
    plan: plan ?? "default",
    models,
    last4,
    state,
    createdAt: at(createdAt),
    ...(expiresAt !== undefined && { expiresAt: at(expiresAt) }),
    ...(revokedAt !== undefined && { revokedAt: at(revokedAt) }),
    ...(replaces !== undefined && { replaces }),
  };
}
