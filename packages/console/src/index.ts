import { join } from "node:path";

/** The folder that `npm run build` writes: static files for the server to hand out. It may not exist before a build. */
export const consoleDir: string = join(import.meta.dirname, "..", "dist");
