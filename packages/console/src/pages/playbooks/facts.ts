import type { HuntFacts, IncidentRow } from "@outweigh/schema";

/** What an incident fills hunts with: a principal or model only where it names one alone. */
export function factsOf({ principals, models, firstAt, lastAt }: IncidentRow): HuntFacts {
  return {
    ...(principals.length === 1 && { principal: principals[0] }),
    ...(models.length === 1 && { model: models[0] }),
    firstAt,
    lastAt,
  };
}
