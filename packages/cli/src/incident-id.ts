import type { Api } from "@outweigh/client";
import { incidentRow } from "@outweigh/schema";
import { CliError } from "./error.ts";
import { known } from "./server-client.ts";

/** The id of the incident that a person calls by its number. */
export async function incidentId(name: string, api: Api): Promise<string> {
  const number = /^(?:INC-)?(\d{1,15})$/i.exec(name)?.[1];
  if (number === undefined) return name;
  for await (const row of api.each("/api/incidents", { query: { limit: 500 } })) {
    const it = await known(incidentRow, row);
    if (it.number === Number(number)) return it.id;
  }
  throw new CliError("FAILED", `there is no incident INC-${number}: outweigh incidents lists those there are`);
}
