// The types of the API, as text: `npm run client` writes them to src/api.ts, after a change of a route or a shape.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeApi } from "@outweigh/server";
import openapiTypes, { astToString } from "openapi-typescript";

export const apiFile = join(import.meta.dirname, "src", "api.ts");

const head = `// Made from the server's description of the API by "npm run client": change routes or shapes, not this file.

`;

/** What src/api.ts has to hold. @throws {Error} where the description is no OpenAPI. */
export async function apiText(): Promise<string> {
  const nodes = await openapiTypes(Buffer.from(JSON.stringify(describeApi("0"))), {
    // What has a default may be left out of a request; an answer says itself that it never is.
    defaultNonNullable: false,
  });
  return head + astToString(nodes);
}

if (import.meta.main) writeFileSync(apiFile, await apiText());
