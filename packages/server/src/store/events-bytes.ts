import { z } from "zod";
import type { EventEngine } from "./engine/engine.ts";

const answer = z.array(z.object({ bytes: z.coerce.number() }));

/** Bytes that our events take on disk, of a cluster those of the server that answers. Undefined while the engine does not answer. */
export async function eventsBytes(engine: EventEngine): Promise<number | undefined> {
  if (engine.problem !== undefined) return undefined;
  const result = await engine.app.query({
    query: "select sum(total_bytes) as bytes from system.tables where database = {database: String}",
    query_params: { database: engine.database },
    format: "JSONEachRow",
  });
  return answer.parse(await result.json())[0]?.bytes;
}
