import { chooseExternal } from "../engines.ts";

// One after the other in one process: three event servers and a PostgreSQL for all of them.
if (await chooseExternal("cluster")) {
  await import("../../store/events.test.ts");
  await import("../../store/summary.test.ts");
  await import("../../retention.test.ts");
  await import("../../backup/backup.test.ts");
}
