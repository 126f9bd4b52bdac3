// The analyst's flows in a real browser, from raw logs in: one platform, one registry, two people. Each builds on what the ones before
// left, as on a real desk. Flows 5 and 6 are in `tune.test.ts`.
import assert from "node:assert/strict";
import { after, before, test, type TestContext } from "node:test";
import { blindSpot } from "./flows/blind-spot.ts";
import { campaign } from "./flows/campaign.ts";
import { foundOutside } from "./flows/found-outside.ts";
import { leaver } from "./flows/leaver.ts";
import { permit } from "./flows/permit.ts";
import { sourceSilent } from "./flows/source-silent.ts";
import { triage } from "./flows/triage.ts";
import { whoTookIt } from "./flows/who-took-it.ts";
import { startWorld, type World } from "./flows/world.ts";
import { noBrowser, picture } from "./world/browser.ts";

let world: World;
if (noBrowser === false) before(async () => (world = await startWorld()), { timeout: 240_000 });
after(async () => world?.close());

function flow(title: string, run: (world: World) => Promise<string>): void {
  test(title, { skip: noBrowser, timeout: 600_000 }, async (t: TestContext) => {
    try {
      t.diagnostic(await run(world));
    } catch (error) {
      for (const it of [world.ana, world.lee])
        await picture(it.page, `flow-${title.slice(0, 2).trim()}-failed-${it.name}`).catch(() => undefined);
      throw error;
    }
    assert.deepEqual(world.wrong, [], "the policy of the pages was kept, and nothing failed in them");
  });
}

flow("7 blind spot: what nobody logs is said; a tap is turned on; the same theft is seen", blindSpot);
flow("1 triage: from the queue to two verdicts, by keyboard alone", triage);
flow("2 who took it: from the read to the copy on a laptop, and its quarantine", whoTookIt);
flow("4 leaver: ninety days of one person, a pack that both verifiers accept, a report", leaver);
flow("8 found outside: a suspect file, compared; whose copy it is; a pack", foundOutside);
flow("10 source silent: the alarm, the reason, the fix, and a gap on every timeline", sourceSilent);
flow("9 permit: asked for, agreed to by another, watched, ended; then it is an alarm", permit);
flow("3 campaign: linked accounts, why, and one decision about all of them by two people", campaign);
