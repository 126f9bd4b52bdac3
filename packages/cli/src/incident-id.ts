import { incidentPage } from "@outweigh/schema";
import { CliError } from "./error.ts";
import type { Session } from "./server-client.ts";

/** The id of the incident that a person calls by its number. */
export async function incidentId(name: string, session: Session): Promise<string> {
  const number = /^(?:INC-)?(\d{1,15})$/i.exec(name)?.[1];
  if (number === undefined) return name;
  for (let after = ""; ;) {
    const page = await session.get(
      `/api/incidents?limit=500${after === "" ? "" : `&after=${encodeURIComponent(after)}`}`,
    );
    const { items, next } = incidentPage.parse(await page.json());
    const found = items.find((it) => it.number === Number(number));
    if (found) return found.id;
    if (next === undefined)
      throw new CliError("FAILED", `there is no incident INC-${number}: outweigh incidents lists those there are`);
    after = next;
  }
}
