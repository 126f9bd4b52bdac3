import { WeightsError } from "../error.ts";
import { maxNameBytes, maxPickleOperations, maxTensors } from "../limits.ts";
import type { Tensor } from "../tensor.ts";
import { globalName, type PyObject, type PyValue } from "./value.ts";

/** What a maker of tensors answers: the tensor but for its name; undefined for an object that is none. */
type TensorOf = (object: PyObject) => Omit<Tensor, "name"> | undefined;

/** Attributes of torch.nn.Module that hold its tensors and children; they are no part of a parameter's name. */
const moduleMembers: ReadonlySet<string> = new Set(["_parameters", "_buffers", "_modules"]);

interface Step {
  readonly value: PyValue;
  readonly path: string;
}

/**
 * The tensors in an object, named by their path through dicts, lists and attributes as a state dict would name them.
 *
 * @param tensorById For files that name whole tensors by persistent ids.
 *
 * Containers that are shared or contain themselves are walked once; a tensor under two names is listed twice.
 * @throws {WeightsError} TOO_MANY beyond `maxTensors`.
 */
export function collectTensors(
  root: PyValue,
  tensorOf: TensorOf,
  tensorById: (id: PyValue) => ReturnType<TensorOf> = () => undefined,
): Tensor[] {
  const tensorAt = (value: PyValue & object): ReturnType<TensorOf> => {
    if (value.kind === "object") return tensorOf(value);
    return value.kind === "persistent" ? tensorById(value.id) : undefined;
  };
  const tensors: Tensor[] = [];
  const seen = new Set<PyValue>();
  const steps: Step[] = [{ value: root, path: "" }];
  for (let count = 0; steps.length > 0; count++) {
    if (count > maxPickleOperations) throw new WeightsError("TOO_MANY", "too many objects to look through");
    const step = steps.pop();
    if (typeof step?.value !== "object") continue;
    const tensor = tensorAt(step.value);
    if (tensor) {
      if (tensors.length >= maxTensors) throw new WeightsError("TOO_MANY", `more than ${maxTensors} tensors`);
      tensors.push({ name: step.path, ...tensor });
      continue;
    }
    if (seen.has(step.value)) continue;
    seen.add(step.value);
    for (const inner of children(step).reverse()) steps.push(inner); // reversed, so that the first is the next
  }
  return tensors;
}

function children({ value, path }: Step): Step[] {
  if (typeof value !== "object") return [];
  switch (value.kind) {
    case "list":
    case "tuple":
    case "set":
      return value.items.map((it, i) => ({ value: it, path: joined(path, String(i)) }));
    case "dict":
      return value.entries.map(([key, it]) => ({ value: it, path: keyed(path, key) }));
    case "persistent":
      return [{ value: value.id, path }];
    case "object":
      return [
        ...value.args.map((it) => ({ value: it, path })),
        ...value.items.map((it, i) => ({ value: it, path: joined(path, String(i)) })),
        ...value.entries.map(([key, it]) => ({ value: it, path: keyed(path, key) })),
        { value: value.state, path },
      ];
    default:
      return [];
  }
}

function keyed(path: string, key: PyValue): string {
  if (typeof key === "string" && moduleMembers.has(key)) return path;
  const plain = typeof key === "object" ? (globalName(key) ?? key.kind) : String(key);
  return joined(path, plain);
}

/** Hostile nesting would make names grow without end: beyond the limit the path stays as it is. */
function joined(path: string, part: string): string {
  if (path.length + part.length > maxNameBytes / 16) return path;
  return path === "" ? part : `${path}.${part}`;
}
