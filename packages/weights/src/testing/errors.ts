import assert from "node:assert/strict";
import { WeightsError, type WeightsErrorCode } from "../error.ts";

/** Fails unless the promise is refused with this code. */
export async function rejectsWith(code: WeightsErrorCode, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof WeightsError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}
