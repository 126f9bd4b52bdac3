import { chooseExternal } from "../engines.ts";

if (await chooseExternal()) await import("../../api/api.test.ts");
