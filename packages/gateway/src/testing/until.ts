/** Waits for a state, never for a time. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

/** Looks until it holds. Fails, saying what did not come, after a minute: a loaded machine takes its time. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; !(await holds()); await sleep(20))
    assert.ok(Date.now() < end, `${what} did not come`);
}
