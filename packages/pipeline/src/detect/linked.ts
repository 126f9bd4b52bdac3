import { accountLinks, linkFeature, linkFeatureText, type AlertLinks, type OcsfEvent } from "@outweigh/schema";
import { z } from "zod";

/** What a finding of the gateway's says of accounts that were tested as one. */
const tested = z.object({
  linked: accountLinks,
  queries: z.int().nonnegative(),
  value: z.number(),
  level: z.number().optional(),
  alpha: z.number().optional(),
});

const product = "Outweigh gateway";

/**
 * Which accounts a finding is of, and why they were tested as one: undefined of any other event. The finding is what the test gave;
 * of accounts that are only linked no event comes.
 */
export function linkedOf({ operation, metadata, model, unmapped }: OcsfEvent): AlertLinks | undefined {
  if (operation !== "finding" || metadata.product.name !== product) return undefined;
  const read = tested.safeParse(unmapped);
  if (!read.success) return undefined;
  const { linked, queries, value, level, alpha } = read.data;
  // A finding is above its level, whatever rounding says.
  const most = level === undefined || level <= 0 ? undefined : Math.max(1, value / level);
  return {
    ...linked,
    retest: { model: model ?? "", state: "evidence", queries, ...(most !== undefined && { most }) },
    ...(alpha !== undefined && { alpha }),
  };
}

/** Features of all links together, in the order of `LinkFeature`: "wordings and network". */
export function featuresText({ links }: Pick<AlertLinks, "links">): string {
  const found = new Set(links.flatMap((it) => it.because.map(({ feature }) => feature)));
  const named = linkFeature.options.filter((it) => found.has(it)).map((it) => linkFeatureText[it].name);
  const last = named.at(-1) ?? "nothing that was told";
  return named.length < 2 ? last : `${named.slice(0, -1).join(", ")} and ${last}`;
}
