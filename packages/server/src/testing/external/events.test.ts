import { chooseExternal } from "../engines.ts";

if (await chooseExternal()) await import("../../store/events.test.ts");
