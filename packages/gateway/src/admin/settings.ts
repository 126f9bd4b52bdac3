import type { ClientKey, GatewaySettings } from "@outweigh/schema";
import { predictionBits } from "../admission/information.ts";
import type { KeyEntry } from "../keys/key-file.ts";
import type { Policy } from "../policy/policy.ts";
import { usualDecimals } from "../policy/request.ts";

/** What may be seen of a key: all but its digest. */
export function shownKey(it: KeyEntry): ClientKey {
  const { id, principal, tenant, plan = "default", models, last4, createdAt, expiresAt, revokedAt, replaces } = it;
  return {
    id,
    principal,
    plan,
    models,
    last4,
    createdAt,
    ...(tenant !== undefined && { tenant }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(revokedAt !== undefined && { revokedAt }),
    ...(replaces !== undefined && { replaces }),
  };
}

/** What the configuration says, as the server shows it; and what an answer may tell at each position of the dial. */
export function settingsOf({ epoch, section }: Policy): GatewaySettings {
  const plans = Object.entries(section.plans).map(([name, { limits, logprobs, probabilities }]) => [
    name,
    { limits, logprobs, probabilities },
  ]);
  return {
    epoch,
    contact: section.contact,
    plans: Object.fromEntries(plans),
    models: section.models.map(({ name, register, classes, calibration }) => ({
      name,
      ...(register !== undefined && { register }),
      ...(classes !== undefined && { classes }),
      calibrated: calibration !== undefined,
      steps:
        classes === undefined
          ? []
          : (["full", "rounded", "top-k", "label-only"] as const).map((dial) => ({
              dial,
              bits: Math.round(predictionBits(dial, classes, usualDecimals) * 10) / 10,
            })),
    })),
  };
}
