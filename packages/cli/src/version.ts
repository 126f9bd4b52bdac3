import { readFileSync } from "node:fs";

/** Of the whole product: all packages have the same. */
export const { version }: { version: string } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
);
