import { chooseExternal } from "../engines.ts";

if (await chooseExternal()) await import("../../evidence/log.test.ts");
