// When the made-up day is looked at, and what its parts share.
import { createHash } from "node:crypto";

export const min = 60_000;
export const hour = 60 * min;
export const day = 24 * hour;

/** The moment at which the made-up day is looked at. */
export const now = Date.now();
export const began = now - 62 * min;

export const sha = (text: string) => createHash("sha256").update(text).digest("hex");
export const analytics = "arn:aws:iam::111122223333:role/analytics";
