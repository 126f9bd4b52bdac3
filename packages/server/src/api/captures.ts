// The key of a sealed capture, for whoever may have it: while an action to open it holds, and on record each time.
import type { CaptureKey } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { ServerError } from "../error.ts";
import { openOf } from "../store/actions.ts";
import { decide, personOf, read, type Context } from "./context.ts";

const params = z.object({ id: z.string().min(1).max(200) });

export function captures(app: FastifyInstance, context: Context): void {
  const { db, captureKeys, now } = context;

  app.post("/api/captures/:id/key", async (request): Promise<CaptureKey> => {
    const by = personOf(request);
    const { id } = read(params, request.params);
    const open = await openOf(db, id, now());
    const pem = open && (await captureKeys.pem(id));
    if (!open || pem === undefined)
      throw new ServerError("CONFLICT", "nobody agreed to open this capture, or the hour is over: propose it again");
    const text = `gave out the key of the capture ${id}, to be opened by ${open.id}`;
    const fields = { action: open.id, capture: id };
    await decide(
      context,
      { kind: "capture-key-given", by, subject: open.incident ?? id, text, fields },
      async () => undefined,
    );
    return { pem, ...(open.endsAt !== undefined && { endsAt: open.endsAt }) };
  });
}
