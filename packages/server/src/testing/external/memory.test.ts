import { chooseExternal } from "../engines.ts";

if (await chooseExternal()) await import("../../worker/memory.test.ts");
