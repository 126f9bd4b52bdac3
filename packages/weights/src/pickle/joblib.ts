// Source: joblib/joblib, joblib/numpy_pickle.py, NumpyArrayWrapper.
import type { Cursor } from "../cursor.ts";
import { sizeOf } from "../dtype.ts";
import { maxDepth } from "../limits.ts";
import { WeightsError } from "../error.ts";
import type { Tensor } from "../tensor.ts";
import { runPickle } from "./machine.ts";
import { fortranStrides, pickledType } from "./numpy.ts";
import { globalName, wholeNumbers, type PyObject, type PyValue } from "./value.ts";

/** Joblib's arrays: their bytes stand in the stream right behind the wrapper's BUILD. */
export class JoblibArrays {
  readonly places = new Map<PyObject, Omit<Tensor, "name">>();
  readonly calls = new Map<string, number>();
  #depth = 0;

  /**
   * For `PickleHooks.built`: moves the cursor beyond the wrapper's array and remembers where it was.
   * @throws {WeightsError} MALFORMED for a wrapper without shape or type, TRUNCATED if the array is not all there.
   */
  readonly built = async (object: PyObject, cursor: Cursor): Promise<void> => {
    if (globalName(object.callee) !== "joblib.numpy_pickle.NumpyArrayWrapper") return;
    const attributes = attributesOf(object.state);
    const shape = wholeNumbers(attributes.get("shape"));
    if (!shape) throw new WeightsError("MALFORMED", "a joblib array without a shape", { at: object.at });
    const type = pickledType(attributes.get("dtype"));
    if (!type) return this.#nested(cursor);

    const bytes = sizeOf(type.dtype, shape, "a joblib array");
    if (typeof attributes.get("numpy_array_alignment_bytes") === "number") {
      await cursor.want(1, "a joblib array's padding");
      const padding = cursor.u8();
      cursor.skip(Math.min(padding, cursor.left), "a joblib array's padding");
    }
    const strides = attributes.get("order") === "F" && shape.length > 1 ? fortranStrides(shape) : undefined;
    this.places.set(object, { ...type, shape, bytes, offset: cursor.at, ...(strides && { strides }) });
    if (bytes > cursor.left)
      throw new WeightsError("TRUNCATED", `a joblib array of ${bytes} bytes is cut`, { at: cursor.at });
    cursor.skip(bytes, "a joblib array");
  };

  /** An array of Python objects is a pickle of its own. */
  async #nested(cursor: Cursor): Promise<void> {
    if (++this.#depth > maxDepth) throw new WeightsError("TOO_DEEP", "pickles nest too deeply", { at: cursor.at });
    const { calls } = await runPickle(cursor, { built: this.built });
    for (const [name, at] of calls) if (!this.calls.has(name)) this.calls.set(name, at);
    this.#depth--;
  }
}

function attributesOf(state: PyValue): ReadonlyMap<PyValue, PyValue> {
  return new Map(typeof state === "object" && state.kind === "dict" ? state.entries : []);
}
